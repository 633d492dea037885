"""Trees of records: from a record to those above it, in what was handed over or in what the caller looks up."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from policylang.model import conditions as c
from policylang.model.types import RecordType
from policylang.runtime.values import MISSING, BadValueError, attribute, is_record, read, source

Lookup = Callable[[str, str], Any]
"""From a resource and the id of a record to the record, or to ``None`` where there is none."""

DEEPEST = 1000
"""How many records may lie above one another. What lies further up is unknown."""


def no_records(_resource: str, _id: str) -> None:
    """The look-up of somebody who keeps no records."""


class SoughtRecord(Mapping[str, Any]):
    """A record that is looked for when it is asked for something. One that is not there is known by its id alone."""

    @property
    @abstractmethod
    def exists(self) -> bool:
        """Whether it is there."""


class RecordTree(NamedTuple):
    """How records of a resource lie above one another: the attribute that leads upwards, and whether a record may have
    none above it.
    """

    resource: str
    attribute: str
    optional: bool


def tree_of(test: c.Under) -> RecordTree:
    """The tree that a test is about."""
    type_ = test.operand.type
    assert isinstance(type_, RecordType)
    return RecordTree(type_.resource, test.tree, test.optional)


def _climb(tree: RecordTree, lookup: Lookup, record: Any) -> Iterator[Any]:
    """A record and those above it, nearest first; behind them `MISSING` where the way up breaks off, turns in circles
    or goes on beyond `DEEPEST`.

    Raises BadValueError for what stands in the place of a record above and is none.
    """
    where = f"{tree.resource}.{tree.attribute}"
    seen: set[str] = set()
    for _ in range(DEEPEST + 1):
        yield record
        own = identity(record)
        if isinstance(own, str):
            if own in seen:
                break
            seen.add(own)
        if isinstance(record, str):
            record = _found(lookup(tree.resource, record), where)
            if record is None:
                break
        above = read(RecordType(tree.resource), attribute(record, tree.attribute), where)
        if above is MISSING:
            if tree.optional and _is_there(record):
                return
            break
        record = above
    yield MISSING


def climbed(tree: RecordTree, lookup: Lookup, record: Any) -> tuple[Any, ...]:
    """All of `_climb`, which breaks off at a value that is no record."""
    found: list[Any] = []
    try:
        found.extend(_climb(tree, lookup, record))
    except BadValueError:
        found.append(MISSING)
    return tuple(found)


class WayUp(NamedTuple):
    """``ids``: those of a record and of the records above it. ``end``: whether the way up leads to the top, or to
    another record that has none above it; ``None`` where it breaks off, turns in circles or goes on beyond `DEEPEST`.
    """

    ids: list[Any]
    end: bool | None


def way_up(test: c.Under, lookup: Lookup, record: Any, top: Any) -> WayUp:
    """The way from a record up, as far as to the one at the ``top``. Raises as `_climb`."""
    ids = list[Any]()
    for each in _climb(tree_of(test), lookup, record):
        if each is MISSING:
            return WayUp(ids, None)
        ids.append(identity(each))
        if same_record(each, top):
            return WayUp(ids, True)
    return WayUp(ids, False)


def under(test: c.Under, lookup: Lookup, record: Any, top: Any) -> bool | None:
    """Whether the record is the one at the top, or lies below it. Raises as `_climb`."""
    return None if record is MISSING or top is MISSING else way_up(test, lookup, record, top).end


def _is_there(record: Any) -> bool:
    held = source(record)
    return not isinstance(held, SoughtRecord) or held.exists


def _found(record: Any, where: str) -> Any:
    if record is not None and not is_record(record):
        raise BadValueError(f"`{where}` was looked up, and a value of type {type(record).__name__} is no record")
    return record


def same_record(left: Any, right: Any) -> bool:
    """Whether two related records are one: the same object, or of equal `id`; a bare key is its own id."""
    if source(left) is source(right):
        return True
    first, second = identity(left), identity(right)
    return first is not MISSING and second is not MISSING and bool(first == second)


def identity(record: Any) -> Any:
    """What says which record it is, or `MISSING`; a bare key says it of itself."""
    return record if isinstance(record, str) else attribute(record, "id")
