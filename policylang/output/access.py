"""Lists of what users may do: as tables, as CSV and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from policylang.api.holders import Holder
from policylang.output.tables import as_csv, table
from policylang.runtime.access import Access
from policylang.runtime.index import Index

_MANY = 3
"""More attributes than this are not counted as exceptions."""

_COLUMNS = ("fields", "limits", "except", "from")
_CSV = ("fields", "limits", "denies", "source", "dates", "grants", "now")


def access_table(index: Index, found: Sequence[Access], width: int | None) -> Iterator[str]:
    """What one user may do, a line for actions that are open in the same way."""
    merged: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for way in found:
        merged.setdefault((way.resource, _in_words(index, way)), []).append(way.action)
    cells = [(resource, ", ".join(actions), *words) for (resource, words), actions in merged.items()]
    return table(("resource", "action", *_COLUMNS), _without_repeats(cells, 1), width)


def access_csv(found: Iterable[Access], now: str | None) -> bytes:
    """What one user may do, a row for each way."""
    rows = [(way.user, way.resource, way.action, *_exactly(way, now)) for way in found]
    return as_csv(("user", "resource", "action", *_CSV), rows)


def holders_table(
    index: Index, found: Iterable[Holder], names: dict[str, str | None], width: int | None
) -> Iterator[str]:
    """Who may do something, a line for each way."""
    cells = []
    for holder in found:
        ways = [_in_words(index, way) for way in holder.ways] or [("none", "", "", "")]
        cells += [(holder.user, names[holder.user] or "", *words) for words in ways]
    return table(("user", "name", *_COLUMNS), _without_repeats(cells, 2), width)


def holders_csv(found: Iterable[Holder], names: dict[str, str | None], now: str) -> bytes:
    """Who may do something, a row for each way."""
    rows = [
        (holder.user, names[holder.user] or "", way.resource, way.action, *_exactly(way, now))
        for holder in found
        for way in holder.ways
    ]
    return as_csv(("user", "name", "resource", "action", *_CSV), rows)


def _without_repeats(rows: Iterable[tuple[str, ...]], columns: int) -> list[tuple[str, ...]]:
    """The rows, with what the first columns have in common with the row above left out."""
    shown = []
    above: tuple[str, ...] = ()
    for row in rows:
        head = row[:columns]
        shown.append((("",) * columns if head == above else head) + row[columns:])
        above = head
    return shown


def _in_words(index: Index, way: Access) -> tuple[str, str, str, str]:
    source = f"{way.source}, {' and '.join(way.dates)}" if way.dates else way.source
    fields = _fields_in_words(way.fields, tuple(index.attributes[way.resource]))
    return fields, "; ".join(way.limits) or "none", "; ".join(way.denies), source.replace("`", "")


def _exactly(way: Access, now: str | None) -> tuple[str, ...]:
    said = (", ".join(way.fields), "; ".join(way.limits), "; ".join(way.denies), way.source.replace("`", ""))
    return (*said, "; ".join(way.dates), "; ".join(way.grants), now or "")


def _fields_in_words(fields: Sequence[str], declared: Sequence[str]) -> str:
    """``all``, ``all but a, b``, or the attributes; empty for a resource without attributes."""
    missing = [name for name in declared if name not in fields]
    if not missing:
        return "all" if declared else ""
    if len(missing) <= _MANY and len(missing) < len(fields):
        return f"all but {', '.join(missing)}"
    return ", ".join(fields) or "none"
