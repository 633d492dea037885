"""A policy set with its declarations by name."""

from __future__ import annotations

from functools import cached_property
from zoneinfo import ZoneInfo

from policylang.ir import nodes as ir
from policylang.model.types import Type
from policylang.runtime.clock import zone


class Index:
    """Look-ups over a compiled policy set. Nothing in it changes."""

    def __init__(self, policy_set: ir.PolicySet) -> None:
        self.policy_set = policy_set
        self.roles = {role.name: role for role in policy_set.roles}
        self.groups = {group.name: group for group in policy_set.groups}
        self.jobs = {job.code: job for job in policy_set.jobs}
        self.users = {user.id: user for user in policy_set.users}
        self.integrations = {integration.name: integration for integration in policy_set.integrations}
        self.instances = {instance.id: instance for instance in policy_set.policy_instances}
        self.resources = {resource.name: resource for resource in policy_set.resources}
        self.features = {feature.name: feature.on for feature in policy_set.features}
        self.places = {place.name: place for place in policy_set.places}
        self.kinds = {kind.name: kind.parent for kind in policy_set.scope}
        self.subject: dict[str, Type] = {a.name: a.type for a in policy_set.subject}
        self.request: dict[str, Type] = {a.name: a.type for a in policy_set.request}

    @cached_property
    def timezone(self) -> ZoneInfo:
        return zone(self.policy_set.timezone)

    @cached_property
    def attributes(self) -> dict[str, dict[str, ir.Attribute]]:
        """Resource, attribute name, attribute."""
        return {name: {a.name: a for a in r.attributes} for name, r in self.resources.items()}

    @cached_property
    def actions(self) -> dict[str, dict[str, ir.Action]]:
        """Resource, action name, action."""
        return {name: {a.name: a for a in r.actions} for name, r in self.resources.items()}

    def covers(self, place: str | None, below: str | None) -> bool:
        """Whether a place (``None``: everywhere) covers another one; nothing but everywhere covers ``None``."""
        if place is None:
            return True
        while below is not None and below != place:
            found = self.places.get(below)
            below = found.parent if found else None
        return below == place

    def is_kind_or_above(self, kind: str, wanted: str) -> bool:
        """Whether a kind of place is the wanted one or contains it."""
        at: str | None = wanted
        while at is not None and at != kind:
            at = self.kinds[at]
        return at == kind
