"""What both engines express, what to do about the rest, and what neither can hold: long names and ids, and many places
inside each other.
"""

from __future__ import annotations

from policylang.targets.relations.objects import LONGEST_NODE, object_id
from policylang.targets.relations.plan import RelationPlan
from policylang.targets.target import Refusals, Support

_READS = "compile for an engine that reads records: cedar, rego, cerbos"

WAYS_OUT = {
    **dict.fromkeys(("decimal", "duration", "overlaps", "same-record", "two-attributes"), _READS),
    "clock": f"give the role at those times only, or {_READS}",
    "empty": f"ask `contains` of the items that matter, or {_READS}",
    "text": f"compare whole texts, or {_READS}",
}
"""By construct that is refused."""

SUPPORT: dict[str, Support] = {
    **dict.fromkeys(("within", "within-days", "within-months", "request"), "input"),
    **dict.fromkeys(("dated", "hours"), "frozen"),
}


def _refuse_tops(plan: RelationPlan, refuse: Refusals) -> None:
    """Refuses ids of records that nothing can be told to lie below."""
    nodes = {node.name for node in plan.nodes.values()}
    for each in plan.tuples:
        type_, _, id = each.object.partition(":")
        if type_ in nodes and len(id) > LONGEST_NODE:
            message = f"{refuse.title} holds ids of {LONGEST_NODE} characters; encoded, that of a record has more"
            refuse("PL803", message, each.at, "shorten the ids of records that others lie below")


def refuse_sizes(plan: RelationPlan, refuse: Refusals, longest_id: int, deepest: int) -> None:
    """``longest_id``: in characters, of one encoded name. ``deepest``: how many places may lie inside each other."""
    _refuse_tops(plan, refuse)
    policy_set = plan.index.policy_set
    named = [("user", user.id, user.at) for user in policy_set.users]
    named += [("integration", each.name, each.at) for each in policy_set.integrations]
    named += [("place", place.name, place.at) for place in policy_set.places]
    named += [("role", role.name, role.at) for role in policy_set.roles]
    named += [("group", group.name, group.at) for group in policy_set.groups]
    for what, name, at in named:
        if len(object_id(name)) > longest_id:
            message = f"{refuse.title} holds ids of {longest_id} characters; encoded, that of this {what} has more"
            refuse("PL803", message, at, "shorten the name")
    for place in policy_set.places:
        depth = len([*plan.index.around(place.name)])
        if depth > deepest:
            message = f"{refuse.title} follows {deepest} places inside each other, not {depth}"
            refuse("PL803", message, place.at, "use fewer levels of places")
