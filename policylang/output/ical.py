"""What the calendar brings, as a calendar: iCalendar, RFC 5545. Needs the library icalendar, an extra."""

from __future__ import annotations

import datetime
import hashlib
from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING

import msgspec

from policylang.agenda.agenda import Agenda, Agendas
from policylang.diagnostics import visible
from policylang.output.agenda import Event, events, headline, identity, particulars

if TYPE_CHECKING:
    from icalendar import Calendar

_FOLD_AT = 75
"""Bytes of a line, as RFC 5545 asks for."""
_MOST_NAMED = 100
"""Users whom an event names; calendars do not show texts of any length."""


def render(agendas: Agendas) -> bytes:
    """One calendar with an all-day event for each day and what happens to users alike.

    What is overdue or over stands on the first day of the window, where it will be seen. An event keeps its UID as long
    as it says the same. Raises ImportError where the library is not installed.
    """
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", "-//policylang//agenda//EN")
    calendar.add("version", "2.0")
    seen: Counter[str] = Counter()
    for agenda in agendas.sets:
        for event in events(chain(agenda.overdue, agenda.over, agenda.coming)):
            _add(calendar, event, agenda, agendas.now, seen)
    unfolded: bytes = calendar.to_ical().replace(b"\r\n ", b"")
    return "".join(f"{_folded(line)}\r\n" for line in unfolded.decode().split("\r\n")[:-1]).encode()


def _folded(line: str) -> str:
    """A line in lines of at most 75 bytes, where no line can begin with what a CI system takes for a command."""
    parts = []
    while len(line.encode()) >= _FOLD_AT:
        room = len(line.encode()[: _FOLD_AT - 1].decode(errors="ignore"))
        before = [n for n in range(room, 1, -1) if line[n].isalnum()]
        cut = before[0] if before else next((n for n in range(room, len(line)) if line[n].isalnum()), len(line))
        parts.append(line[:cut])
        line = f" {line[cut:]}"
    parts.append(line)
    return "\r\n".join(parts)


def _add(calendar: Calendar, event: Event, agenda: Agenda, now: datetime.datetime, seen: Counter[str]) -> None:
    from icalendar import Event as CalendarEvent

    made = CalendarEvent()
    made.add("uid", _uid(event, seen))
    made.add("dtstamp", now)
    made.add("dtstart", max(event.first.day or agenda.today, agenda.today))
    made.add("summary", headline(event, agenda.today))
    made.add("description", "\n".join(map(visible, _description(event, agenda))))
    made.add("categories", [str(event.first.__struct_config__.tag)])
    made.add("transp", "TRANSPARENT")
    calendar.add_component(made)


def _description(event: Event, agenda: Agenda) -> list[str]:
    at = event.first.at
    lines = [particulars(event)]
    if len(event.users) > 1:
        lines += [", ".join(event.users[:_MOST_NAMED])]
        more = len(event.users) - _MOST_NAMED
        lines += [f"and {more:,} more"] if more > 0 else []
    lines += [f"{at.path}:{at.line}:{at.column}", f"days in {agenda.timezone}"]
    return [line for line in lines if line]


def _uid(event: Event, seen: Counter[str]) -> str:
    """A digest of what the event is; where several are the same, in other policy sets, each gets its own."""
    said = hashlib.sha256(msgspec.json.encode(identity(event.first))).hexdigest()[:32]
    seen[said] += 1
    return f"{said}{f'-{seen[said]}' if seen[said] > 1 else ''}@policylang"
