"""Plans as shapes: all that their code depends on, without a name or a constant of the policy set.

Those are numbered values beside the shape. Plans of one shape have one code.
"""

from __future__ import annotations

import datetime
import operator
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Literal

import msgspec

from policylang.model import addresses
from policylang.model import conditions as c
from policylang.model.types import (
    NUMBERS,
    BoolType,
    DateTimeType,
    DateType,
    EnumType,
    PlaceType,
    RecordType,
    SetType,
    TextType,
    Type,
    UserType,
)
from policylang.runtime import readers
from policylang.runtime.clock import clock_test
from policylang.runtime.index import Index
from policylang.runtime.plan import AllMet, AnyMet, Held, Met, Plan, fold_met
from policylang.runtime.trees import under
from policylang.runtime.truth import UNALIKE, compare, constant, contains, overlap, text_test
from policylang.runtime.values import TOO_LARGE

_Guard = Literal["type", "enum", "instant", "number", "none"]


class Read(msgspec.Struct, frozen=True, gc=False):
    """A value that is read. ``values``: the numbers of what reads it; the last one does where the value is not of the
    very type that is compared, or is no attribute of the record itself.
    """

    root: Literal["own", "record", "subject", "request"]
    guard: _Guard
    values: tuple[int, ...]


class ShapeOperand(msgspec.Struct, frozen=True, gc=False):
    """A read or a value by its number, the user's id, or the record itself."""

    of: Literal["read", "value", "user", "record"]
    number: int = 0


class ShapeTest(msgspec.Struct, frozen=True, gc=False):
    name: str
    operands: tuple[ShapeOperand, ...]


class Joined(msgspec.Struct, frozen=True, gc=False):
    """All or some of the items."""

    every: bool
    items: tuple[ShapeCondition, ...]


class Negated(msgspec.Struct, frozen=True, gc=False):
    item: ShapeCondition


ShapeCondition = ShapeTest | Joined | Negated


class ConditionGroup(msgspec.Struct, frozen=True, gc=False):
    """Conditions that are looked at together, after what they read and no other group before read."""

    reads: tuple[Read, ...]
    conditions: tuple[ShapeCondition, ...]


class WayShape(msgspec.Struct, frozen=True, gc=False):
    """Where it holds, by number, and its limits."""

    place: int | None
    limits: tuple[int, ...]


class DenyShape(msgspec.Struct, frozen=True, gc=False):
    """``condition``: its number in the group of denies. ``whole``: it takes the action away, not just attributes."""

    place: int | None
    condition: int | None
    whole: bool


class PlanShape(msgspec.Struct, frozen=True, gc=False):
    """``place``: the value that reads the record's place. ``places``: the values that contain the places below each
    place that is named in it.
    """

    place: int | None
    places: tuple[int, ...]
    limits: ConditionGroup
    ways: tuple[WayShape, ...]
    requirement: Met
    appends: ConditionGroup
    denied: ConditionGroup
    denies: tuple[DenyShape, ...]


class SignatureShape(msgspec.Struct, frozen=True, gc=False):
    """Everything that the decision of a plan can depend on. ``depths``: the values that tell how much of a path there
    is, with the root of each.
    """

    place: int | None
    places: tuple[int, ...]
    tests: ConditionGroup
    depths: tuple[tuple[str, int], ...]


class Lowering:
    """The values of one shape, as they are numbered."""

    def __init__(self, index: Index, resource: str) -> None:
        self.index = index
        self.resource = resource
        self.values: list[Any] = []
        self._numbers: dict[int, int] = {}
        self._reads: dict[tuple[str, tuple[str, ...]], int] = {}
        self._new: list[Read] = []
        self.paths: list[c.Path] = []

    def value(self, value: Any) -> int:
        """The number of a value, which is the same for the same object."""
        number = self._numbers.get(id(value))
        if number is None:
            number = self._numbers[id(value)] = len(self.values)
            self.values.append(value)
        return number

    def group(self, conditions: Iterable[c.Condition]) -> ConditionGroup:
        found = tuple(self.condition(each) for each in conditions)
        reads, self._new = tuple(self._new), []
        return ConditionGroup(reads, found)

    def condition(self, condition: c.Condition) -> ShapeCondition:
        match condition:
            case c.And(items) | c.Or(items):
                return Joined(isinstance(condition, c.And), tuple(self.condition(item) for item in items))
            case c.Not(item):
                return Negated(self.condition(item))
            case _:
                return self.test(condition)

    def test(self, test: c.Test) -> ShapeTest:
        name, operands, helper = self._parts(test)
        if isinstance(test, c.Under):
            self.paths.append(test.above)
        found = [self._operand(each) for each in operands]
        return ShapeTest(name, (*found, *([] if helper is None else [ShapeOperand("value", self.value(helper))])))

    def _parts(self, test: c.Test) -> tuple[str, tuple[c.Operand, ...], Any]:
        match test:
            case c.Missing():
                return "missing", test.sides, None
            case c.Compare() if isinstance(test.left.type, UNALIKE):
                return "call_two", test.sides, partial(compare, test.test, type_=test.left.type)
            case c.Compare():
                return test.test, test.sides, None
            case c.In():
                type_ = test.operand.type
                wanted = [constant(type_, value) for value in test.values]
                if isinstance(type_, UNALIKE):
                    return "call_one", test.sides, partial(contains, type_, wanted)
                return "in", test.sides, frozenset(wanted)
            case c.InNetwork():
                return "call_one", test.sides, addresses.network(test.network).__contains__
            case c.Contains():
                return "call_two", test.sides, partial(contains, test.item.type)
            case c.Hours() | c.Weekdays():
                return "clock", (), partial(clock_test, test, timezone=self.index.timezone)
            case c.Overlaps():
                return "call_two", test.sides, partial(overlap, test.left.type.item)
            case c.Under():
                return "call_two", test.sides, partial(under, test, self.index.lookup)
            case c.Empty():
                return "call_one", test.sides, operator.not_
            case c.TextTest():
                return "call_two", test.sides, partial(text_test, test.test)
            case c.Time():
                length = readers.exact_length(test)
                if length is not None:
                    return test.test, (test.operand,), length
                return "moment", test.sides, readers.moment(self.index, test)

    def _operand(self, operand: c.Operand) -> ShapeOperand:
        if isinstance(operand, c.Constant):
            return ShapeOperand("value", self.value(constant(operand.type, operand.value)))
        if not operand.steps:
            return ShapeOperand("user" if operand.root == "subject" else "record")
        key = (operand.root, operand.steps)
        if key not in self._reads:
            self._reads[key] = len(self._reads)
            self.paths.append(operand)
            self._new.append(self._read(operand))
        return ShapeOperand("read", self._reads[key])

    def _read(self, path: c.Path) -> Read:
        get = self.value(readers.last(readers.walk(self.index, path, self.resource)))
        if path.root != "record" or len(path.steps) > 1:
            return Read(path.root, "none", (get,))
        guard, values = _guard(path.type)
        if guard == "none":
            return Read("record", "none", (get,))
        return Read("own", guard, (self.value(path.steps[0]), *map(self.value, values), get))


