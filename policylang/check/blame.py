"""Whose fault it is that a policy is always or never true: the policy's, or that of the arguments it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice, product

import msgspec

from policylang.analysis.satisfiability import SATISFIABLE, UNKNOWN, Satisfiability
from policylang.check.finding import Finding, related
from policylang.diagnostics import listed
from policylang.ir import nodes as ir
from policylang.model import conditions as c
from policylang.model.types import (
    NUMBERS,
    BoolType,
    DateTimeType,
    DateType,
    Duration,
    DurationType,
    EnumType,
    IntType,
    Type,
)
from policylang.source import Location

_MOST = 60
"""How many other arguments are tried."""

_Slot = tuple[Type, c.Value, str]
"""Constants that stand for one parameter: their type and value, and their place where two arguments are equal."""


class Fault(msgspec.Struct, frozen=True):
    """Instances of one policy that are wrong, or may be if it is ``unproved``, and the places at which they are: first
    the one to look at.
    """

    instances: tuple[ir.PolicyInstance, ...]
    places: tuple[str, ...]
    unproved: bool

    def finding(self, code: str, said: str, help: str, proved: str) -> Finding:
        """What is ``said`` of the instances, and what it means that it is ``proved``."""
        names = listed([f"`{each.id}`" for each in self.instances[:3]], "and")
        return Finding(
            code=code,
            message=f"{names} {'is' if len(self.instances) == 1 else 'are'} {said}",
            at=self.places[0],
            help=help,
            related=tuple(related(other, "and here") for other in self.places[1:4]),
            proved=None if self.unproved else proved,
            unproved=self.unproved,
        )


def at_fault(policy_set: ir.PolicySet, right: Callable[[ir.PolicyInstance], Satisfiability]) -> Iterator[Fault]:
    """The instances for which it cannot be that they are ``right``. Those of a policy that is wrong whatever its
    arguments and its resource come together, where it is declared; otherwise each comes alone, where it is used.
    """

    def wrong(instance: ir.PolicyInstance) -> bool:
        return right(instance) is not SATISFIABLE

    used: dict[str, list[str]] | None = None
    of: dict[str, list[ir.PolicyInstance]] = {}
    for instance in policy_set.policy_instances:
        of.setdefault(instance.policy, []).append(instance)
    for instances in of.values():
        bad = tuple(instance for instance in instances if wrong(instance))
        if not bad:
            continue
        if len(bad) == len(instances) and all(map(wrong, _others(bad[0], instances))):
            yield Fault(bad, (bad[0].at,), any(right(each) is UNKNOWN for each in bad))
        else:
            used = _uses(policy_set) if used is None else used
            for each in bad:
                yield Fault((each,), tuple(used.get(each.id) or [each.at]), right(each) is UNKNOWN)


def _uses(policy_set: ir.PolicySet) -> dict[str, list[str]]:
    """Policy instances, and the places where they are attached to roles, groups and users."""
    found: dict[str, list[str]] = {}
    for limit in policy_set.every_limit():
        found.setdefault(limit.instance, []).append(limit.at)
    for places in found.values():
        if len(places) > 1:
            places.sort(key=Location.parse)
    return found


def _others(instance: ir.PolicyInstance, instances: list[ir.PolicyInstance]) -> Iterator[ir.PolicyInstance]:
    """The policy with other arguments. Which constants in its condition are arguments can only be told by their values;
    a mistake in that moves a finding to another line, and no more.
    """
    given = [(argument.type, argument.value) for argument in instance.arguments]
    slots: dict[_Slot, None] = {}

    def slot(type_: Type, value: c.Value, at: str) -> _Slot | None:
        alike = given.count((type_, value))
        return None if not alike else (type_, value, at if alike > 1 else "")

    def collect(type_: Type, value: c.Value, at: str) -> c.Value:
        found = slot(type_, value, at)
        if found is not None:
            slots[found] = None
        return value

    _with_constants(instance.condition, collect)
    used = [argument for each in instances for argument in each.arguments]
    choices = [
        list(dict.fromkeys([value, *(each.value for each in used if each.type == type_), *_samples(type_)]))
        for type_, value, _ in slots
    ]
    for values in islice(product(*choices), 1, _MOST):
        chosen: Mapping[_Slot | None, c.Value] = dict(zip(slots, values, strict=True))

        def change(type_: Type, value: c.Value, at: str, chosen: Mapping[_Slot | None, c.Value] = chosen) -> c.Value:
            return chosen.get(slot(type_, value, at), value)

        yield msgspec.structs.replace(instance, condition=_with_constants(instance.condition, change))


def _samples(type_: Type) -> tuple[c.Value, ...]:
    match type_:
        case DurationType():
            return Duration(1, "days"), Duration(1200, "months"), Duration(1, "minutes")
        case EnumType(values):
            return values
        case BoolType():
            return True, False
        case DateType():
            return "2000-01-01", "2100-01-01"
        case DateTimeType():
            return "2000-01-01T00:00:00Z", "2100-01-01T00:00:00Z"
        case _ if isinstance(type_, NUMBERS):
            whole = (-1_000_000, 0, 1_000_000)
            return whole if isinstance(type_, IntType) else tuple(map(str, whole))
        case _:
            return ()


def _with_constants(condition: c.Condition, change: Callable[[Type, c.Value, str], c.Value]) -> c.Condition:
    """The condition with other constants: those that ``change`` makes of their types, values and places."""
    replace = msgspec.structs.replace

    def operand(each: c.Operand) -> c.Operand:
        return each if isinstance(each, c.Path) else replace(each, value=change(each.type, each.value, each.at))

    def test(each: c.Test) -> c.Test:
        if isinstance(each, c.In):
            type_, at = each.operand.type, each.at
            values = [change(type_, value, f"{at} {n}") for n, value in enumerate(each.values)]
            return replace(each, values=tuple(dict.fromkeys(values)))
        return each.map_operands(operand)

    return condition.map_tests(test)
