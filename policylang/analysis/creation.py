"""What somebody can create, as a question. A decision about a new record asks for every attribute that it sets, and for
users who may be written where a role is asked for.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import msgspec

from policylang.analysis.decision import allowed, denied, way_open
from policylang.analysis.formula import FALSE, TRUE, AllOf, AnyOf, Formula, Holds, NotOf, true
from policylang.ir import nodes as ir
from policylang.model import conditions as c
from policylang.model.types import UserType
from policylang.runtime.index import Index
from policylang.runtime.plan import Plan
from policylang.runtime.reference import eligible


class Creation(msgspec.Struct, frozen=True):
    """The formula holds of records that can be created, without the attributes ``left_out``: those that must be there
    and that no grant covers or nobody is eligible for. Somebody else fills them later.
    """

    formula: Formula
    left_out: frozenset[str]


def creation(
    index: Index, plan: Plan, holds: frozenset[str], now: datetime.datetime, *, complete: bool = True
) -> Creation:
    """What somebody who has the roles ``holds`` can create: ``complete`` records, as far as may be, or any."""
    asked: list[Formula] = []
    left_out: set[str] = set()
    for name, declared in index.attributes[plan.resource].items():
        fits = AllOf((_covered(index, plan, name), _eligible(index, plan, declared, holds, now)))
        missing: Formula = Holds(c.Missing(_path(declared), declared.at), True)
        if FALSE in fits.items:
            if declared.optional or not complete:
                asked.append(missing)
            else:
                left_out.add(name)
        else:
            asked.append(AnyOf((missing, fits)) if declared.optional or not complete else fits)
    return Creation(AllOf((allowed(index, plan), *asked)), frozenset(left_out))


def not_creatable(index: Index, plan: Plan, field: str | None = None) -> Formula:
    """Something that the record sets is not covered or not of its type, or the action is not open on it, or does not
    cover the field.
    """
    sets: list[Formula] = []
    for name, declared in index.attributes[plan.resource].items():
        missing = c.Missing(_path(declared), declared.at)  # unknown of a value of another type, which is never written
        written = AllOf((Holds(missing, False), _covered(index, plan, name)))
        sets.append(AllOf((NotOf(Holds(missing, True)), NotOf(written))))
    return AnyOf((NotOf(allowed(index, plan, field)), *sets))


def _path(declared: ir.Attribute) -> c.Path:
    return c.Path("record", (declared.name,), declared.type, declared.at)


def _covered(index: Index, plan: Plan, name: str) -> Formula:
    """A grant that reaches the record covers the attribute, and no deny takes it."""
    ways = tuple(way_open(index, plan.resource, way) for way in plan.ways if name in way.fields)
    denies = [each for each in plan.denies if each.deny.fields is not None and name in each.deny.fields]
    if not ways or any(each.place is None and each.deny.condition is None for each in denies):
        return FALSE
    return AllOf((AnyOf(ways), *(NotOf(denied(index, plan.resource, each)) for each in denies)))


def _eligible(
    index: Index, plan: Plan, declared: ir.Attribute, holds: frozenset[str], now: datetime.datetime
) -> Formula:
    """The attribute holds a user who may be written into it. Those whom no condition names are alike: one will do."""
    type_ = declared.type
    if not isinstance(type_, UserType) or type_.role is None:
        return TRUE
    users = eligible(index, plan.resource, declared.name, now)
    named = frozenset(_named(plan))
    values = [user for user in users if user in named]
    values += [user for user in users if user not in named][:1]
    path = _path(declared)
    parts: list[Formula] = [true(c.In(path, tuple(sorted(values)), declared.at))] if values else []
    if type_.role in holds:
        parts.append(true(c.Compare("eq", path, c.Path("subject", (), UserType(None), declared.at), declared.at)))
    return AnyOf(tuple(parts)) if parts else FALSE


def _named(plan: Plan) -> Iterator[str]:
    """The users whom the conditions of a plan name."""
    conditions = [limit.condition for way in plan.ways for limit in way.limits]
    conditions += [instance.condition for instance in plan.appends]
    conditions += [each.deny.condition for each in plan.denies if each.deny.condition is not None]
    for condition in conditions:
        for test in condition.tests():
            if isinstance(test, c.In):
                yield from map(str, test.values)
            for operand in test.sides:
                if isinstance(operand, c.Constant):
                    yield str(operand.value)
