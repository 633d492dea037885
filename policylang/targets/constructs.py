"""The constructs of the language that a target may or may not express, and where a policy set uses them.

Only what decisions depend on counts: a policy that nobody attaches, a task or an invariant asks nothing of a target.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec

from policylang.ir import nodes as ir
from policylang.ir.requirements import atoms
from policylang.model import conditions as c
from policylang.model.types import (
    DateType,
    DecimalType,
    Duration,
    DurationType,
    IpType,
    MoneyType,
    PlaceType,
    RecordType,
    UserType,
)
from policylang.runtime.index import Index
from policylang.targets.ways import is_of_user

CONSTRUCTS: dict[str, str] = {
    # conditions
    "logic": "`and`, `or`, `not`, `is missing`, `is present`",
    "comparison": "`is`, `<`, `in [a, b]` on text, whole numbers, enums, booleans, users and datetimes",
    "date": "attributes that are dates",
    "decimal": "attributes that are decimals or money",
    "duration": "attributes that are durations",
    "network": '`in "10.0.0.0/8"` and comparing IP addresses',
    "set": "`contains`, `contains all of [a, b]` and `overlaps [a, b]` of a set",
    "overlaps": "`overlaps` of two sets",
    "empty": "`is empty` of a set",
    "text": "`contains`, `starts with`, `ends with` of a text",
    "within": "`within`, `within next`, `older than`: minutes, hours and days with a datetime",
    "within-days": "the same with a date",
    "within-months": "the same with months and years",
    "clock": "`now is between` and `now is on`: times of day and weekdays",
    "related": "related records: `customer.status` of a file",
    "same-record": "comparing related records with each other",
    "tree": "`is under`: trees of records",
    "subject": "attributes of the assigned user",
    "user-attribute": "attributes of a user whom the record names: `customer.sales_rep.department`",
    "request": "attributes of the request",
    "two-attributes": "comparing two attributes with each other",
    # decisions
    "limits": "policies that limit groups and roles",
    "append": "policies that a user appends",
    "override": "policies that a user overrides with",
    "deny": "`deny`, in a group or role",
    "deny-everyone": "`deny` for everyone",
    "deny-fields": "`deny` of attributes",
    "fields": "grants of attributes, `including`, `except`, sensitive attributes",
    "requires": "`requires` of another grant, a feature or the superuser tag",
    "requires-at": "`requires … at` a kind of place",
    "bypasses": "`bypasses policies`",
    "places": "roles assigned at places",
    "dated": "assignments and integrations with `from` and `until`",
    "hours": "assignments with `from` and `until` at a time of day",
    "terminated": "terminated users",
    "integration": "integrations",
    "eligible": "attributes that ask for a `user with role`",
    "modify": "modify and actions like it, decided before and after the change",
}
"""What each construct is, in words."""


class Use(msgspec.Struct, frozen=True):
    """A place where a policy set uses a construct."""

    construct: str
    at: str


def looks_at_clock(index: Index) -> bool:
    """Whether a condition asks for the time of day or the weekday."""
    return any(
        isinstance(test, c.Hours | c.Weekdays) for _, condition in index.conditions() for test in condition.tests()
    )


def uses(index: Index) -> tuple[Use, ...]:
    """Every use, each once, in the order of `CONSTRUCTS` and of places."""
    policy_set = index.policy_set
    order = {name: number for number, name in enumerate(CONSTRUCTS)}
    found = set(_of_decisions(policy_set))
    for resource, condition in index.conditions():
        found.update(_of_condition(index, resource, condition))
    return tuple(sorted(found, key=lambda use: (order[use.construct], use.at)))


# --- decisions -----------------------------------------------------------------------------------------------


def _of_decisions(policy_set: ir.PolicySet) -> Iterator[Use]:
    for bundle in policy_set.bundles:
        yield from (Use("limits", limit.at) for limit in bundle.limits)
        yield from _of_denies(bundle.denies, "deny")
        yield from (Use("fields", grant.at) for grant in bundle.grants if grant.fields is not None)
    yield from _of_denies(policy_set.denies, "deny-everyone")
    for resource in policy_set.resources:
        yield from _of_resource(resource)
    for user in policy_set.users:
        yield from (Use("append", policy.at) for policy in user.appends)
        yield from (Use("override", policy.at) for policy in user.overrides)
        yield from (Use("places", given.at) for given in user.assignments if given.place is not None)
        for given in user.assignments:
            if given.start or given.until:
                yield Use("hours" if given.start_time or given.until_time else "dated", given.at)
        if user.terminated:
            yield Use("terminated", user.at)
    for integration in policy_set.integrations:
        yield Use("integration", integration.at)
        if integration.start or integration.until:
            yield Use("dated", integration.at)


def _of_denies(denies: Iterable[ir.Deny], construct: str) -> Iterator[Use]:
    for deny in denies:
        yield Use(construct, deny.at)
        if deny.fields is not None:
            yield Use("deny-fields", deny.at)


def _of_resource(resource: ir.Resource) -> Iterator[Use]:
    for attribute in resource.attributes:
        if attribute.sensitive:
            yield Use("fields", attribute.at)
        if attribute.role is not None:
            yield Use("eligible", attribute.at)
    for action in resource.actions:
        if action.kind == "modify" and resource.attributes:
            yield Use("modify", action.at)
        if action.bypasses_policies:
            yield Use("bypasses", action.at)
        yield from _of_requirement(action.requires)


def _of_requirement(requirement: ir.Requirement | None) -> Iterator[Use]:
    for atom in atoms(requirement):
        at_place = isinstance(atom, ir.RequiresGrant) and atom.place_kind is not None
        yield Use("requires-at" if at_place else "requires", atom.at)


# --- conditions ----------------------------------------------------------------------------------------------


def _of_condition(index: Index, resource: str, condition: c.Condition) -> Iterator[Use]:
    for node in condition.walk():
        if isinstance(node, c.And | c.Or | c.Not):
            yield Use("logic", node.at)
            continue
        paths = [side for side in node.sides if isinstance(side, c.Path)]
        names = [*_of_test(index, resource, node), *(name for side in node.sides for name in _of_type(side))]
        names += [name for path in paths for name in _of_path(index, resource, path)]
        of_record = [path for path in paths if path.steps and path.root == "record"]
        if 1 < len(paths) == len(of_record) and not isinstance(node, c.Overlaps):
            names.append("two-attributes")
        yield from (Use(name, node.at) for name in names)


def _of_test(index: Index, resource: str, test: c.Test) -> Iterator[str]:
    match test:
        case c.Missing():
            yield "logic"
        case c.Compare() | c.In():
            yield "comparison"
            operand = test.left if isinstance(test, c.Compare) else test.operand
            if isinstance(operand.type, RecordType):
                yield "same-record"
            if isinstance(operand.type, IpType):
                yield "network"
        case c.Time(operand=operand, duration=c.Constant(value=Duration(unit="months"))):
            yield "within-months"
        case c.Time(operand=operand):
            yield "within-days" if isinstance(operand.type, DateType) else "within"
        case c.InNetwork():
            yield "network"
        case c.Contains():
            yield "set"
        case c.Overlaps(c.Path("subject"), c.Path("subject")):
            yield "set"  # what users hold is known beforehand
        case c.Overlaps():
            yield "overlaps"
        case c.Empty(c.Path() as path) if is_of_user(index, resource, path):
            yield "set"
        case c.Empty():
            yield "empty"
        case c.TextTest():
            yield "text"
        case c.Hours() | c.Weekdays():
            yield "clock"
        case c.Under():
            yield "tree"


def _of_type(operand: c.Operand) -> Iterator[str]:
    item = operand.type.item
    match item:
        case DateType():
            yield "date"
        case DecimalType() | MoneyType():
            yield "decimal"
        case PlaceType():
            yield "places"
        case DurationType() if isinstance(operand, c.Path):
            yield "duration"


def _of_path(index: Index, resource: str, path: c.Path) -> Iterator[str]:
    """What lies on the way."""
    if path.root == "request":
        yield "request"
    if path.root == "subject" and path.steps:
        yield "subject"
    for holder, _ in islice(index.holders(resource, path), 1, None):
        yield "user-attribute" if isinstance(holder, UserType) else "related"
