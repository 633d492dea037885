"""The decision as a formula, for questions about all records at once."""

from __future__ import annotations

from collections.abc import Iterable

from policylang.analysis.formula import FALSE, TRUE, AllOf, AnyOf, Formula, Holds, NotOf, all_true, true
from policylang.ir import nodes as ir
from policylang.model import conditions as c
from policylang.runtime.index import Index
from policylang.runtime.plan import Met, Plan, Way, fold_met


def attribute_path(declared: ir.Attribute) -> c.Path:
    """The attribute of the record that is asked about."""
    return c.Path("record", (declared.name,), declared.type, declared.at)


def missing(declared: ir.Attribute) -> Formula:
    """The record has no value of the attribute."""
    return true(c.Missing(attribute_path(declared), declared.at))


def covered(index: Index, resource: str, place: str | None) -> Formula:
    """The record lives at the place or below it; anywhere, if the place is ``None``."""
    if place is None:
        return TRUE
    test = place_test(index, resource, place)
    return FALSE if test is None else true(test)


def place_test(index: Index, resource: str, place: str) -> c.In | None:
    """Whether the record lives at the place or below it; ``None`` where no record of its kind can."""
    of = index.resources[resource].place
    if of is None:
        return None
    places, at = index.homes(resource, place), index.resources[resource].at
    return c.In(c.Path("record", (of,), index.attributes[resource][of].type, at), places, at) if places else None


def way_open(index: Index, resource: str, way: Way) -> Formula:
    """The grants of the way reach the record."""
    return AllOf((covered(index, resource, way.place), all_true(limit.condition for limit in way.limits)))


def ways_open(index: Index, resource: str, ways: Iterable[Way]) -> Formula:
    """One of the ways leads to the record."""
    return AnyOf(tuple(way_open(index, resource, way) for way in ways))


def denied(index: Index, deny: ir.Deny, place: str | None = None) -> Formula:
    """The deny, of whoever has it at the place, matches the record: its condition is true or unknown."""
    matches = TRUE if deny.condition is None else NotOf(Holds(deny.condition, False))
    return AllOf((covered(index, deny.resource, place), matches))


def met(index: Index, resource: str, requirement: Met) -> Formula:
    """What the action requires is met for the record."""
    if isinstance(requirement, bool):  # as nearly always
        return TRUE if requirement else FALSE

    def held(places: tuple[str, ...]) -> Formula:
        return AnyOf(tuple(covered(index, resource, place) for place in places))

    return fold_met(requirement, held, lambda items: AllOf(tuple(items)), lambda items: AnyOf(tuple(items)))


def unhindered(index: Index, plan: Plan, field: str | None = None) -> Formula:
    """Nothing but a missing grant keeps the action (on the field, if one is given) from the record: what it requires is
    met, the appends are true, no deny matches.
    """
    denies = [
        NotOf(denied(index, each.deny, each.place))
        for each in plan.denies
        if each.deny.fields is None or field in each.deny.fields
    ]
    appends = [true(instance.condition) for instance in plan.appends]
    return AllOf((met(index, plan.resource, plan.requirement), *appends, *denies))


def allowed(index: Index, plan: Plan, field: str | None = None) -> Formula:
    """The action is open on the record, and covers the field if one is given: what `decide` says."""
    ways = [way for way in plan.ways if field is None or field in way.fields]
    return AllOf((ways_open(index, plan.resource, ways), unhindered(index, plan, field)))
