"""What a condition asks, in relations: who is named by the record, who somebody is, and what CEL says of the record."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator

import msgspec

from policylang.model import conditions as c
from policylang.model.types import RecordType, SetType, TextType, UserType
from policylang.runtime.index import Index
from policylang.runtime.truth import Situation, truth, value
from policylang.runtime.values import MISSING
from policylang.targets.relations.cel import LONGEST, InexpressibleError, cel
from policylang.targets.ways import is_of_user, is_way

_NOW = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)


class NamedUsers(msgspec.Struct, frozen=True):
    """The users in an attribute of the record."""

    attribute: str


class Users(msgspec.Struct, frozen=True):
    """These users, whatever the record."""

    users: tuple[str, ...]


class ConditionHolds(msgspec.Struct, frozen=True):
    """Everybody, where a condition in negation normal form is true of record and request."""

    condition: c.Condition


class Via(msgspec.Struct, frozen=True):
    """What is said of the record of ``resource`` in an attribute of the record."""

    attribute: str
    resource: str
    part: ConditionPart


class OfUser(msgspec.Struct, frozen=True):
    """Everybody, where one of ``users`` is in an attribute of the record; null is any user whom nobody knows."""

    attribute: str
    users: tuple[str | None, ...]


class BelowRecord(msgspec.Struct, frozen=True):
    """Everybody, where the record is this one of ``resource`` or lies below it."""

    resource: str
    id: str


class BelowOwn(msgspec.Struct, frozen=True):
    """The users in whose attribute at the end of ``steps`` is the record, which is of ``resource``, or one above it."""

    resource: str
    steps: tuple[str, ...]


class WholeWay(msgspec.Struct, frozen=True):
    """Everybody, where all records above the record, which is of ``resource``, are known."""

    resource: str


class Each(msgspec.Struct, frozen=True):
    items: tuple[ConditionPart, ...]


class SomeUsers(msgspec.Struct, frozen=True):
    items: tuple[ConditionPart, ...]


class Except(msgspec.Struct, frozen=True):
    item: ConditionPart
    minus: ConditionPart


ConditionPart = (
    NamedUsers | Users | ConditionHolds | Via | OfUser | BelowRecord | BelowOwn | WholeWay | Each | SomeUsers | Except
)


def parts(index: Index, resource: str, condition: c.Condition, unsupported: Callable[[str], None]) -> ConditionPart:
    """For whom a condition in negation normal form about a resource holds; nobody by a test that cannot be expressed,
    whose place is told.
    """
    if isinstance(condition, c.And | c.Or):
        found = [parts(index, resource, item, unsupported) for item in condition.items]
        return _joined(found, type(condition), condition.at)
    test, wanted = condition.signed
    if isinstance(test, c.In):
        operand, at = test.operand, test.at
        equals = tuple(c.Compare("eq", operand, c.Constant(operand.type, value, at), at) for value in test.values)
        return parts(index, resource, c.Or(equals, at).nnf(wanted), unsupported)
    try:
        return _of_the_told(index, test, wanted, _leaf(index, resource, test, wanted))
    except InexpressibleError as error:
        unsupported(error.at)
        return Users(())


def _joined(found: list[ConditionPart], plain: type[c.And | c.Or], at: str) -> ConditionPart:
    """What CEL says is said at once, as long as the expression is not too long."""
    held: list[ConditionHolds] = []
    rest: list[ConditionPart] = []
    for part in found:
        if not isinstance(part, ConditionHolds):
            rest.append(part)
        elif held and _length(joined := plain((*_inside(held[-1], plain), *_inside(part, plain)), at)) <= LONGEST:
            held[-1] = ConditionHolds(joined)
        else:
            held.append(part)
    every = (*held, *rest)
    return every[0] if len(every) == 1 else Each(every) if plain is c.And else SomeUsers(every)


def _inside(part: ConditionHolds, plain: type[c.And | c.Or]) -> tuple[c.Condition, ...]:
    return part.condition.items if isinstance(part.condition, plain) else (part.condition,)


def _length(condition: c.Condition) -> int:
    return len(cel(condition).expression)


def _leaf(index: Index, resource: str, test: c.Test, wanted: bool) -> ConditionPart:
    way, top = _way_and_top(test)
    if isinstance(test, c.Hours | c.Weekdays) or (way and top and not _is_told(index, resource, way, top)):
        raise InexpressibleError(test.at)
    paths = [side for side in test.sides if isinstance(side, c.Path)]
    roots = {path.root for path in paths}
    if roots <= {"subject"} and not isinstance(test, c.Time):
        people = ((user, Situation(index, user, resource, {}, {}, _NOW)) for user in index.requesters)
        return Users(tuple(user for user, s in people if truth(test, s) is wanted))
    if any(path.root == "record" and len(path.steps) > 1 for path in paths):
        return _beyond(index, resource, test, wanted, paths)
    if way and top:
        return _below(way, top, wanted)
    attribute = _named(test)
    if attribute is None and "subject" in roots:
        raise InexpressibleError(test.at)
    holds = ConditionHolds(test.nnf(wanted))
    try:
        cel(holds.condition)
    except InexpressibleError:
        raise InexpressibleError(test.at) from None
    if attribute is None:
        return holds
    return NamedUsers(attribute) if wanted else Except(holds, NamedUsers(attribute))


def _beyond(index: Index, resource: str, test: c.Test, wanted: bool, paths: list[c.Path]) -> ConditionPart:
    """A test of a record or user whom the record names is one of its own; where there is none, all of it is missing."""
    path, *others = sorted(paths, key=lambda path: path.root != "record")
    first, *rest = path.steps
    type_ = index.attributes[resource][first].type
    if any(other.root == "record" for other in others) or isinstance(type_, SetType):
        raise InexpressibleError(test.at)
    if isinstance(type_, RecordType):
        shorter = msgspec.structs.replace(path, steps=tuple(rest))
        inner = _leaf(index, type_.resource, _with(test, path, shorter), wanted)
        part: ConditionPart = Via(first, type_.resource, inner)
    elif others or isinstance(test, c.Time):
        raise InexpressibleError(test.at)
    else:
        shorter = msgspec.structs.replace(path, root="subject", steps=tuple(rest))
        part = OfUser(first, _having(index, resource, _with(test, path, shorter), wanted))
    if isinstance(test, c.Missing) and wanted:
        nobody = c.Missing(msgspec.structs.replace(path, steps=(first,), type=type_), test.at)
        return SomeUsers((ConditionHolds(nobody), part))
    return part


def _below(way: c.Path, top: c.Operand, wanted: bool) -> ConditionPart:
    """Who may see that a record lies below another one, or that it does not: then the whole way up is known."""
    type_ = way.type.item
    assert isinstance(type_, RecordType)
    resource = type_.resource
    below: ConditionPart = (
        BelowOwn(resource, top.steps) if isinstance(top, c.Path) else BelowRecord(resource, str(top.value))
    )
    return below if wanted else Except(WholeWay(resource), below)


def _is_told(index: Index, resource: str, way: c.Path, top: c.Operand) -> bool:
    """Whether records are written with the way, and the top is known when the bundle is made."""
    is_known = isinstance(top, c.Constant) or top.root == "subject"
    return way.root == "record" and is_known and not is_of_user(index, resource, way)


def _of_the_told(index: Index, test: c.Test, wanted: bool, part: ConditionPart) -> ConditionPart:
    """Of a way up that does not lead to a value of the user: only for users who have one."""
    _, top = _way_and_top(test)
    if wanted or not isinstance(top, c.Path) or top.root != "subject":
        return part
    return Each((Users(tuple(user for user, _ in own_values(index, top.steps))), part))


def _way_and_top(test: c.Test) -> tuple[c.Path, c.Operand] | tuple[None, None]:
    """Of a test of a tree."""
    if not isinstance(test, c.Contains) or not isinstance(test.operand, c.Path) or not is_way(test.operand.steps[-1]):
        return None, None
    return test.operand, test.item


def own_values(index: Index, steps: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The users who have a text or a record in an attribute, with it."""
    path = c.Path("subject", steps, TextType(), "")
    for user in index.requesters:
        found = value(path, Situation(index, user, "", {}, {}, _NOW))
        if found is not MISSING:
            yield user, found


def _having(index: Index, resource: str, test: c.Test, wanted: bool) -> tuple[str | None, ...]:
    """The users of whom a test is true, or false if that is wanted."""
    stranger = "".join(index.requesters) + "?"
    people = [(user, user) for user in index.requesters] + [(None, stranger)]
    asked = ((user, Situation(index, id, resource, {}, {}, _NOW)) for user, id in people)
    return tuple(user for user, s in asked if truth(test, s) is wanted)


def _with(test: c.Test, old: c.Path, new: c.Path) -> c.Test:
    """The same test of another path."""
    return test.map_operands(lambda side: new if side is old else side)


def _named(test: c.Condition) -> str | None:
    """The attribute of the record of which a test asks whether the assigned user is in it."""
    match test:
        case c.Compare("eq", left, right) | c.Contains(left, right):
            for pair in ((left, right), (right, left)):
                match pair:
                    case c.Path("record", (name,), type_), c.Path("subject", ()) if isinstance(type_.item, UserType):
                        return name
    return None
