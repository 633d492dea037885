"""``names.json``: what everything of the policy set is called in the model."""

from __future__ import annotations

from typing import Any

from policylang.model.types import Duration
from policylang.targets.relations.cel import Parameter
from policylang.targets.relations.context import asked_parameters
from policylang.targets.relations.plan import RelationPlan


def lookup(plan: RelationPlan) -> dict[str, Any]:
    """``resources``: by resource its type, the relation of each action and of each attribute under it, the relations
    that the attributes with users are written to, those of conditions, the attribute that holds the place, and where
    conditions ask for its tree the relations of the way up and the type of nodes.
    ``conditions``: by name, what a tuple stores of a record. ``request``: what each request brings.
    """
    resources = {
        name: {
            "type": made.name,
            "actions": made.actions,
            "fields": made.fields,
            "users": made.users,
            "related": {name: relation for name, (relation, _) in made.related.items()},
            "conditions": made.holds,
            "place": plan.index.resources[name].place,
            **({"tree": {**made.ways, "node": plan.nodes[name].name}} if made.ways else {}),
        }
        for name, made in plan.types.items()
    }
    conditions = {
        name: {p.name: _parameter(p) for p in each.text.parameters if p.source == "record"}
        for name, each in plan.conditions.items()
    }
    request = {p.name: _parameter(p) for p in asked_parameters(plan)}
    return {"resources": resources, "conditions": conditions, "request": request}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    if parameter.source != "now":
        return {"type": parameter.type, f"{parameter.form}_of": parameter.attribute}
    written: dict[str, Any] = {"type": "day" if parameter.type == "string" else "instant"}
    if parameter.sign:
        written["later" if parameter.sign > 0 else "ago"] = str(Duration(*parameter.length))
    return written
