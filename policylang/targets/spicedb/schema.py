"""The schema, in SpiceDB's language, and relationships."""

from __future__ import annotations

from policylang.targets.relations.expressions import AllOf, AnyOf, Expression, Nobody, Own, Placed, Without
from policylang.targets.relations.plan import (
    AT,
    HOLDER,
    INSIDE,
    MEMBER,
    PLACE,
    ROLE,
    SOURCE,
    SUPERUSER,
    USER,
    Plan,
    Tuple,
    Type,
)

ALL = "all_"
"""Before a relation of places: whoever is in it at a place, or at one around it."""


def schema(plan: Plan) -> str:
    """The whole schema."""
    place = [f"relation {INSIDE}: {PLACE}", f"relation {SUPERUSER}: {USER}", _inherited(SUPERUSER)]
    for name in plan.relations:
        place += [f"relation {name}: {SOURCE}#{MEMBER}", _inherited(name)]
    parts = [
        _definition(USER, []),
        _definition(SOURCE, [f"relation {MEMBER}: {USER}"]),
        _definition(ROLE, [f"relation {HOLDER}: {USER}"]),
        _definition(PLACE, place),
        *(_definition(made.name, _record(made)) for made in plan.types.values()),
    ]
    return "\n".join(parts)


def written(each: Tuple) -> str:
    """A relationship as zed writes it."""
    subject = f"{each.subject}#{each.of}" if each.of else each.subject
    return f"{each.object}#{each.relation}@{subject}"


def _inherited(name: str) -> str:
    return f"permission {ALL}{name} = {name} + {INSIDE}->{ALL}{name}"


def _record(made: Type) -> list[str]:
    users = [f"relation {name}: {USER}" for name in made.users.values()]
    defined = [f"permission {each.name} = {_expression(each.expression, 0)}" for each in made.defined]
    return [f"relation {AT}: {PLACE}", *users, *defined]


def _definition(name: str, lines: list[str]) -> str:
    if not lines:
        return f"definition {name} {{}}\n"
    return f"definition {name} {{\n" + "".join(f"    {line}\n" for line in lines) + "}\n"


def _expression(expression: Expression, depth: int) -> str:
    match expression:
        case Own(name):
            return name
        case Placed(name):
            return f"{AT}->{ALL}{name}"
        case Nobody():
            return "nil"
        case AllOf(items):
            text = " & ".join(_expression(item, depth + 1) for item in items)
        case AnyOf(items):
            text = " + ".join(_expression(item, depth + 1) for item in items)
        case Without(item, minus):
            text = f"{_expression(item, depth + 1)} - {_expression(minus, depth + 1)}"
    return f"({text})" if depth else text
