"""Which of many conditions may be true of a situation, without trying each of them.

Most conditions compare something with a constant that has to be there: an account is this one, a name starts so. Such a
test guards the condition. Looked up by what a situation holds, the conditions whose guard it does not meet are never
seen. The idea is that of alpha memories (Forgy, Rete: A Fast Algorithm for the Many Pattern/Many Object Pattern Match
Problem).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence, Set
from itertools import islice
from typing import Any

from policylang.analysis.ranges import Axis, Range, Ranges, position, ranges, unplaced
from policylang.model import conditions as c
from policylang.model.types import DurationType, IpType, RecordType, Type
from policylang.runtime.truth import Situation, constant, value
from policylang.runtime.values import MISSING, BadValueError

_Test = tuple[str, c.Path]
"""``is``, ``has``, or how a text is looked through; and what is looked at."""
_Key = tuple[_Test, Hashable]
_Guard = frozenset[_Key]
"""One of these is met wherever the condition is true."""


class Guards:
    """Conditions about records of one resource, by numbers, and where to look each of them up."""

    def __init__(self, conditions: Sequence[c.Condition]) -> None:
        found = [tuple(_guards(condition)) for condition in conditions]
        common = Counter(key for guards in found for guard in guards for key in guard)
        self._unguarded: set[int] = set()
        self._by_key: dict[_Key, set[int]] = {}
        self._lengths: dict[_Test, set[int]] = {}
        axes = _axes(conditions)
        every = {axis: Ranges(numbered) for axis, numbered in axes.items()}
        ranged: dict[Axis, list[tuple[Range, int]]] = {}
        best = _best(axes, every)
        for number, guards in enumerate(found):
            rarest = min(guards, key=lambda guard: sum(common[key] for key in guard), default=None)
            many = len(conditions) if rarest is None else sum(common[key] for key in rarest)
            if number in best and (rarest is None or best[number][0] < min(many, _MOST_AROUND)):
                _, axis, range_ = best[number]
                ranged.setdefault(axis, []).append((range_, number))
            elif rarest is None:
                self._unguarded.add(number)
            else:
                for key in rarest:
                    self._by_key.setdefault(key, set()).add(number)
                    test, wanted = key
                    self._lengths.setdefault(test, set()).add(len(wanted) if isinstance(wanted, str) else 0)
        self._ranged = {axis: Ranges(numbered) for axis, numbered in ranged.items()}

    def candidates(self, s: Situation, among: Collection[int]) -> list[int]:
        """The numbers, in order, of those ``among`` the conditions that may be true; the others are not."""
        found = _both(self._unguarded, among)
        for test, lengths in self._lengths.items():
            for wanted in _met(test, lengths, s):
                found |= _both(self._by_key.get((test, wanted), _NONE), among)
        for axis, numbered in self._ranged.items():
            where = position(axis, s)
            found |= {number for number in (() if where is MISSING else numbered.around(where)) if number in among}
        return sorted(found)


_MOST_AROUND = 16
"""Ranges in one place that are still few."""


def _axes(conditions: Sequence[c.Condition]) -> dict[Axis, list[tuple[Range, int]]]:
    """The ranges of all conditions. One in which nothing lies is that of a condition that is never true."""
    axes: dict[Axis, list[tuple[Range, int]]] = {}
    for number, condition in enumerate(conditions):
        for axis, (least, greatest) in ranges(condition).items():
            if least <= greatest:
                axes.setdefault(axis, []).append(((least, greatest), number))
    return axes


def _best(axes: dict[Axis, list[tuple[Range, int]]], every: dict[Axis, Ranges]) -> dict[int, tuple[int, Axis, Range]]:
    """The range of each condition that fewest others lie around, and how many do, as far as it is few."""
    best: dict[int, tuple[int, Axis, Range]] = {}
    for axis, numbered in axes.items():
        for range_, number in numbered:
            end = next((end for end in range_ if len(end) > 1), None)
            around = islice(every[axis].around(end[1]), _MOST_AROUND) if end is not None else range(_MOST_AROUND)
            count = sum(1 for _ in around)
            if number not in best or count < best[number][0]:
                best[number] = count, axis, range_
    return best


_NONE: frozenset[int] = frozenset()


def _both(these: Set[int], among: Collection[int]) -> set[int]:
    if len(these) < len(among):
        return {number for number in these if number in among}
    return {number for number in among if number in these}


def _met(test: _Test, lengths: Iterable[int], s: Situation) -> Iterator[Hashable]:
    kind, path = test
    try:
        held: Any = value(path, s)
    except BadValueError:
        return
    if held is MISSING:
        return
    match kind:
        case "is":
            yield held
        case "has":
            yield from (each for each in held if each is not MISSING)
        case "starts_with":
            yield from (held[:length] for length in lengths)
        case "ends_with":
            yield from (held[max(0, len(held) - length) :] for length in lengths)
        case _:
            yield from {held[n : n + length] for length in lengths for n in range(len(held) - length + 1)}


def _guards(condition: c.Condition) -> Iterator[_Guard]:
    """The guards that there are to choose from."""
    match condition:
        case c.And(items):
            for item in items:
                yield from _guards(item)
        case c.Or(items):
            each = [next(_guards(item), None) for item in items]
            if None not in each:
                yield frozenset[_Key]().union(*(guard for guard in each if guard is not None))
        case c.Compare("eq", c.Path() as path, c.Constant(type_, wanted)) | c.Compare(
            "eq", c.Constant(type_, wanted), c.Path() as path
        ) if _is_plain(path.type):
            yield frozenset(((("is", unplaced(path)), constant(type_, wanted)),))
        case c.In(c.Path() as path, values) if _is_plain(path.type):
            yield frozenset((("is", unplaced(path)), constant(path.type, wanted)) for wanted in values)
        case c.Contains(c.Path() as path, c.Constant(type_, wanted)) if _is_plain(type_):
            yield frozenset(((("has", unplaced(path)), constant(type_, wanted)),))
        case c.TextTest(kind, c.Path() as path, c.Constant(_, wanted)):
            yield frozenset((((kind, unplaced(path)), str(wanted)),))
        case _:
            return


def _is_plain(type_: Type) -> bool:
    """Whether equal values of the type are equal in Python."""
    return not isinstance(type_.item, DurationType | IpType | RecordType)
