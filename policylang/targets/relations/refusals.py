"""What neither engine can express, beyond whole constructs."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.runtime.index import Index
from policylang.targets.constructs import uses
from policylang.targets.relations.conditions import unsupported
from policylang.targets.relations.names import object_id
from policylang.targets.relations.support import SUPPORT
from policylang.targets.target import Refusal

_HELP = (
    "compare attributes of the record with constants or `assigned user`, or compile for an engine that reads records: "
    "cedar, rego, cerbos"
)


def refusals(index: Index, title: str, longest_id: int, deepest: int) -> Iterator[Refusal]:
    """``longest_id``: in characters, of one encoded name. ``deepest``: how many places may lie inside each other."""
    yield from _conditions(index, title)
    yield from _names(index, title, longest_id)
    for place in index.policy_set.places:
        depth = 1
        around = place.parent
        while around is not None:
            depth, around = depth + 1, index.places[around].parent
        if depth > deepest:
            message = f"{title} follows {deepest} places inside each other, not {depth}"
            yield Refusal("PL803", message, place.at, "leave levels of places out")


def _conditions(index: Index, title: str) -> Iterator[Refusal]:
    """Parts of conditions, other than those that use a construct which is refused as such."""
    refused = {use.at for use in uses(index) if SUPPORT[use.construct] == "refused"}
    asked = [(instance.resource, instance.condition, True) for instance in index.attached()]
    asked += [(d.resource, d.condition, False) for d in index.policy_set.every_deny() if d.condition is not None]
    for resource, condition, wanted in asked:
        for at in unsupported(index, resource, condition, wanted):
            if at not in refused:
                yield Refusal("PL801", f"{title} cannot express this part of a condition", at, _HELP)


def _names(index: Index, title: str, longest: int) -> Iterator[Refusal]:
    policy_set = index.policy_set
    named = [("user", user.id, user.at) for user in policy_set.users]
    named += [("integration", each.name, each.at) for each in policy_set.integrations]
    named += [("place", place.name, place.at) for place in policy_set.places]
    named += [("role", role.name, role.at) for role in policy_set.roles]
    named += [("group", group.name, group.at) for group in policy_set.groups]
    for what, name, at in named:
        if len(object_id(name)) > longest:
            message = f"{title} holds ids of {longest} characters; encoded, that of this {what} has more"
            yield Refusal("PL803", message, at, "shorten the name")
