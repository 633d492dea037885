"""Instants as text."""

from __future__ import annotations

import datetime


def instant_text(instant: datetime.datetime) -> str:
    """The one way an instant is written, in UTC: ``2026-10-22T19:00:00Z``. The instant must have an offset."""
    return instant.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")


def is_over_before(ends: str, begins: str) -> bool:
    """Whether an assignment would never be active: days and times as they are written, ``2026-01-05`` or
    ``2026-01-05 20:00``. A day as the end is over when it ends, a time when it comes.
    """
    if len(ends) > len("2026-01-05"):
        return ends <= (begins if len(begins) == len(ends) else f"{begins} 00:00")
    return ends < begins[: len(ends)]


def why_never_active(ends: str, begins: str, what: str = "assignment") -> str:
    """What is wrong with an assignment that is over before it begins."""
    first, last = (f"{'at' if ' ' in each else 'on'} {each}" for each in (begins, ends))
    if first == last:
        return f"the {what} ends when it begins, {last}"
    return f"the {what} ends {last} before it begins {first}"


def how_to_be_active(ends: str, begins: str) -> str:
    """What to do about it."""
    return "correct one of the two" if ends == begins else "swap the two dates, or correct one"
