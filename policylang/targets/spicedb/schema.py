"""The schema, in SpiceDB's language, and relationships."""

from __future__ import annotations

import json

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

ALL = "all_"
"""Before a relation of places: whoever is in it at a place, or at one around it."""


def schema(plan: RelationPlan) -> str:
    """The whole schema."""
    place = [f"relation {INSIDE}: {PLACE}", f"relation {SUPERUSER}: {USER}", _inherited(SUPERUSER)]
    for name, of in plan.relations.items():
        place += [f"relation {name}: {of}", _inherited(name)]
    parts = [
        *(_caveat(each) for each in plan.conditions.values()),
        _definition(USER, [f"relation {name}: {EVERYBODY}" for name in plan.traits]),
        _definition(SOURCE, [f"relation {MEMBER}: {USER}"]),
        _definition(ROLE, [f"relation {HOLDER}: {USER}"]),
        _definition(PLACE, place),
        *(
            _definition(node.name, [f"relation {name}: {of}" for name, of in node.relations.items()])
            for node in plan.nodes.values()
        ),
        *(_definition(made.name, _record(plan, resource)) for resource, made in plan.types.items()),
    ]
    return "\n".join(parts)


def written(each: Tuple) -> str:
    """A relationship as zed writes it."""
    subject = f"{each.subject}#{each.of}" if each.of else each.subject
    context = json.dumps(each.context, sort_keys=True)
    caveat = f"[{each.condition}:{context}]" if each.condition else ""
    return f"{each.object}#{each.relation}@{subject}{caveat}"


def _caveat(each: Conditional) -> str:
    parameters = ", ".join(f"{parameter.name} {parameter.type}" for parameter in each.text.parameters)
    return f"caveat {each.name}({parameters}) {{\n    {each.text.expression}\n}}\n"


def _inherited(name: str) -> str:
    return f"permission {ALL}{name} = {name} + {INSIDE}->{ALL}{name}"


def _record(plan: RelationPlan, resource: str) -> list[str]:
    defined = [f"permission {each.name} = {_expression(each.expression, 0)}" for each in plan.types[resource].defined]
    return [*(f"relation {name}: {of}" for name, of in plan.direct(resource).items()), *defined]


def _definition(name: str, lines: list[str]) -> str:
    if not lines:
        return f"definition {name} {{}}\n"
    return f"definition {name} {{\n" + "".join(f"    {line}\n" for line in lines) + "}\n"


def _expression(expression: Rewrite, depth: int) -> str:
    if expression == NOBODY:
        return "nil"
    match expression:
        case Own(name):
            return name
        case From(relation, to):
            return f"{to}->{ALL if to == AT else ''}{relation}"
        case Intersection(items):
            text = " & ".join(_expression(item, depth + 1) for item in items)
        case Union(items):
            text = " + ".join(_expression(item, depth + 1) for item in items)
        case Without(item, minus):
            text = f"{_expression(item, depth + 1)} - {_expression(minus, depth + 1)}"
    return f"({text})" if depth else text
