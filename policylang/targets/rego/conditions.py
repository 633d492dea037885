"""Conditions and requirements as data that a program without recursion can evaluate.

What a condition says depends on its tests alone, so it is a network of them: a node is a test with the outcome that
opens it. Parts joined with `and` follow each other, parts joined with `or` lie side by side, and the condition holds
where a way over open nodes leads from the start to the end. The network grows with the number of tests, however deep
the condition is.
"""

from __future__ import annotations

from typing import Any

from policylang.ir import nodes as ir
from policylang.ir.requirements import Atom, fold
from policylang.model import conditions as c
from policylang.model.types import NUMBERS, DateTimeType, DateType, DurationType, Type
from policylang.runtime.index import Index
from policylang.runtime.truth import constant
from policylang.targets.rego.encoding import NotEncodableError, addresses, described, encoded
from policylang.targets.target import Refusals
from policylang.targets.ways import followed_attribute, is_way, with_ways

END = "end"

_Tree = dict[str, Any]
"""``{"all": trees}``, ``{"any": trees}``, or ``{"test": number, "is": outcome}``."""


def condition_table(index: Index, resource: str, condition: c.Condition, refuse: Refusals) -> dict[str, Any]:
    """A condition: its tests, when it is true, and when it is false."""
    tests: dict[c.Test, int] = {}
    plain = with_ways(condition.map_tests(_expanded))
    true, false = (_tree(plain.nnf(wanted), tests) for wanted in (True, False))
    return {
        "tests": [_test(index, resource, test, refuse) for test in tests],
        "true": _both(true),
        "false": _both(false),
    }


def _expanded(test: c.Test) -> c.Condition:
    """With `<` alone of the comparisons, and with `in [a, b]` of durations as comparisons, since these can be unknown
    one by one.
    """
    match test:
        case c.In(operand, values, at) if isinstance(operand.type, DurationType):
            return c.Or(tuple(c.Compare("eq", operand, c.Constant(operand.type, v, at), at) for v in values), at)
        case c.Compare("gt", left, right, at):
            return c.Compare("lt", right, left, at)
        case c.Compare("le", left, right, at):
            return c.Not(c.Compare("lt", right, left, at), at)
        case c.Compare("ge", left, right, at):
            return c.Not(c.Compare("lt", left, right, at), at)
        case _:
            return test


def _tree(part: c.Condition, tests: dict[c.Test, int]) -> _Tree:
    match part:
        case c.And(items):
            return {"all": [_tree(item, tests) for item in items]}
        case c.Or(items):
            return {"any": [_tree(item, tests) for item in items]}
    test, wanted = part.signed
    return {"test": tests.setdefault(test, len(tests)), "is": wanted}


def _both(tree: _Tree) -> dict[str, Any]:
    return {"formula": tree, **network(tree)}


def network(tree: _Tree) -> dict[str, Any]:
    """The nodes by name, each with those behind it, and those at the start. The outcome ``any`` is always open."""
    nodes: dict[str, dict[str, Any]] = {END: {"outcome": "any", "next": []}}

    def node(behind: list[str], **content: Any) -> list[str]:
        name = str(len(nodes))
        nodes[name] = {**content, "next": behind}
        return [name]

    def lay(part: _Tree, behind: list[str]) -> list[str]:
        if "test" in part:
            return node(behind, test=part["test"], outcome=part["is"])
        if "any" in part:
            return [name for item in part["any"] for name in lay(item, behind)]
        for item in reversed(part["all"]):
            if len(behind) > 1:
                behind = node(behind, outcome="any")  # so that not everything before leads to everything behind
            behind = lay(item, behind)
        return behind

    return {"start": lay(tree, [END]), "nodes": nodes}


# --- tests ---------------------------------------------------------------------------------------------------


