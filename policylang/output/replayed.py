"""What other policies make of a decision log, as text."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.decisionlog.replay import Replayed, Turned
from policylang.diagnostics import quoted, visible
from policylang.output.text import counted


def in_a_line(found: Replayed) -> str:
    """The whole of it in a sentence."""
    if not found.turned:
        return f"{counted(found.decisions, 'logged decision')} would come out the same{_rest(found)}"
    parts = []
    if found.denied:
        parts.append(f"denied {counted(found.denied, 'request')}")
    if found.allowed:
        parts.append(f"allowed {counted(found.allowed, 'request')}")
    were = " and ".join(parts)
    return f"this change would have {were} of {found.decisions:,} that were logged{_rest(found)}"


def text(found: Replayed) -> Iterator[str]:
    """A line for each user and cause, then the whole of it."""
    for each in found.turned:
        yield from _turned(each)
    if found.turned:
        yield ""
    yield in_a_line(found)


def _turned(each: Turned) -> Iterator[str]:
    was, would = ("denied", "allowed") if each.allowed else ("allowed", "denied")
    who = f"{quoted(each.user)} {visible(each.action)} {quoted(each.resource)}"
    yield f"{counted(each.count, 'time')} {who}: was {was}, would be {would}"
    yield f"  because {visible(each.cause)}"
    period = each.first if each.first == each.last else f"{each.first} to {each.last}"
    yield f"  {visible(period)}, such as {visible(each.example)}"


def _rest(found: Replayed) -> str:
    parts = []
    if found.masked:
        parts.append(f"{found.masked:,} depend on what the log does not show")
    if found.unreadable:
        parts.append(f"{counted(found.unreadable, 'line')} cannot be read")
    return f"; {', '.join(parts)}" if parts else ""
