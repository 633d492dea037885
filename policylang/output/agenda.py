"""What the calendar brings, for people: by day, with those who share an event counted together."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from itertools import groupby

import click
import msgspec

from policylang.agenda.agenda import Agenda, AgendaEntry, Agendas, End, Review, Start, SuppressionEnd, Where
from policylang.check.finding import counted
from policylang.diagnostics import quoted, visible
from policylang.model.conditions import WEEKDAYS
from policylang.model.instants import instant_text

_MOST = 8
"""Lines about one kind of event in a section; where there are more, those that concern most users."""


class Event(msgspec.Struct, frozen=True):
    """What happens on one day to one or more users alike; ``users`` is empty for what is not about users."""

    first: AgendaEntry
    users: tuple[str, ...]

    @property
    def size(self) -> int:
        return max(len(self.users), 1)


def events(entries: Iterable[AgendaEntry]) -> list[Event]:
    """Entries in their order, those that differ in nothing but user and place in the source as one."""
    found: dict[tuple[object, ...], list[AgendaEntry]] = {}
    for entry in entries:
        apart = None if isinstance(entry, End | Start) else entry.at
        found.setdefault((identity(entry), apart), []).append(entry)
    return [Event(same[0], tuple(e.user for e in same if isinstance(e, End | Start))) for same in found.values()]


def identity(entry: AgendaEntry) -> tuple[object, ...]:
    """What makes an entry the event that it is, whomever else it concerns and wherever it is written."""
    match entry:
        case Review():
            return "review", entry.of, entry.name, str(entry.every), entry.day
        case SuppressionEnd():
            return "suppression_end", entry.codes, entry.because, entry.day
        case End():
            return "end", entry.role, entry.place, entry.because, entry.approved_by, entry.day
        case Start():
            return "start", entry.role, entry.place, entry.until, entry.because, entry.approved_by, entry.day


# --- in words ------------------------------------------------------------------------------------------------


def headline(event: Event, today: datetime.date) -> str:
    """What happens, in one line."""
    entry = event.first
    match entry:
        case Review():
            subject = f"{entry.of} {quoted(entry.name)}"
            if entry.day is None:
                return f"{subject} was never reviewed"
            return f"the review of {subject} {'was' if entry.day < today else 'is'} due{_since(entry.day, today)}"
        case End() | Start():
            where = _where(entry.place)
            done = "ended" if entry.day < today else "ends" if isinstance(entry, End) else "starts"
            return f"{quoted(entry.role)} of {visible(counted(event.users))}{where} {done}{_since(entry.day, today)}"
        case SuppressionEnd():
            done = "ended" if entry.day < today else "ends"
            return f"the comment that ignores {', '.join(entry.codes)} {done}{_since(entry.day, today)}"


def particulars(event: Event) -> str:
    """What else there is to know of it; nothing, perhaps."""
    entry = event.first
    match entry:
        case Review():
            said = [f"every {entry.every}"]
            if entry.last is not None:
                said.append(f"last on {entry.last}" + (f" by {quoted(entry.by)}" if entry.by else ""))
        case End() | Start():
            said = [f"until {entry.until}"] if isinstance(entry, Start) and entry.until is not None else []
            said += [f"because {quoted(entry.because)}"] if entry.because is not None else []
            said += [f"approved by {quoted(entry.approved_by)}"] if entry.approved_by is not None else []
        case SuppressionEnd():
            said = [f"because {quoted(entry.because)}"] if entry.because is not None else []
    return ", ".join(said)


def _since(day: datetime.date, today: datetime.date) -> str:
    return f" on {day}" if day < today else ""


def _where(place: Where | None) -> str:
    return "" if place is None else f" at {place.kind} {quoted(place.name)}"


# --- the report ----------------------------------------------------------------------------------------------


def render(agendas: Agendas) -> Iterator[str]:
    """The lines of the report, styled for a terminal; without one, click takes the styles out."""
    several = len(agendas.sets) > 1
    for each in agendas.sets:
        if several:
            yield click.style(visible(", ".join(each.policies)), bold=True)
            yield ""
        yield from _sections(each)
        yield f"{_summary(each)}, as of {instant_text(agendas.now)}"
        if several and each is not agendas.sets[-1]:
            yield ""


def _sections(agenda: Agenda) -> Iterator[str]:
    if agenda.overdue:
        yield from _section("overdue", "red", agenda.overdue, agenda.today)
    if agenda.over:
        yield from _section("over", "yellow", agenda.over, agenda.today)
    for day, entries in groupby(agenda.coming, key=lambda entry: entry.day):
        assert day is not None
        yield from _section(_day(day, agenda.today), "cyan", entries, agenda.today)


def _section(title: str, colour: str, entries: Iterable[AgendaEntry], today: datetime.date) -> Iterator[str]:
    yield click.style(title, fg=colour, bold=True)
    by_kind: dict[type[AgendaEntry], list[Event]] = {}
    for event in events(entries):
        by_kind.setdefault(type(event.first), []).append(event)
    for lines in by_kind.values():
        if len(lines) > _MOST:
            lines.sort(key=lambda event: -event.size)
        for event in lines[:_MOST]:
            more = particulars(event)
            at = event.first.at
            place = click.style(visible(f"{at.path}:{at.line}:{at.column}"), dim=True)
            yield f"  {headline(event, today)}{f': {more}' if more else ''}  {place}"
        if len(lines) > _MOST:
            yield f"  and {sum(event.size for event in lines[_MOST:]):,} more: `--format json` shows all of them"
    yield ""


def _day(day: datetime.date, today: datetime.date) -> str:
    away = (day - today).days
    distance = ("today", "tomorrow")[away] if away < 2 else f"in {away:,} days"
    return f"{day}, {WEEKDAYS[day.weekday()].capitalize()}, {distance}"


def _summary(agenda: Agenda) -> str:
    counts = ((agenda.overdue, "overdue"), (agenda.over, "over"), (agenda.coming, "to come"))
    said = [f"{len(entries):,} {word}" for entries, word in counts if entries]
    return f"{', '.join(said) or 'nothing'} until {agenda.last} in {agenda.timezone}"