# The Python type that is compared as it is; everything else is read first.
_EXACT: dict[type, type] = {
    TextType: str,
    UserType: str,
    PlaceType: str,
    BoolType: bool,
    DateType: datetime.date,
}


def _guard(type_: Type) -> tuple[_Guard, tuple[Any, ...]]:
    """What tells that a value can be compared as it is."""
    if isinstance(type_, EnumType):
        return "enum", (str, frozenset(type_.values))
    if isinstance(type_, DateTimeType):
        return "instant", (datetime.datetime, datetime.UTC)
    if isinstance(type_, NUMBERS):
        return "number", (int, -TOO_LARGE, TOO_LARGE)
    exact = _EXACT.get(type(type_))
    return ("none", ()) if exact is None else ("type", (exact,))


def plan_shape(index: Index, plan: Plan, signature: Callable[..., Any]) -> tuple[PlanShape, tuple[Any, ...]]:
    """The shape of a plan and its values; the first is what tells all that an answer that is left open depends on."""
    lowering = Lowering(index, plan.resource)
    lowering.value(signature)
    places = _places(plan)
    limits = {each.id: each for way in plan.ways for each in way.limits}
    numbers = {name: number for number, name in enumerate(limits)}
    conditions = [each.deny.condition for each in plan.denies]
    given = [condition for condition in conditions if condition is not None]
    position = iter(range(len(given)))

    def held(names: tuple[str, ...]) -> Met:
        return Held(tuple(places[name] for name in names))

    shape = PlanShape(
        _place(lowering, plan),
        tuple(lowering.value(index.covered(place)) for place in places),
        lowering.group(each.condition for each in limits.values()),
        tuple(WayShape(_number(places, w.place), tuple(numbers[each.id] for each in w.limits)) for w in plan.ways),
        fold_met(plan.requirement, held, lambda items: AllMet(tuple(items)), lambda items: AnyMet(tuple(items))),
        lowering.group(each.condition for each in plan.appends),
        lowering.group(given),
        tuple(
            DenyShape(
                _number(places, each.place),
                None if each.deny.condition is None else next(position),
                each.deny.fields is None,
            )
            for each in plan.denies
        ),
    )
    return shape, tuple(lowering.values)


def signature_shape(index: Index, plan: Plan) -> tuple[SignatureShape, tuple[Any, ...]]:
    """The shape of all that an answer of the plan can depend on."""
    lowering = Lowering(index, plan.resource)
    tests = lowering.group(test for condition in plan.conditions() for test in condition.tests())
    depths = [
        (path.root, lowering.value(readers.depth(readers.walk(index, path, plan.resource)))) for path in lowering.paths
    ]
    places = tuple(lowering.value(index.covered(place)) for place in _places(plan))
    return SignatureShape(_place(lowering, plan), places, tests, tuple(depths)), tuple(lowering.values)


def condition_shape(index: Index, condition: c.Condition, resource: str) -> tuple[ConditionGroup, tuple[Any, ...]]:
    """The shape of a condition alone."""
    lowering = Lowering(index, resource)
    return lowering.group([condition]), tuple(lowering.values)


def reads_once(index: Index, plan: Plan) -> bool:
    """Whether the code of a plan reads every attribute of the record and of the request once: no path of it leads on
    from an attribute, and none is the record's place. Sets are read item by item, so they do not count.
    """
    place = index.resources[plan.resource].place
    return not any(
        path.root != "subject"
        and (len(path.steps) > 1 or isinstance(path.type, RecordType | SetType) or path.steps == (place,))
        for condition in plan.conditions()
        for path in condition.paths()
    )


def _place(lowering: Lowering, plan: Plan) -> int | None:
    name = lowering.index.resources[plan.resource].place
    return None if name is None else lowering.value(readers.place_reader(lowering.index, plan.resource, name))


def _places(plan: Plan) -> dict[str, int]:
    """The places that a plan names, by number."""
    required = fold_met(plan.requirement, list, _in_a_row, _in_a_row)
    named = [*(way.place for way in plan.ways), *required, *(each.place for each in plan.denies)]
    return {place: number for number, place in enumerate(dict.fromkeys(p for p in named if p is not None))}


def _number(places: dict[str, int], place: str | None) -> int | None:
    return None if place is None else places[place]


def _in_a_row(lists: list[list[str]]) -> list[str]:
    return [each for some in lists for each in some]
