"""Boundary scenarios as a scenario file."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from policylang.diagnostics import visible
from policylang.model.instants import instant_text
from policylang.model.types import NUMBERS, RecordType, SetType, Type
from policylang.runtime.compiled import Engine
from policylang.runtime.request import Request
from policylang.source import Location
from policylang.testing.generate.build import Built
from policylang.testing.generate.targets import Boundary

_PLAIN = re.compile(
    r"[A-Za-z][A-Za-z0-9_.@-]*|[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]+Z)?|[0-9]+ [a-z]+|\.{1,2}(/[A-Za-z0-9_.-]+)*"
)
_WORDS = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"))
HEAD = """\
# Boundary scenarios: for each limit records just inside of it and just outside, written by
# `policylang test --generate`. They pin what is decided today and know nothing of what was meant. Read them, correct
# what should be decided otherwise, and take out what does not matter.
"""


class ScenarioWriter:
    """Collects records under readable names, and tests."""

    def __init__(self, engine: Engine, now: datetime.datetime, policies: str, fixed: bool) -> None:
        """``policies``: the folder as the file names it. ``fixed``: nobody chose the instant."""
        self._engine, self._index = engine, engine.index
        self._now, self._policies, self._fixed = now, policies, fixed
        self._records: dict[str, str] = {}
        """By how they are written."""
        self._made: dict[str, dict[str, Any]] = {}
        """As they are read again, by name."""
        self._used: set[str] = set()
        self._asked: set[tuple[Any, ...]] = set()

    def text(self, boundaries: list[Boundary]) -> str:
        """The whole file."""
        tests = [line for boundary in boundaries for line in self._boundary(boundary)]
        remark = "            # a fixed instant; another one with --now" if self._fixed else ""
        head = f"{HEAD}policies: {scalar(self._policies)}\nnow: {instant_text(self._now)}{remark}\n"
        records = "".join(f"  {name}: {text}\n" for text, name in self._records.items())
        body = "".join(f"{line}\n" for line in tests)
        if not any(not line.lstrip().startswith("#") for line in tests):
            return f"{head}\n{body}tests: []\n" if body else f"{head}tests: []\n"
        return f"{head}\nrecords:\n{records}\ntests:\n{body}"

    def _boundary(self, boundary: Boundary) -> Iterator[str]:
        where = Location.parse(boundary.at)
        title = f"{boundary.title} ({where.path}:{where.line})"
        grouped: dict[tuple[Any, ...], list[Built]] = {}
        for each in boundary.built:
            grouped.setdefault((each.user, each.now, json.dumps(each.request, sort_keys=True)), []).append(each)
        for (user, now, request), built in grouped.items():
            targets, asked = self._targets(built)
            keys = {(user, now, request, *each) for each in asked}
            if keys <= self._asked:  # all of it stands in an earlier test
                continue
            self._asked |= keys
            yield f"  - name: {scalar(title)}"
            yield f"    user: {scalar(user)}"
            if now != self._now:
                yield f"    now: {instant_text(now)}"
            if request != "{}":
                yield f"    request: {self._mapping(self._index.request, self._request(built[0]))}"
            for word, names in targets.items():
                yield f"    {word}:"
                yield from (
                    f"      {scalar(action)}: [{', '.join(map(scalar, each))}]" for action, each in names.items()
                )
        if boundary.left_out:
            yield f"  # {visible(title)}: {boundary.left_out}"

    def _targets(self, built: list[Built]) -> tuple[dict[str, dict[str, list[str]]], set[tuple[str, str]]]:
        """What is allowed and what denied, by action; and everything that is asked."""
        found: dict[str, dict[str, list[str]]] = {}
        asked: set[tuple[str, str]] = set()
        for word, allowed in (("allow", True), ("deny", False)):
            for each in (each for each in built if each.allowed is allowed and not _unwritable(each)):
                name = self._record(each.resource, each.record, f"{each.resource}_{each.label}")
                if _is_linked(each) and self._decided(each, name) is not allowed:
                    continue  # two records behind it have become one, which some condition asks about
                target = name if each.field is None else f"{name}.{each.field}"
                if (each.action, target) not in asked:
                    asked.add((each.action, target))
                    found.setdefault(word, {}).setdefault(each.action, []).append(target)
        return found, asked

    def _record(self, resource: str, record: dict[str, Any], name: str) -> str:
        """The name of a record, which is written down unless one like it is there already."""
        types = {key: attribute.type for key, attribute in self._index.attributes[resource].items()}
        values = {key: self._named(types[key], value) for key, value in record.items()}
        text = self._mapping(types, values, resource)
        if text not in self._records:
            free = self._records[text] = self._free(name if values else f"{resource}_empty")
            linked = {key: self._linked(types[key], value) for key, value in values.items()}
            self._made[free] = linked if "id" in types else {"id": free, **linked}
        return self._records[text]

    def _named(self, type_: Type, value: Any) -> Any:
        """A value with the names of related records in their places."""
        if isinstance(value, list) and isinstance(type_, SetType):
            return [self._named(type_.of, each) for each in value]
        if isinstance(value, dict) and isinstance(type_, RecordType):
            return self._record(type_.resource, value, f"{type_.resource}_1")
        return value

    def _request(self, built: Built) -> dict[str, Any]:
        """The attributes of a request, with the names of related records in their places."""
        return {name: self._named(self._index.request[name], value) for name, value in built.request.items()}

    def _linked(self, type_: Type, value: Any) -> Any:
        """A value as the scenario file will be read."""
        if isinstance(value, list) and isinstance(type_, SetType):
            return [self._linked(type_.of, each) for each in value]
        return self._made.get(value, value) if isinstance(type_, RecordType) else value

    def _decided(self, each: Built, name: str) -> bool:
        record = self._made[name]
        types = self._index.request
        request = {key: self._linked(types[key], value) for key, value in self._request(each).items()}
        return self._engine.allows(
            Request(each.user, each.action, each.resource, record, each.now, request, each.field)
        )

    def _free(self, name: str) -> str:
        number = 1
        base = name.removesuffix("_1")  # related records are numbered from the first, others from the second
        while (free := name if number == 1 else f"{base}_{number}") in self._used:
            number += 1
        self._used.add(free)
        return free

    def _mapping(self, types: Mapping[str, Type], values: dict[str, Any], resource: str | None = None) -> str:
        parts = [f"resource: {scalar(resource)}"] if resource else []
        parts += [f"{scalar(name)}: {_value(types[name], values[name])}" for name in types if name in values]
        return f"{{{', '.join(parts)}}}"


def _is_linked(built: Built) -> bool:
    """Whether there are records behind the record, or in the request."""
    return any(isinstance(each, dict | list) for each in (*built.record.values(), *built.request.values()))


def _unwritable(built: Built) -> bool:
    """Whether a record has an attribute called ``resource``, which in a scenario file says something else."""
    related = (each for each in built.request.values() if isinstance(each, dict))
    return any(map(_says_resource, (built.record, *related)))


def _says_resource(record: dict[str, Any]) -> bool:
    return "resource" in record or any(_says_resource(each) for each in record.values() if isinstance(each, dict))


def _value(type_: Type, value: Any) -> str:
    if isinstance(value, list):
        assert isinstance(type_, SetType)
        return f"[{', '.join(_value(type_.of, each) for each in value)}]"
    if isinstance(value, bool | int) or isinstance(type_, NUMBERS):
        return str(value).lower()
    return scalar(value)


def scalar(text: str) -> str:
    """A text in YAML, in quotes unless it can stand without them."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    inside = "".join(_escaped(character) for character in text)
    return f'"{inside}"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    number = ord(character)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
