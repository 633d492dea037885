"""Conditions: over every type of attribute, with every operator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from policylang.model.operands import comparable
from policylang.model.types import (
    NUMBERS,
    DateTimeType,
    DateType,
    DurationType,
    IpType,
    RecordType,
    SetType,
    TextType,
    Type,
    UserType,
)
from tests.generated.chooser import Chooser
from tests.generated.constants import constant, in_text, quoted
from tests.generated.world import World

_ORDERED = (*NUMBERS, DateType, DateTimeType, DurationType)
_WEIGHTS = {
    "TextType": 3,
    "UserType": 2,
    "EnumType": 2,
    "IpType": 2,
    "number": 4,
    "DateType": 5,
    "DateTimeType": 5,
    "set": 4,
    "DurationType": 3,
}
"""How much likelier than others the kinds with many tests are."""


@dataclass(frozen=True)
class Scope:
    """What a condition can speak of: a resource's attributes (or only the named ones), and parameters."""

    world: World
    resource: str
    only: tuple[str, ...] | None = None
    parameters: tuple[tuple[str, Type], ...] = ()

    @cached_property
    def paths(self) -> dict[str, list[tuple[str, Type]]]:
        """Paths with their types, by kind of type: short ones first."""
        world = self.world
        own = world.resources[self.resource].attributes
        own = own if self.only is None else {name: own[name] for name in self.only}
        found = [
            *_walks(world, own, "", 3),
            *_walks(world, world.subject, "assigned user.", 2),
            *_walks(world, world.request, "request.", 2),
        ]
        by_kind: dict[str, list[tuple[str, Type]]] = {}
        for path, type_ in sorted(found, key=lambda each: each[0].count(".")):
            by_kind.setdefault(kind_of(type_), []).append((path, type_))
        return by_kind


def _walks(world: World, attributes: Mapping[str, Type], before: str, steps: int) -> list[tuple[str, Type]]:
    found = [(before + name, type_) for name, type_ in attributes.items()]
    if steps > 1:
        for path, type_ in list(found):
            if isinstance(type_, RecordType):
                found += _walks(world, world.resources[type_.resource].attributes, f"{path}.", steps - 1)
            elif isinstance(type_, UserType):
                found += _walks(world, world.subject, f"{path}.", steps - 1)
    return found


def kind_of(type_: Type) -> str:
    """The types that have the same operators."""
    if isinstance(type_, SetType):
        return "set"
    return "number" if isinstance(type_, NUMBERS) else type(type_).__name__


def condition(c: Chooser, scope: Scope, depth: int) -> str:
    """The text of a condition, `depth` deep at most."""
    if depth and c.chance(45):
        joint = c.one((" and ", " or ", "not"))
        if joint == "not":
            return f"not ({condition(c, scope, depth - 1)})"
        return f"({joint.join(condition(c, scope, depth - 1) for _ in range(c.number(2, 3)))})"
    return _test(c, scope)


def _test(c: Chooser, scope: Scope) -> str:
    if scope.world.features.clock and c.chance(6):
        return _clock(c)
    if scope.world.features.trees and c.chance(10) and (trees := _trees(scope)):
        return _under(c, scope, *c.one(trees))
    kinds = [kind for kind in scope.paths for _ in range(_WEIGHTS.get(kind, 1))]
    path, type_ = _path(c, scope.paths[c.one(kinds)])
    item = type_.of if isinstance(type_, SetType) else type_
    if c.chance(12) or (isinstance(item, RecordType) and not _others(scope, item, path)):
        return f"{path} is {c.one(('present', 'missing'))}"
    match type_:
        case SetType():
            return _set(c, scope, path, type_)
        case TextType() if scope.world.features.texts and c.chance(50):
            operator = c.one(("contains", "starts with", "ends with"))
            return f"{path} {operator} {_other(c, scope, type_, path)}"
        case DateType() | DateTimeType() if scope.world.features.time and c.chance(60):
            return _time(c, scope, path, type_)
        case IpType() if c.chance(60):
            return _network(c, scope, path)
    if not isinstance(type_, RecordType) and c.chance(25):
        choices = {_constant(c, scope, type_) for _ in range(c.number(1, 3))}
        choices |= {_other(c, scope, type_, path)} if c.chance(30) else set()
        return f"{path} in [{', '.join(sorted(choices))}]"
    if isinstance(type_, _ORDERED) and c.chance(70):
        operators = ("<", "<=", ">", ">=") + (
            ("before", "after") if isinstance(type_, (DateType, DateTimeType)) else ()
        )
        operator = c.one(operators)
    else:
        operator = c.one(("is", "is not"))
    return _turned(c, path, operator, _other(c, scope, type_, path))


