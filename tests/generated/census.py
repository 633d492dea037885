"""What occurred in generated policy sets and in the answers: whether a test compared something worth comparing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec

from policylang.ir import nodes as ir
from policylang.model import conditions as c
from policylang.model.model import KINDS
from policylang.model.types import SetType, Type, UserType
from policylang.runtime.reference import Decision

_ORDERED_TYPES = ("int", "decimal", "date", "datetime", "duration")
_TYPES = (*_ORDERED_TYPES, "text", "bool", "enum", "ip", "user", "place", "record")

WORDS = {
    "contains all of": re.compile(r" contains all of \["),
    "overlaps a list": re.compile(r" overlaps \["),
    "a grant on any resource with": re.compile(r"^ +grant .* on any resource with ", re.MULTILINE),
    "a deny on any resource with": re.compile(r"^ *deny .* on any resource with ", re.MULTILINE),
    "a policy on any resource with, attached": re.compile(r"^ +policy .* on any resource with ", re.MULTILINE),
    "a deny with except": re.compile(r"^ *deny [^{\n]* except ", re.MULTILINE),
    "hours over midnight": re.compile("now is (not )?between 2[23]:.. and 0[06]:.."),
    "not under": re.compile(" is not under "),
}
"""What a policy set does not keep: how it is written."""

CONSTRUCTS = frozenset(
    [
        *("and", "or", "not", "missing", "3 deep"),
        *(f"eq {type_}" for type_ in _TYPES),
        *("lt", "le", "gt", "ge", *(f"order of {type_}" for type_ in _ORDERED_TYPES)),
        *(f"in {type_}" for type_ in _TYPES if type_ not in ("bool", "record")),
        *(f"{test} {type_}" for test in ("within", "within_next", "older_than") for type_ in ("date", "datetime")),
        *(f"a length of {unit}" for unit in ("minutes", "days", "months")),
        *("a length that is a value", "two values compared", "in a network of IPv4", "in a network of IPv6"),
        *(f"text {test}" for test in ("contains", "starts_with", "ends_with")),
        *("sets overlap", "a set is empty", "hours", "weekdays"),
        *("the record under another", "a related record under another"),
        *(f"set of {type_} contains" for type_ in ("text", "number", "time", "user", "place", "record")),
        *(f"{root}, {steps} steps" for root in ("record", "subject", "request") for steps in (1, 2)),
        *("record, 3 steps", "subject, 0 steps"),
        *(
            "a policy with arguments",
            "a policy on any resource",
            "a policy for some actions",
            "a limit for some actions",
        ),
        *("a role in a role", "a role in a group", "an essential role", "a bundle with several limits"),
        *("a source of one user", "two kept apart", "at most so many kept apart", "a separation with a severity"),
        *("a grant of all", "a grant of some actions", "a grant of fields", "a grant of a sensitive field"),
        *("a deny of everything", "a deny of fields", "a deny with a condition", "a deny of fields with a condition"),
        *("a deny for everyone", "requires all", "requires any", "requires a feature", "requires the superuser tag"),
        *(
            "requires a grant",
            "requires a grant at a place",
            "bypasses policies",
            *(f"an action like {kind}" for kind in KINDS),
            "a user with role",
            "users with role",
        ),
        *("a superuser", "a terminated user", "in a group", "with a job", "an append", "an override"),
        *WORDS,
        *("an assignment", "an assignment at a place", "an assignment from", "an assignment until"),
        *("an assignment from a time", "an assignment until a time"),
        *(
            "an integration with a role",
            "an integration without a role",
            "an integration with two roles",
            "an integration with dates",
            "records that live at a site",
        ),
        *(
            "a role named like a group",
            "a role named like a resource",
            "a role named like a user",
            "a user who is named",
        ),
        *("records that live at a zone", "records that live at a region", "records that live nowhere"),
    ]
)

OUTCOMES = {
    "nothing grants": "nothing grants",
    "limit": " limits what ",
    "override": " replaces the limits of ",
    "place": " does not apply where ",
    "dates": ", but its assignment ",
    "terminated": " is terminated",
    "requirement": ", which the user does not have",
    "append": " is appended and ",
    "deny": "a deny blocks",
    "field not covered": "no grant of",
    "not eligible": "is not eligible",
    "wrong value": "` names",
    "unknown name": "there is no",
}
"""Why something is denied: a name for it, and what the first reason has in it."""


class Census:
    """Counts by name: policy sets in which a construct occurs, answers of a kind."""

    def __init__(self) -> None:
        self.policy_sets = 0
        self.constructs: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.allowed: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()

    def add_policy_set(self, policy_set: ir.PolicySet, text: str = "") -> None:
        """``text``: as it is written, for `WORDS`."""
        self.policy_sets += 1
        self.constructs.update({*_constructs(policy_set), *(name for name, each in WORDS.items() if each.search(text))})

    def add_decision(self, kind: str, decision: Decision | None) -> None:
        """``kind`` is that of the request; no decision where the runtime refused to decide."""
        if decision is None:
            self.outcomes["refused"] += 1
            return
        self.asked[kind] += 1
        self.allowed[kind] += decision.allowed
        self.outcomes["something missing"] += bool(decision.missing)
        if decision.allowed:
            self.outcomes["all fields" if decision.fields else "no fields"] += 1
            return
        self.outcomes.update(name for name, words in OUTCOMES.items() if words in decision.reasons[0])

    def share_allowed(self, *kinds: str) -> float:
        """Of the requests of some kinds, how many are allowed."""
        return sum(self.allowed[kind] for kind in kinds) / max(1, sum(self.asked[kind] for kind in kinds))

    def rare(self, least: int = 1) -> dict[str, int]:
        """The constructs and outcomes that did not occur in so many policy sets and answers."""
        counted = {name: self.constructs[name] for name in sorted(CONSTRUCTS)}
        counted |= {name: self.outcomes[name] for name in (*OUTCOMES, "something missing", "refused")}
        return {name: count for name, count in counted.items() if count < least}


# --- constructs ----------------------------------------------------------------------------------------------


def _constructs(policy_set: ir.PolicySet) -> Iterator[str]:
    """The names of what is in a policy set."""
    attributes = {resource.name: {a.name: a for a in resource.attributes} for resource in policy_set.resources}
    for node in _nodes(policy_set):
        yield from _of_condition(node)
        yield from _of_bundle(node, attributes)
        yield from _of_people(node)
        yield from _of_resource(node)
    yield from ("a deny for everyone" for _ in policy_set.denies)
    for separation in policy_set.separations:
        yield "two kept apart" if len(separation.permissions) == 2 else "at most so many kept apart"
        if separation.severity is not None:
            yield "a separation with a severity"
    for instance in policy_set.policy_instances:
        if _depth(instance.condition) >= 3:
            yield "3 deep"
    if any(policy.resource is None for policy in policy_set.policies):
        yield "a policy on any resource"
    roles = {role.name for role in policy_set.roles}
    for kind, names in (
        ("group", [group.name for group in policy_set.groups]),
        ("resource", [resource.name for resource in policy_set.resources]),
        ("user", [user.id for user in policy_set.users]),
    ):
        if roles.intersection(names):
            yield f"a role named like a {kind}"


def _nodes(root: Any) -> Iterator[msgspec.Struct]:
    """A struct and all that is in it."""
    rest = [root]
    while rest:
        node = rest.pop()
        if isinstance(node, tuple):
            rest += node
        elif isinstance(node, msgspec.Struct):
            yield node
            rest += [getattr(node, name) for name in node.__struct_fields__]


def _tag(node: msgspec.Struct) -> str:
    """The name of a type or of a condition; money is compared as decimals are."""
    tag = str(type(node).__struct_config__.tag)
    return "decimal" if tag == "money" else tag


_SET_NAMES = {"int": "number", "decimal": "number", "date": "time", "datetime": "time", "duration": "time"}


def _depth(condition: c.Condition) -> int:
    match condition:
        case c.And(items) | c.Or(items):
            return 1 + max(map(_depth, items))
        case c.Not(item):
            return 1 + _depth(item)
        case _:
            return 0


def _of_condition(node: msgspec.Struct) -> Iterator[str]:
    match node:
        case c.And() | c.Or() | c.Not() | c.Missing():
            yield _tag(node)
        case c.Compare(test, left, right):
            yield from (f"eq {_tag(left.type)}",) if test == "eq" else (test, f"order of {_tag(left.type)}")
            if isinstance(right, c.Path) and right.steps:
                yield "two values compared"
            if isinstance(right, c.Constant) and isinstance(right.type, UserType):
                yield "a user who is named"
        case c.Time(test, operand, duration):
            yield f"{test} {_tag(operand.type)}"
            yield "a length that is a value" if isinstance(duration, c.Path) else f"a length of {duration.value.unit}"  # type: ignore[union-attr]
        case c.In(operand):
            yield f"in {_tag(operand.type)}"
        case c.InNetwork(_, network):
            yield f"in a network of IPv{6 if ':' in network else 4}"
        case c.Contains(c.Path(type=SetType(of))):
            yield f"set of {_SET_NAMES.get(_tag(of), _tag(of))} contains"
        case c.Hours():
            yield "hours"
        case c.Weekdays():
            yield "weekdays"
        case c.Overlaps():
            yield "sets overlap"
        case c.Empty():
            yield "a set is empty"
        case c.Under(operand):
            yield f"{'a related' if operand.steps else 'the'} record under another"
        case c.TextTest(test):
            yield f"text {test}"
        case c.Path(root, steps):
            yield f"{root}, {len(steps)} steps"


def _of_resource(node: msgspec.Struct) -> Iterator[str]:
    match node:
        case ir.Resource():
            kinds = {a.name: a.type for a in node.attributes}
            yield f"records that live at a {_scope(kinds[node.place])}" if node.place else "records that live nowhere"
        case ir.Action():
            if node.kind not in (None, node.name):
                yield f"an action like {node.kind}"
            if node.bypasses_policies:
                yield "bypasses policies"
        case ir.Attribute(type=UserType(str())):
            yield "a user with role"
        case ir.Attribute(type=SetType(UserType(str()))):
            yield "users with role"
        case ir.RequiresAll():
            yield "requires all"
        case ir.RequiresAny():
            yield "requires any"
        case ir.RequiresFeature():
            yield "requires a feature"
        case ir.RequiresSuperuser():
            yield "requires the superuser tag"
        case ir.RequiresGrant():
            yield "requires a grant at a place" if node.place_kind else "requires a grant"


def _scope(type_: Type) -> str:
    return str(getattr(type_, "scope", ""))


def _of_bundle(node: msgspec.Struct, attributes: dict[str, dict[str, ir.Attribute]]) -> Iterator[str]:
    match node:
        case ir.PolicyInstance():
            if node.arguments:
                yield "a policy with arguments"
            if node.actions is not None:
                yield "a policy for some actions"
        case ir.Limit():
            if node.actions is not None:
                yield "a limit for some actions"
        case ir.Grant():
            yield "a grant of all" if node.wildcard else "a grant of some actions"
            if node.fields is not None:
                yield "a grant of fields"
                if any(attributes[node.resource][name].sensitive for name in node.fields):
                    yield "a grant of a sensitive field"
        case ir.Deny():
            what = "fields" if node.fields is not None else "everything" if node.condition is None else ""
            yield f"a deny{f' of {what}' if what else ''}{' with a condition' if node.condition is not None else ''}"
        case ir.Role() | ir.Group():
            if node.roles:
                yield f"a role in a {type(node).__name__.lower()}"
            if len(node.limits) > 1:
                yield "a bundle with several limits"
            if isinstance(node, ir.Role) and node.owner is not None:
                yield "a source of one user"
            if isinstance(node, ir.Role) and node.essential:
                yield "an essential role"


def _of_people(node: msgspec.Struct) -> Iterator[str]:
    match node:
        case ir.User():
            yield from (
                name
                for name, is_so in (
                    ("a superuser", node.superuser),
                    ("a terminated user", node.terminated),
                    ("in a group", node.group),
                    ("with a job", node.job),
                    ("an append", node.appends),
                    ("an override", node.overrides),
                )
                if is_so
            )
        case ir.Assignment():
            yield "an assignment"
            for name, given in (("at a place", node.place), ("from", node.start), ("until", node.until)):
                if given:
                    yield f"an assignment {name}"
            for name, given in (("from", node.start_time), ("until", node.until_time)):
                if given:
                    yield f"an assignment {name} a time"
        case ir.Integration():
            yield "an integration with a role" if node.roles else "an integration without a role"
            yield from ("an integration with dates",) if node.start or node.until else ()
            yield from ("an integration with two roles",) if len(node.roles) > 1 else ()
