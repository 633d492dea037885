"""``names.json``: what everything of the policy set is called in the model."""

from __future__ import annotations

from typing import Any

from policylang.targets.relations.plan import Plan


def lookup(plan: Plan) -> dict[str, Any]:
    """By resource: its type, the relation of each action and of each attribute under it, the relations that the
    attributes with users are written to, and the attribute that holds the place.
    """
    return {
        name: {
            "type": made.name,
            "actions": made.actions,
            "fields": made.fields,
            "users": made.users,
            "place": plan.index.resources[name].place,
        }
        for name, made in plan.types.items()
    }