_TIMES = ("00:00", "06:00", "11:59", "12:00", "22:00", "23:59")
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _clock(c: Chooser) -> str:
    negation = c.one(("", "not "))
    if c.chance(50):
        begin, end = (_TIMES[-2:], _TIMES[:2]) if c.chance(30) else (_TIMES, _TIMES)
        return f"now is {negation}between {c.one(begin)} and {c.one(end)}"
    return f"now is {negation}on {', '.join(c.some(_DAYS, 1, 3))}"


def _trees(scope: Scope) -> list[tuple[str, RecordType]]:
    """The paths to records that form trees, and the record itself, unless an attribute is called like its resource."""
    resources, own = scope.world.resources, scope.world.resources[scope.resource]
    found = [
        (path, type_)
        for path, type_ in scope.paths.get("RecordType", ())
        if isinstance(type_, RecordType) and resources[type_.resource].tree
    ]
    parameters = [name for name, _ in scope.parameters]
    if own.tree and scope.only is None and scope.resource not in (*own.attributes, *parameters):
        found += [(scope.resource, RecordType(scope.resource))] * (2 + len(found))
    return found


def _under(c: Chooser, scope: Scope, path: str, type_: RecordType) -> str:
    tops = [other for other, its in scope.paths.get("RecordType", ()) if its == type_]
    tops += [other for other, its in scope.paths.get("TextType", ()) if c.chance(10)]
    tops = [each for each in tops if each != "under"]
    homes = [each for each in tops if each.startswith("assigned user")]
    top = c.one(homes) if homes and c.chance(50) else c.one(tops) if tops and c.chance(40) else None
    top = top or quoted(constant(c, scope.world, type_))
    return f"{path} is {c.one(('', 'not '))}under {top}"


def _set(c: Chooser, scope: Scope, path: str, type_: SetType) -> str:
    others = [other for other, its in scope.paths["set"] if comparable(type_.of, its.item)]
    kind = c.one(("one", "one", "all", "any", "overlaps", "empty"))
    if kind == "overlaps" and scope.world.features.two_sets:
        return f"{path} overlaps {c.one(others)}"
    if kind == "empty":
        return f"{path} is {c.one(('', 'not '))}empty"
    if kind in ("all", "any") and not isinstance(type_.of, RecordType):
        items = {_other(c, scope, type_.of, path) for _ in range(c.number(1, 3))}
        return f"{path} {'contains all of' if kind == 'all' else 'overlaps'} [{', '.join(sorted(items))}]"
    return f"{path} contains {_other(c, scope, type_.of, path)}"


def _turned(c: Chooser, left: str, operator: str, right: str) -> str:
    return f"{right} {operator} {left}" if c.chance(15) else f"{left} {operator} {right}"


def _path(c: Chooser, paths: list[tuple[str, Type]]) -> tuple[str, Type]:
    """Half of the time one of the record's own attributes, if there are any of the kind."""
    own = [each for each in paths if "." not in each[0]]
    return c.one(own) if own and not c.chance(50) else c.one(paths)


def _other(c: Chooser, scope: Scope, type_: Type, path: str) -> str:
    """What a value is compared with: the assigned user, a constant, a parameter or another path."""
    if isinstance(type_, UserType) and not c.chance(40):
        return "assigned user"
    others = _others(scope, type_, path) if isinstance(type_, RecordType) or c.chance(25) else []
    return c.one(others) if others else _constant(c, scope, type_)


def _others(scope: Scope, type_: Type, path: str) -> list[str]:
    """The paths that a value can be compared with; one to a record also with itself."""
    return [
        other
        for other, its in scope.paths.get(kind_of(type_), ())
        if comparable(type_, its) and (other != path or isinstance(type_, RecordType))
    ]


def _constant(c: Chooser, scope: Scope, type_: Type) -> str:
    fitting = [name for name, its in scope.parameters if comparable(type_, its)]
    if fitting and not c.chance(25):
        return c.one(fitting)
    return in_text(type_, constant(c, scope.world, type_))


def _time(c: Chooser, scope: Scope, path: str, type_: Type) -> str:
    operator = c.one(("within", "older than", "within next"))
    lengths = [name for name, its in scope.parameters if isinstance(its, DurationType)]
    if isinstance(type_, DateType):
        # A parameter could be a number of hours, which a day does not have.
        lengths = []
    lengths += [name for name, its in scope.paths.get("DurationType", ()) if isinstance(its, DurationType)]
    if lengths and c.chance(50):
        return f"{path} {operator} {c.one(lengths)}"
    durations = [d for d in scope.world.constants.durations if d.unit != "minutes" or isinstance(type_, DateTimeType)]
    if not durations:
        return f"{path} is present"
    return f"{path} {operator} {in_text(DurationType(), c.one(durations))}"


def _network(c: Chooser, scope: Scope, path: str) -> str:
    networks = [quoted(network) for network in c.some(scope.world.constants.networks, 1, 3)]
    if len(networks) == 1 and not c.chance(30):
        return f"{path} in {networks[0]}"
    return f"{path} in [{', '.join([*networks, _other(c, scope, IpType(), path)])}]"
