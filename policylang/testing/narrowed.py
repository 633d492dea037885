"""The part of a policy set that a request depends on.

A case is decided many times over, with one statement or another taken out; so whoever holds thousands of roles is asked
about with those alone that say something of the action.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

import msgspec

from policylang.ir import nodes as ir
from policylang.ir.nesting import Name, name_of
from policylang.ir.requirements import grants_required
from policylang.runtime.caching import cached_method
from policylang.runtime.grants import limit_is_on
from policylang.runtime.index import Index

Matter = tuple[str, str, str]
"""``("grant", resource, action)``, ``("deny", resource, action)`` or ``("role", "", name)``: that a role is there."""

_Given = TypeVar("_Given", ir.Ref, ir.Assignment)
_Some = TypeVar("_Some", ir.Group, ir.Role)


class Narrowing:
    """Parts of one policy set, remembered. What is active at another time only is in them, too."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._given: dict[tuple[str, str], Mapping[Matter, list[int]]] = {}
        """By kind and name of a declaration: which of the roles that it gives lead to what."""

    @cached_method
    def of(self, user: str, action: str, resource: str) -> Index:
        """What decides the action on the resource for the user, and whom they may write into it."""
        return self.through(user, action, resource, None)

    def through(self, user: str, action: str, resource: str, role: str | None) -> Index:
        """As `of`, and of the grants only those of one role and the roles inside it, if there is one."""
        index = self._index
        declared = index.actions[resource][action]
        matters: list[Matter] = [("grant", resource, action), ("deny", resource, action)]
        matters += [("grant", need.resource, need.action) for need in grants_required(declared.requires)]
        if declared.kind in ("create", "modify"):
            roles = {each.role for each in index.attributes[resource].values()}
            matters += [("role", "", each) for each in sorted(filter(None, roles))]
        smaller = _Smaller(self, index, resource, tuple(dict.fromkeys(matters)), role)
        found = index.users.get(user)
        users = {} if found is None else {user: smaller.user(found)}
        integration = index.integrations.get(user)
        integrations = {} if integration is None else {user: smaller.integration(integration)}
        return index.changed(
            users=users,
            integrations=integrations,
            jobs=smaller.jobs,
            groups=smaller.groups,
            roles=smaller.roles,
            denies=tuple(index.denies_of(resource, action)),
        )

    @cached_method
    def about(self, name: Name) -> frozenset[Matter]:
        """Everything that a group or role says, with the roles inside it."""
        kind, key = name
        bundle = self._index.bundle(name)
        said = self._index.said(bundle)
        found: set[Matter] = {("grant", *permission) for permission in said.grants}
        found |= {("deny", *permission) for permission in said.denies}
        if kind == "role":
            found.add(("role", "", key))
        return frozenset(found.union(*(self.about(("role", ref.name)) for ref in bundle.roles)))

    def given(self, owner: tuple[str, str], roles: tuple[_Given, ...], wanted: Iterable[Matter]) -> tuple[_Given, ...]:
        """Those of the roles that a declaration gives which lead to something that is wanted, in their order."""
        if owner not in self._given:
            found: dict[Matter, list[int]] = {}
            for number, each in enumerate(roles):
                for matter in self.about(("role", _role_of(each))):
                    found.setdefault(matter, []).append(number)
            self._given[owner] = found
        known = self._given[owner]
        numbers = {number for matter in wanted for number in known.get(matter, ())}
        return tuple(roles[number] for number in sorted(numbers))


def _role_of(given: ir.Ref | ir.Assignment) -> str:
    return given.role if isinstance(given, ir.Assignment) else given.name


class _Smaller:
    """Makes declarations smaller; ``roles``, ``groups`` and ``jobs`` are those that came up."""

    def __init__(
        self, narrowing: Narrowing, index: Index, resource: str, wanted: tuple[Matter, ...], through: str | None
    ) -> None:
        self._narrowing = narrowing
        self._index = index
        self._resource = resource
        self._wanted = wanted
        self._through = through
        self.roles: dict[str, ir.Role] = {}
        self.groups: dict[str, ir.Group] = {}
        self.jobs: dict[str, ir.Job] = {}

    def user(self, user: ir.User) -> ir.User:
        if user.group is not None:
            group = self._index.groups[user.group.name]
            self.groups[group.name] = self._bundle(group, self._through is not None)
        if user.job is not None:
            job = self._index.jobs[user.job.name]
            self.jobs[job.code] = msgspec.structs.replace(job, roles=self._given(("job", job.code), job.roles))
        return msgspec.structs.replace(user, assignments=self._given(("user", user.id), user.assignments))

    def integration(self, integration: ir.Integration) -> ir.Integration:
        roles = self._given(("integration", integration.name), integration.roles)
        return msgspec.structs.replace(integration, roles=roles)

    def _given(self, owner: tuple[str, str], given: tuple[_Given, ...]) -> tuple[_Given, ...]:
        return self._leading(owner, given, self._through is not None)

    def _leading(self, owner: tuple[str, str], given: tuple[_Given, ...], around: bool) -> tuple[_Given, ...]:
        """``around``: outside of the role whose grants alone are looked at."""
        wanted = (("role", "", self._through or ""),) if around else self._wanted
        kept = self._narrowing.given(owner, given, wanted)
        for each in kept:
            name = _role_of(each)
            if name not in self.roles:
                self.roles[name] = self._bundle(self._index.roles[name], around and name != self._through)
        return kept

    def _bundle(self, bundle: _Some, around: bool) -> _Some:
        said = self._index.said(bundle)
        permissions = [] if around else [matter[1:] for matter in self._wanted if matter[0] == "grant"]
        grants = dict.fromkeys(grant for each in permissions for grant in said.grants.get(each, ()))
        denied = [matter[1:] for matter in self._wanted if matter[0] == "deny"]
        return msgspec.structs.replace(
            bundle,
            grants=tuple(grants),
            denies=tuple(deny for each in denied for deny in said.denies.get(each, ())),
            limits=tuple(limit for limit in bundle.limits if limit_is_on(self._index, limit, self._resource)),
            roles=self._leading(name_of(bundle), bundle.roles, around),
        )
