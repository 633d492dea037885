"""Requests as the bundle's program takes them: what its README tells callers in other languages to write."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from policylang.model import conditions as c
from policylang.model.instants import day_number, microseconds
from policylang.model.types import Duration, RecordType, SetType, Type
from policylang.runtime.clock import now_and_edge
from policylang.runtime.index import Index
from policylang.runtime.request import changed, instant
from policylang.runtime.truth import Situation
from policylang.runtime.values import (
    MISSING,
    BadValueError,
    given_changes,
    given_record,
    given_request,
    names,
)
from policylang.targets.constructs import looks_at_clock
from policylang.targets.rego.conditions import brought_as
from policylang.targets.rego.encoding import encoded, text
from policylang.targets.rego.reads import months, reads
from policylang.targets.request import identified
from policylang.targets.ways import told

WRONG = {"wrong": True}
"""A value that is not of its type, whatever that is."""


class Requests:
    """Writes requests about one policy set."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._reads = reads(index)
        self._months = months(index)
        self._clock = looks_at_clock(index)

    def input(
        self,
        user: str,
        action: str,
        resource: str,
        record: Any = None,
        *,
        now: datetime.datetime,
        request: Any = None,
        field: str | None = None,
        changes: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The input of a request; the arguments are those of ``policylang.runtime.request.Request``.

        Raises `NotEncodableError` for values that JSON cannot hold (deny then), ValueError for a ``now`` without an
        offset.
        """
        index = self._index
        now = instant(index, now)
        before, changes = given_record(record), given_changes(changes)
        written = _Written(Situation(index, user, resource, before, given_request(request), now))
        found: dict[str, Any] = {
            "user": text(user),
            "action": text(action),
            "resource": text(resource),
            "record": {},
            "request": written.paths(self._reads.request.values()),
            "now": microseconds(now),
            "today": day_number(now.astimezone(index.timezone).date()),
        }
        if self._clock:
            local = now.astimezone(index.timezone)
            found |= {"time": f"{local:%H:%M}", "weekday": c.WEEKDAYS[local.weekday()]}
        if field is not None:
            found["field"] = text(field)
        if resource in index.resources:
            declared = index.attributes[resource]
            known = index.actions[resource].get(action)
            creates = known is not None and known.kind == "create"
            paths = list(self._reads.record[resource].values())
            if creates:
                paths += _whole(index, resource, declared)
            found["record"] = written.paths(paths)
            if creates:
                strangers = [str(name) for name in names(before) or () if name not in declared and name != "id"]
                found["record"] |= {text(name).replace(".", " "): WRONG for name in strangers}
            if changes:
                after = _Written(Situation(index, user, resource, changed(before, changes), {}, now), written.records)
                paths += _whole(index, resource, [name for name in changes if name in declared])
                found["changes"] = {text(name).replace(".", " "): WRONG for name in changes if name not in declared}
                found["changes"] |= after.paths([path for path in paths if _first(path) in changes], keep_missing=True)
        elif changes:
            found["changes"] = dict.fromkeys(map(text, changes), WRONG)
        brought = [found[name] for name in ("record", "request", "changes") if name in found]
        found["months"] = {
            str(amount): self._edges(now, Duration(amount, "months"))
            for amount in sorted(self._months | set(_months_in(brought)))
        }
        return found

    def _edges(self, now: datetime.datetime, length: Duration) -> dict[str, dict[str, int]]:
        """What lies a length before now and after it, where the calendar has that."""
        zone = self._index.timezone
        found: dict[str, dict[str, int]] = {"before": {}, "after": {}}
        for sign, edges in zip((-1, 1), found.values(), strict=True):
            instants = now_and_edge(now, length, sign, zone, of_days=False)
            if instants is not None:
                edges["datetime"] = microseconds(instants[1])
            days = now_and_edge(now, length, sign, zone, of_days=True)
            if days is not None:
                edges["date"] = day_number(days[1])
        return found


def _whole(index: Index, resource: str, names: Iterable[str]) -> list[c.Path]:
    return [c.Path("record", (name,), index.attributes[resource][name].type, "") for name in names]


def _first(path: c.Path) -> str:
    """The attribute with which a value changes."""
    return brought_as(path).split(".")[0]


def _months_in(found: Any) -> Iterator[int]:
    """The months among values."""
    if isinstance(found, list):
        for each in found:
            yield from _months_in(each)
    elif isinstance(found, dict):
        if list(found) == ["months"] and isinstance(found["months"], int):
            yield found["months"]
        else:
            yield from _months_in(list(found.values()))


class _Written:
    """Values of one situation. ``records``: related records without a text for an id, whose number is their id."""

    def __init__(self, s: Situation, records: list[Any] | None = None) -> None:
        self._s = s
        self.records: list[Any] = [] if records is None else records

    def paths(self, paths: Iterable[c.Path], keep_missing: bool = False) -> dict[str, Any]:
        found = {brought_as(path): self._value(path) for path in paths}
        return {name: each for name, each in found.items() if keep_missing or each is not None}

    def _value(self, path: c.Path) -> Any:
        try:
            found = told(path, self._s)
        except BadValueError:
            return WRONG
        return None if found is MISSING else self._encoded(path.type, found)

    def _encoded(self, type_: Type, found: Any) -> Any:
        if isinstance(type_, SetType):
            return [None if each is MISSING else self._encoded(type_.of, each) for each in found]
        return self._identity(found) if isinstance(type_, RecordType) else encoded(type_, found)

    def _identity(self, record: Any) -> str | int:
        found = identified(record, self.records)
        return text(found) if isinstance(found, str) else found
