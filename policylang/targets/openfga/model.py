"""The model, in OpenFGA's language, and tuples."""

from __future__ import annotations

from typing import Any

from policylang.targets.relations.expressions import NOBODY, From, Intersection, Own, Rewrite, Union, Without
from policylang.targets.relations.objects import (
    AT,
    EVERYBODY,
    HOLDER,
    INSIDE,
    MEMBER,
    PLACE,
    ROLE,
    SOURCE,
    SUPERUSER,
    USER,
    Tuple,
)
from policylang.targets.relations.plan import Conditional, RelationPlan

_NOBODY = f"{AT} but not {AT}"
"""Of a record alone: an exclusion that OpenFGA follows from place to place takes it a hundred times as long."""


def model(plan: RelationPlan) -> str:
    """The whole model."""
    place = [
        f"{INSIDE}: [{PLACE}]",
        f"{SUPERUSER}: [{USER}] or {SUPERUSER} from {INSIDE}",
        *(f"{name}: [{of}] or {name} from {INSIDE}" for name, of in plan.relations.items()),
    ]
    parts = [
        "model\n  schema 1.1\n",
        _type(USER, [f"{name}: [{EVERYBODY}]" for name in plan.traits]),
        _type(SOURCE, [f"{MEMBER}: [{USER}]"]),
        _type(ROLE, [f"{HOLDER}: [{USER}]"]),
        _type(PLACE, place),
        *(_type(node.name, [f"{name}: [{of}]" for name, of in node.relations.items()]) for node in plan.nodes.values()),
        *(_type(made.name, _record(plan, resource)) for resource, made in plan.types.items()),
        *(_condition(each) for each in plan.conditions.values()),
    ]
    return "\n".join(parts)


def written(each: Tuple) -> dict[str, Any]:
    """A tuple as OpenFGA's API and files have it."""
    subject = f"{each.subject}#{each.of}" if each.of else each.subject
    condition = {"condition": {"name": each.condition, "context": each.context}} if each.condition else {}
    return {"user": subject, "relation": each.relation, "object": each.object, **condition}


def _record(plan: RelationPlan, resource: str) -> list[str]:
    defined = [f"{each.name}: {_expression(each.expression, 0)}" for each in plan.types[resource].defined]
    return [*(f"{name}: [{of}]" for name, of in plan.direct(resource).items()), *defined]


def _condition(each: Conditional) -> str:
    parameters = ", ".join(f"{parameter.name}: {parameter.type}" for parameter in each.text.parameters)
    return f"condition {each.name}({parameters}) {{\n  {each.text.expression}\n}}\n"


def _type(name: str, relations: list[str]) -> str:
    lines = [f"type {name}\n"]
    if relations:
        lines.append("  relations\n")
    return "".join([*lines, *(f"    define {relation}\n" for relation in relations)])


def _expression(expression: Rewrite, depth: int) -> str:
    match expression:
        case _ if expression == NOBODY:
            text = _NOBODY
        case Own(name):
            return name
        case From(relation, to):
            return f"{relation} from {to}"
        case Intersection(items):
            text = " and ".join(_expression(item, depth + 1) for item in items)
        case Union(items):
            text = " or ".join(_expression(item, depth + 1) for item in items)
        case Without(item, minus):
            text = f"{_expression(item, depth + 1)} but not {_expression(minus, depth + 1)}"
    return f"({text})" if depth else text
