"""Trees of records for engines that are told of one record at a time: the way up is an attribute of a record.

`parent*` is the set of the record itself and of all above it along `parent`. Where the way up breaks off or turns in
circles, an item of the set is missing, so that `is under` is `contains`, in three-valued logic too.
"""

from __future__ import annotations

import re
from typing import Any

from policylang.model import conditions as c
from policylang.model.types import RecordType, SetType, Type
from policylang.model.words import operand_in_words
from policylang.runtime.index import Index
from policylang.runtime.trees import RecordTree, climbed, identity
from policylang.runtime.truth import Situation, value
from policylang.runtime.values import MISSING
from policylang.targets.target import Refusals

_SURROGATE = re.compile("[\ud800-\udfff]")
_UPWARDS = "*"
"""What such an attribute is called behind the name of the one that it follows; no other name ends like that."""


def with_ways(condition: c.Condition) -> c.Condition:
    """A condition with its tests of trees as tests of the way up."""
    return condition.map_tests(_followed)


def _followed(test: c.Test) -> c.Test:
    """A test of a tree as one of the way up; any other test as it is."""
    if not isinstance(test, c.Under):
        return test
    operand = test.operand
    assert isinstance(operand.type, RecordType)
    way = c.Path(operand.root, (*operand.steps, test.tree + _UPWARDS), SetType(operand.type), operand.at)
    return c.Contains(way, test.top, test.at)


def is_way(name: str) -> bool:
    """Whether the name is that of a way up."""
    return name.endswith(_UPWARDS)


def followed_attribute(way: str) -> str:
    """The attribute that a way up follows."""
    return way.removesuffix(_UPWARDS)


def type_of(index: Index, resource: str, name: str) -> Type:
    """The type of an attribute, or of a way up."""
    return SetType(RecordType(resource)) if is_way(name) else index.attributes[resource][name].type


def way_from(index: Index, resource: str, record: Any) -> tuple[Any, ...]:
    """The record and those above it, and `MISSING` behind them where there may be others."""
    tree = index.resources[resource].tree
    assert tree is not None
    return climbed(RecordTree(resource, tree, index.attributes[resource][tree].optional), index.lookup, record)


def ids_of(way: tuple[Any, ...]) -> tuple[str, ...]:
    """The ids on a way up that a policy or a user can name: texts in Unicode, each once."""
    ids = (identity(record) for record in way if record is not MISSING)
    return tuple(dict.fromkeys(id for id in ids if isinstance(id, str) and not _SURROGATE.search(id)))


def told(path: c.Path, s: Situation) -> Any:
    """The value of a path, which may end in a way up. Raises BadValueError as `value`."""
    if not path.steps or not is_way(path.steps[-1]):
        return value(path, s)
    *before, _ = path.steps
    type_ = path.type.item
    assert isinstance(type_, RecordType)
    record = value(c.Path(path.root, tuple(before), type_, path.at), s)
    return MISSING if record is MISSING else way_from(s.index, type_.resource, record)


def refuse_ways(index: Index, refuse: Refusals) -> None:
    """Refuses to follow records of users, of whom a bundle knows the ids alone."""
    for resource, condition in index.conditions():
        for test in condition.tests():
            if isinstance(test, c.Under) and is_of_user(index, resource, test.operand):
                message = f"{refuse.title} cannot follow `{operand_in_words(test.operand)}`: users hold no records"
                refuse.constructs.add(test.at)
                refuse("PL801", message, test.at, "ask for a record that the request brings")


def is_of_user(index: Index, resource: str, path: c.Path) -> bool:
    """Whether a path leads through a user."""
    return bool(index.to_user(resource, path)[1])