def _test(index: Index, resource: str, test: c.Test, refuse: Refusals) -> dict[str, Any]:
    def operand(found: c.Operand) -> dict[str, Any]:
        return _operand(index, resource, found, refuse)

    match test:
        case c.Missing(path):
            return {"op": "missing", "of": operand(path)}
        case c.Compare(name, left, right):
            return {"op": name, "kind": _kind(left.type), "of": operand(left), "and": operand(right)}
        case c.Time(name, of, length):
            return {"op": name, "kind": _kind(of.type), "of": operand(of), "length": operand(length)}
        case c.In(of, values, at):
            return {
                "op": "in",
                "of": operand(of),
                "values": [held(c.Constant(of.type, each, at), refuse) for each in values],
            }
        case c.InNetwork(of, written):
            first, last = addresses(written)
            return {"op": "in_network", "of": operand(of), "first": first, "last": last}
        case c.Contains(of, item):
            return {"op": "has", "kind": _kind(item.type), "of": operand(of), "and": operand(item)}
        case c.Overlaps(left, right):
            return {"op": "overlaps", "kind": _kind(left.type.item), "of": operand(left), "and": operand(right)}
        case c.Empty(of):
            return {"op": "empty", "of": operand(of)}
        case c.Hours(first, last):
            return {"op": "hours", "first": first, "last": last}
        case c.Under():
            raise AssertionError(test)  # followed
        case c.Weekdays(days):
            return {"op": "weekdays", "days": list(days)}
        case c.TextTest(name, of, part):
            return {"op": name, "of": operand(of), "and": operand(part)}


def _kind(type_: Type) -> str:
    """How values of the type are compared."""
    if isinstance(type_, NUMBERS):
        return "number"
    kinds: dict[type, str] = {DurationType: "duration", DateType: "date", DateTimeType: "datetime"}
    return kinds.get(type(type_), "text")


def held(written: c.Constant, refuse: Refusals, at: str | None = None) -> Any:
    """A constant as JSON; null for one that is refused. ``at``: where it stands, if elsewhere."""
    try:
        return encoded(written.type, constant(written.type, written.value))
    except NotEncodableError as error:
        message = f"Rego cannot hold `{written.value}`: {error}"
        refuse("PL803", message, at or written.at, "write a value that is closer to zero")
        return None


def _operand(index: Index, resource: str, operand: c.Operand, refuse: Refusals) -> dict[str, Any]:
    """A value, or what the request brings; ``then``: the attribute of the user whom that names."""
    if isinstance(operand, c.Constant):
        return {"constant": held(operand, refuse)}
    brought, then = index.to_user(resource, operand)
    found: dict[str, Any] = {"type": described(brought.type)}
    found |= {"user": True} if operand.root == "subject" else {operand.root: brought_as(brought)}
    return {**found, "then": ".".join(then)} if then else found


def brought_as(path: c.Path) -> str:
    """What an input calls the value of a path. A way up is behind the attribute that it follows, and changes with it;
    ``.id`` is the record that is asked about, as no attribute is.
    """
    *before, last = path.steps or ("", "id")
    return ".".join((*before, followed_attribute(last), "*") if is_way(last) else (*before, last))


def requirement_table(index: Index, requirement: ir.Requirement) -> dict[str, Any]:
    """A requirement, as a condition without its opposite."""
    tests: list[dict[str, Any]] = []
    return {"true": _both(_required(index, requirement, tests)), "tests": tests}


def _required(index: Index, requirement: ir.Requirement, tests: list[dict[str, Any]]) -> _Tree:
    def required(atom: Atom) -> _Tree:
        match atom:
            case ir.RequiresFeature(feature=feature):
                return {"all": []} if index.features[feature] else {"any": []}
            case ir.RequiresSuperuser():
                tests.append({"op": "superuser"})
            case ir.RequiresGrant(action=action, resource=resource, place_kind=kind):
                tests.append({"op": "granted", "resource": resource, "action": action, "at": kind})
        return {"test": len(tests) - 1, "is": True}

    return fold(requirement, required, lambda each: {"all": each}, lambda each: {"any": each})
