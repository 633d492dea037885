"""What PostgreSQL cannot express in a policy set, beyond whole constructs."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.ir import nodes as ir
from policylang.model import conditions as c
from policylang.model.types import Duration, IpType, RecordType, Type, UserType
from policylang.runtime.index import Index
from policylang.target_settings import Postgres
from policylang.targets.postgres import tables
from policylang.targets.postgres.expressions import Had, covering, had, plans
from policylang.targets.postgres.script import conditions
from policylang.targets.target import Refusal

LONGEST_MONTHS = 12 * 1000
"""Of a duration. Longer ones lead out of the calendar."""


def refusals(index: Index, settings: Postgres) -> Iterator[Refusal]:
    """Everything, in no order."""
    yield from tables.refused(index, settings)
    mapped = tables.mapped(index, settings)
    for resource, condition in conditions(index, mapped):
        yield from _of_condition(index, mapped, resource, condition)
    yield from _texts(index)
    for user in index.policy_set.users:
        for given in user.attributes:
            for written in given.values:
                yield from _of_address(written.type, written.value, given.at)
    for each in had(index):
        for resource in mapped:
            if "view" in index.actions[resource]:
                yield from _viewed_in_part(index, each, resource)


def _viewed_in_part(index: Index, each: Had, resource: str) -> Iterator[Refusal]:
    """Attributes that are covered on some of the rows that may be viewed."""
    planned = plans(index, each, "view", resource)
    _, some = covering(planned, index.attributes[resource])
    for field in sorted(some):
        message = f"column privileges do not depend on the row: `{field}` may be viewed on some `{resource}` only"
        granted = [g.at for _, plan in planned for way in plan.ways if field in way.fields for g in way.statements]
        yield Refusal("PL801", message, min(granted), "grant it on every record that may be viewed, or on none")


# --- conditions and texts ------------------------------------------------------------------------------------


def _of_condition(
    index: Index, mapped: dict[str, tables.Mapped], resource: str, condition: c.Condition
) -> Iterator[Refusal]:
    for test in condition.tests():
        if isinstance(test, c.Time):
            yield from _of_length(test)
        for operand in test.sides:
            if isinstance(operand, c.Path):
                yield from _of_path(index, mapped, resource, operand, test.at)
            else:
                yield from _of_address(operand.type, operand.value, test.at)
        if isinstance(test, c.In):
            for each in test.values:
                yield from _of_address(test.operand.type, each, test.at)


def _of_address(type_: Type, value: c.Value, at: str) -> Iterator[Refusal]:
    if isinstance(type_, IpType) and "%" in str(value):
        help = "leave the zone behind `%` out"
        yield Refusal("PL803", f"`{value}`: PostgreSQL's addresses have no zones", at, help)


def _of_length(test: c.Time) -> Iterator[Refusal]:
    if not isinstance(test.duration, c.Constant):
        help = "write the duration into the policy"
        yield Refusal("PL801", "PostgreSQL cannot express a duration that is an attribute", test.at, help)
        return
    length = test.duration.value
    assert isinstance(length, Duration)
    months = {"months": 1.0, "days": 12 / 365, "minutes": 12 / 365 / 24 / 60}[length.unit] * length.amount
    if months > LONGEST_MONTHS:
        yield Refusal("PL803", f"{length} lead out of PostgreSQL's calendar", test.at, "write 1,000 years at most")


def _of_path(index: Index, mapped: dict[str, tables.Mapped], resource: str, path: c.Path, at: str) -> Iterator[Refusal]:
    roots = {"subject": index.subject, "request": index.request}
    if path.root != "record":
        first = roots[path.root][path.steps[0]] if path.steps else None
        if isinstance(first, RecordType):
            message = f"PostgreSQL cannot follow `{path.steps[0]}`: users and requests hold no rows"
            yield Refusal("PL801", message, at, "put the related record's attribute in its place")
        return
    type_: object = RecordType(resource)
    for number, step in enumerate(path.steps):
        if isinstance(type_, UserType) or not isinstance(type_, RecordType):
            return
        if number and type_.resource not in mapped:
            message = f"the condition reads `{type_.resource}`, which is not in the database"
            yield Refusal("PL801", message, at, "name its table in `targets: postgres: tables:` in `policylang.yaml`")
            return
        if number and len(f"{type_.resource}.{step}".encode()) > 63:
            message = f"PostgreSQL cuts names after 63 bytes: `{type_.resource}.{step}`"
            yield Refusal("PL803", message, at, "shorten the name of the resource or the attribute")
        type_ = index.attributes[type_.resource][step].type


def _texts(index: Index) -> Iterator[Refusal]:
    """PostgreSQL's texts hold everything but NUL."""
    named: list[tuple[str, str]] = [(user.id, user.at) for user in index.policy_set.users]
    named += [(place.name, place.at) for place in index.policy_set.places]
    named += [
        (str(v.value), value.at) for user in index.policy_set.users for value in user.attributes for v in value.values
    ]
    named += [(str(v.value), v.at) for each in _all_conditions(index.policy_set) for v in each.constants()]
    for text, at in named:
        if "\0" in text:
            yield Refusal("PL803", "PostgreSQL's texts hold no NUL character", at, "leave it out")


def _all_conditions(policy_set: ir.PolicySet) -> Iterator[c.Condition]:
    yield from (instance.condition for instance in policy_set.policy_instances)
    yield from (deny.condition for deny in policy_set.every_deny() if deny.condition is not None)
