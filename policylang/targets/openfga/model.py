"""The model, in OpenFGA's language, and tuples."""

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

NOBODY = "nobody"


def model(plan: Plan) -> str:
    """The whole model."""
    place = [
        f"{INSIDE}: [{PLACE}]",
        f"{SUPERUSER}: [{USER}] or {SUPERUSER} from {INSIDE}",
        f"{NOBODY}: {SUPERUSER} but not {SUPERUSER}",
        *(f"{name}: [{SOURCE}#{MEMBER}] or {name} from {INSIDE}" for name in plan.relations),
    ]
    parts = [
        "model\n  schema 1.1\n",
        _type(USER, []),
        _type(SOURCE, [f"{MEMBER}: [{USER}]"]),
        _type(ROLE, [f"{HOLDER}: [{USER}]"]),
        _type(PLACE, place),
        *(_type(made.name, _record(made)) for made in plan.types.values()),
    ]
    return "\n".join(parts)


def written(each: Tuple) -> dict[str, str]:
    """A tuple as OpenFGA's API and files have it."""
    subject = f"{each.subject}#{each.of}" if each.of else each.subject
    return {"user": subject, "relation": each.relation, "object": each.object}


def _record(made: Type) -> list[str]:
    users = [f"{name}: [{USER}]" for name in made.users.values()]
    defined = [f"{each.name}: {_expression(each.expression, 0)}" for each in made.defined]
    return [f"{AT}: [{PLACE}]", *users, *defined]


def _type(name: str, relations: list[str]) -> str:
    lines = [f"type {name}\n"]
    if relations:
        lines.append("  relations\n")
    return "".join([*lines, *(f"    define {relation}\n" for relation in relations)])


def _expression(expression: Expression, depth: int) -> str:
    match expression:
        case Own(name):
            return name
        case Placed(name):
            return f"{name} from {AT}"
        case Nobody():
            return f"{NOBODY} from {AT}"
        case AllOf(items):
            text = " and ".join(_expression(item, depth + 1) for item in items)
        case AnyOf(items):
            text = " or ".join(_expression(item, depth + 1) for item in items)
        case Without(item, minus):
            text = f"{_expression(item, depth + 1)} but not {_expression(minus, depth + 1)}"
    return f"({text})" if depth else text
