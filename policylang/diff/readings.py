"""How one side reads the records of the other.

A request is the same on both sides: the same JSON. What a side does not know of it says nothing there. An attribute
that it does not declare is missing, and about a value that is not of its type every test is unknown.
"""

from __future__ import annotations

import msgspec

from policylang.analysis.formula import FALSE, TRUE, AllOf, Formula, Holds, NotOf
from policylang.check.fix.same_access import NOWHERE
from policylang.model import conditions as c
from policylang.model.types import EnumType, RecordType, SetType, Type, UserType
from policylang.runtime.caching import cached_method
from policylang.runtime.index import Index
from policylang.runtime.truth import user_value


class Nothing(msgspec.Struct, frozen=True):
    """A path that leads nowhere on the other side: the value is missing."""


class Unclear(msgspec.Struct, frozen=True):
    """A path whose value the two sides may read differently: what is said of it can only be bounded."""


class PathRead(msgspec.Struct, frozen=True):
    """A path with the type that the other side declares, and when the value can be read here as well.

    Of the user who asks, a value that cannot be read is ``left_out``: it is missing on the other side.
    ``owner`` leads to the user whose attribute it is, if it is one; ``moved`` are those who have another value of it
    on the other side.
    """

    path: c.Path
    readable: Formula = TRUE
    left_out: bool = False
    owner: c.Path | None = None
    moved: frozenset[str] = frozenset()


_Reading = Nothing | Unclear | PathRead


class PathReader:
    """Reads paths of ``theirs`` on the records of ``ours``."""

    def __init__(self, theirs: Index, ours: Index) -> None:
        self.theirs, self.ours = theirs, ours
        self.moved = _moved_users(theirs, ours)
        self.one_clock = theirs.policy_set.timezone == ours.policy_set.timezone

    @cached_method
    def read(self, resource: str, path: c.Path) -> _Reading:
        """What a path on records of a resource of theirs is on ours."""
        owner: c.Path | None = None
        type_: Type = RecordType(resource) if path.root == "record" else UserType(None)
        for number, step in enumerate(path.steps):
            first, last = number == 0, number + 1 == len(path.steps)
            from_request = first and path.root == "request"
            theirs = _declared(self.theirs, type_, step, from_request)
            ours = _declared(self.ours, type_, step, from_request)
            assert theirs is not None
            of_user = isinstance(type_, UserType) and not from_request
            if of_user and not (first and path.root == "subject"):
                owner = c.Path(path.root, path.steps[:number], type_, NOWHERE)
                if ours is None or not alike(theirs, ours) or (not last and step in self.moved):
                    return Unclear()
            if ours is None:
                return Nothing()
            if not alike(theirs, ours):
                if path.root == "subject" and first and last and isinstance(theirs, EnumType):
                    found = _final(path, theirs, ours)
                    return msgspec.structs.replace(found, left_out=True) if isinstance(found, PathRead) else found
                return Unclear() if of_user or not last else _final(path, theirs, ours)
            type_ = ours
        moved = self.moved.get(path.steps[-1], frozenset()) if owner is not None else frozenset()
        return PathRead(msgspec.structs.replace(path, type=type_), owner=owner, moved=moved)


def _declared(index: Index, type_: Type, step: str, from_request: bool) -> Type | None:
    if from_request:
        return index.request.get(step)
    if isinstance(type_, RecordType):
        declared = index.attributes.get(type_.resource, {}).get(step)
        return None if declared is None else declared.type
    return index.subject.get(step)


def _final(path: c.Path, theirs: Type, ours: Type) -> _Reading:
    path = msgspec.structs.replace(path, type=ours)
    match theirs, ours:
        case EnumType(known), EnumType(values):
            both = tuple(sorted(set(known) & set(values)))
            return PathRead(path, Holds(c.In(path, both, NOWHERE), True) if both else FALSE)
        case SetType(EnumType(known)), SetType(EnumType(values) as item):
            strangers = [value for value in values if value not in known]
            held = (Holds(c.Contains(path, c.Constant(item, each, NOWHERE), NOWHERE), True) for each in strangers)
            return PathRead(path, AllOf(tuple(map(NotOf, held))))
    return Unclear()


def alike(one: Type, other: Type) -> bool:
    """Whether both types read every value alike: which users may be written does not matter to who reads."""
    return _roleless(one) == _roleless(other)


def _roleless(type_: Type) -> Type:
    match type_:
        case UserType():
            return UserType(None)
        case SetType(UserType()):
            return SetType(UserType(None))
    return type_


def _moved_users(one: Index, other: Index) -> dict[str, frozenset[str]]:
    """Attributes of users, with the users of both sides who have another value of it there."""
    found: dict[str, set[str]] = {}
    for id_, user in one.users.items():
        again = other.users.get(id_)
        if again is None or not (user.attributes or again.attributes):
            continue
        for name in {value.name for value in (*user.attributes, *again.attributes)}:
            if name in one.subject and name in other.subject and _value(one, id_, name) != _value(other, id_, name):
                found.setdefault(name, set()).add(id_)
    return {name: frozenset(users) for name, users in found.items()}


def _value(index: Index, user: str, name: str) -> object:
    found = user_value(index, user, name)
    return frozenset(found) if isinstance(found, tuple) else found
