"""What somebody can create, as a question. A decision about a new record asks for every attribute that it sets, and for
users who may be written where a role is asked for.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence

import msgspec

from policylang.analysis.decision import allowed, attribute_path, denied, missing, way_open
from policylang.analysis.formula import FALSE, TRUE, AllOf, AnyOf, Formula, Holds, NotOf, true
from policylang.analysis.query import COMPLETE, PROPOSED, TYPED, Assumed
from policylang.ir import nodes as ir
from policylang.model import conditions as c
from policylang.model.types import UserType
from policylang.runtime.index import Index
from policylang.runtime.plan import Plan
from policylang.runtime.reference import eligible


class Creation(msgspec.Struct, frozen=True):
    """The formula holds of records that can be created, of those that are ``assumed``. They lack what must be there and
    what no grant covers or nobody is eligible for: somebody else fills that in later.
    """

    formula: Formula
    assumed: Assumed


def creation(
    index: Index, plan: Plan, holds: frozenset[str], now: datetime.datetime, *, complete: bool = True
) -> Creation:
    """What somebody who has the roles ``holds`` can create: ``complete`` records, as far as may be, or any."""
    asked: list[Formula] = []
    left_out: list[ir.Attribute] = []
    for name, declared in index.attributes[plan.resource].items():
        fits = AllOf((_covered(index, plan, name), _eligible(index, plan, declared, holds, now)))
        may_lack = declared.optional or not complete
        if FALSE not in fits.items:
            asked.append(AnyOf((missing(declared), fits)) if may_lack else fits)
        elif may_lack:
            asked.append(missing(declared))
        else:
            left_out.append(declared)
    if not left_out:
        return Creation(AllOf((allowed(index, plan), *asked)), COMPLETE if complete else TYPED)
    for declared in index.attributes[plan.resource].values():
        if not declared.optional:
            asked.append(missing(declared) if declared in left_out else NotOf(missing(declared)))
    return Creation(AllOf((allowed(index, plan), *asked)), PROPOSED)


def not_creatable(index: Index, plan: Plan, field: str | None = None) -> Formula:
    """Something that the record sets is not covered or not of its type, or the action is not open on it, or does not
    cover the field.
    """
    sets: list[Formula] = []
    for name, declared in index.attributes[plan.resource].items():
        # Unknown of a value of another type, which is never written.
        there = Holds(c.Missing(attribute_path(declared), declared.at), False)
        written = AllOf((there, _covered(index, plan, name)))
        sets.append(AllOf((NotOf(missing(declared)), NotOf(written))))
    return AnyOf((NotOf(allowed(index, plan, field)), *sets))


def writable(
    index: Index, plan: Plan, formula: Formula, users: Callable[[ir.Attribute], Sequence[str]]
) -> tuple[Formula, ...]:
    """The attributes that a formula looks at are missing, or covered and one of ``users`` where they ask for a role; so
    are those that it takes to cover them.
    """
    parts: dict[str, Formula] = {}
    waiting = [*looked_at(formula)]
    for name in waiting:
        if name in parts:
            continue
        declared = index.attributes[plan.resource][name]
        fits = [allowed(index, plan, name)]
        if isinstance(declared.type, UserType) and declared.role is not None:
            fits.append(true(c.In(attribute_path(declared), tuple(users(declared)), declared.at)))
        parts[name] = AnyOf((missing(declared), AllOf(tuple(fits))))
        waiting += looked_at(parts[name])
    return tuple(parts.values())


def looked_at(formula: Formula) -> tuple[str, ...]:
    """The attributes of the record that a formula looks at, in order."""
    paths = (path for condition in formula.conditions() for path in condition.paths())
    return tuple(sorted({path.steps[0] for path in paths if path.root == "record" and path.steps}))


def _covered(index: Index, plan: Plan, name: str) -> Formula:
    """A grant that reaches the record covers the attribute, and no deny takes it."""
    ways = tuple(way_open(index, plan.resource, way) for way in plan.ways if name in way.fields)
    denies = [each for each in plan.denies if each.deny.fields is not None and name in each.deny.fields]
    if not ways or any(each.place is None and each.deny.condition is None for each in denies):
        return FALSE
    return AllOf((AnyOf(ways), *(NotOf(denied(index, each.deny, each.place)) for each in denies)))


def _eligible(
    index: Index, plan: Plan, declared: ir.Attribute, holds: frozenset[str], now: datetime.datetime
) -> Formula:
    """The attribute holds a user who may be written into it. Those whom no condition names are alike: one will do."""
    type_ = declared.type
    if not isinstance(type_, UserType) or type_.role is None:
        return TRUE
    users = eligible(index, plan.resource, declared.name, now)
    named = {str(each.value) for condition in plan.conditions() for each in condition.constants()}
    values = [user for user in users if user in named]
    values += [user for user in users if user not in named][:1]
    path = attribute_path(declared)
    parts: list[Formula] = [true(c.In(path, tuple(sorted(values)), declared.at))] if values else []
    if type_.role in holds:
        parts.append(true(c.Compare("eq", path, c.Path("subject", (), UserType(None), declared.at), declared.at)))
    return AnyOf(tuple(parts)) if parts else FALSE
