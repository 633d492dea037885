"""A Casbin model and its policy as an imported set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from policylang.diagnostics import quoted
from policylang.importing.casbin.model import CasbinModel, is_model, read_model
from policylang.importing.casbin.rows import CasbinRow, rows
from policylang.importing.graph import circles, distances
from policylang.importing.imported import Imported, NotImportedError, Origin, Ref, RoleOrGroup
from policylang.importing.reading import Inputs, NotThisError

DOMAIN = "domain"
_DEEPEST = 9
_EFFECTS = ("allow", "deny")

_Where = str
"""A domain; the empty text where the model has none."""


class _Grant(msgspec.Struct, frozen=True):
    object: str
    action: str
    deny: bool


class _Policy:
    """What the rows say: the grants of each subject in each domain, and the roles that each name has there."""

    def __init__(self) -> None:
        self.grants: dict[_Where, dict[str, dict[_Grant, Origin]]] = {}
        self.links: dict[_Where, dict[str, dict[str, Origin]]] = {}
        self.unreadable = False

    def roles(self) -> set[str]:
        return {role for links in self.links.values() for of in links.values() for role in of}

    def names(self, where: _Where) -> set[str]:
        """Those that rows of a domain say something of."""
        return {*self.grants.get(where, ()), *self.links.get(where, ())}

    def said(self, where: _Where, name: str) -> tuple[dict[_Grant, Origin], dict[str, Origin]]:
        """The grants of a name in a domain, and the roles that it has there."""
        return self.grants.get(where, {}).get(name, {}), self.links.get(where, {}).get(name, {})


def read(inputs: Inputs, _mapping: Any) -> Imported:
    """Read one model and all the policies beside it. Raises `NotThisError` where there is no model."""
    models = [file for file in inputs.files if is_model(file)]
    if len(models) != 1:
        help = "name one model, such as `model.conf`, and its policy, such as `policy.csv`"
        if not models:
            raise NotThisError(inputs.files[0].path if inputs.files else "INPUT", "no Casbin model was found", help)
        raise NotThisError(models[1].path, f"there are two models, this one and {quoted(models[0].path)}", help)
    imported = Imported()
    try:
        model = read_model(models[0])
    except NotImportedError as error:
        imported.refuse(error.code, error.origin, error.message)
        return imported
    policy = _Policy()
    for file in inputs.files:
        if file not in models:
            for row in rows(file):
                _row(imported, model, policy, row)
    if policy.unreadable and model.effect != "allow":
        return imported
    if model.effect == "not-denied":
        message = "the policy set allows only what the policy names"
        imported.refuse("allowed-by-default", model.effect_at, message)
    _Writing(imported, model, policy).write()
    return imported


def _row(imported: Imported, model: CasbinModel, policy: _Policy, row: CasbinRow) -> None:
    kind = row.fields[0] if row.fields else ""
    if any("*" in field for field in row.fields):
        imported.leave_out("star", row.origin, f"{quoted(row.text)} is taken literally")
    given = row.fields[1:]
    if kind == "g" and model.roles:
        if len(given) < model.roles or not all(given[: model.roles]):
            policy.unreadable = True
            imported.refuse("row", row.origin, f"{quoted(row.text)} does not have the {model.roles} fields of `g`")
            return
        if len(given) > model.roles:
            message = f"{quoted(', '.join(given[model.roles :]))} after the fields of `g`"
            imported.leave_out("further-fields", row.origin, message)
        user, role = given[:2]
        where = given[2] if model.roles == 3 else ""
        policy.links.setdefault(where, {}).setdefault(user, {}).setdefault(role, row.origin)
    elif kind == "p":
        if len(given) != len(model.fields) or not all(given):
            policy.unreadable = True
            imported.refuse(
                "row", row.origin, f"{quoted(row.text)} does not have the {len(model.fields)} fields of `p`"
            )
            return
        effect = given[model.fields["eft"]] if "eft" in model.fields else "allow"
        if effect not in _EFFECTS or (effect == "deny" and model.effect == "allow"):
            imported.leave_out("no-effect", row.origin, f"the effect {quoted(effect)} of {quoted(row.text)}")
            return
        where = given[model.fields["dom"]] if "dom" in model.fields else ""
        said = _Grant(given[model.fields["obj"]], given[model.fields["act"]], effect == "deny")
        subject = given[model.fields["sub"]]
        policy.grants.setdefault(where, {}).setdefault(subject, {}).setdefault(said, row.origin)
    elif row.fields:
        imported.leave_out("undefined", row.origin, f"the model does not define {quoted(kind)}")
    else:
        policy.unreadable = True
        imported.refuse("row", row.origin, f"{quoted(row.text)} cannot be parsed")


class _Writing:
    """Makes statements of what the rows say."""

    def __init__(self, imported: Imported, model: CasbinModel, policy: _Policy) -> None:
        self._set, self._model, self._policy = imported, model, policy
        self._has_domains = "dom" in model.fields
        self._circles: dict[_Where, Mapping[str, tuple[str, ...]]] = {}
        self._differing: set[str] = set()
        """Roles of which there is one for each domain."""

    def write(self) -> None:
        policy = self._policy
        names = {where: policy.names(where) for where in sorted({*policy.grants, *policy.links})}
        roles = policy.roles()
        self._differing = self._differ(names, roles)
        for where in names:
            self._circles[where] = circles(policy.links.get(where, {}))
            self._declare(where)
        for where, there in names.items():
            for role in sorted(roles & there):
                self._role(where, role)
        refused = self._too_deep(names, roles)
        for user in sorted(frozenset().union(*names.values()) - roles - refused):
            for where, there in names.items():
                if user in there:
                    self._user(where, user)
        if self._model.effect == "not-denied":
            self._everyone(sorted(self._set.users))

    def _declare(self, where: _Where) -> None:
        """Objects, actions and places."""
        granted, linked = self._policy.grants.get(where, {}), self._policy.links.get(where, {})
        for of in granted.values():
            for grant, origin in of.items():
                resource = self._set.resource(grant.object, origin)
                resource.action(grant.action, origin)
                if self._has_domains:
                    resource.attribute(DOMAIN, origin, (Ref("place kind", DOMAIN),), optional=False)
        if self._has_domains:
            self._set.place_kinds = (DOMAIN,)
            origins = [origin for of in granted.values() for origin in of.values()]
            origins += [origin for of in linked.values() for origin in of.values()]
            self._set.place(where, DOMAIN, min(origins))

    # --- roles -------------------------------------------------------------------------------------------------

    def _differ(self, names: Mapping[_Where, set[str]], roles: set[str]) -> set[str]:
        """The roles that are not the same in each domain that has them, and those around such."""
        shapes: dict[str, set[Any]] = {role: set() for role in roles}
        holders: dict[str, set[str]] = {role: set() for role in roles}
        for where, there in names.items():
            given = {role for of in self._policy.links.get(where, {}).values() for role in of}
            for name in there:
                for role in self._policy.said(where, name)[1]:
                    holders[role].add(name)
            for role in (there & roles) | given:
                shapes[role].add(self._shape(where, role))
        found = {role for role in roles if len(shapes[role]) > 1}
        waiting = [*found]
        while waiting:
            more = (holders[waiting.pop()] & roles) - found
            found |= more
            waiting += more
        return found

    def _shape(self, where: _Where, role: str) -> Any:
        """What a role is in a domain, to be compared: its grants, and the roles in it."""
        grants, inside = self._policy.said(where, role)
        return frozenset(grants), frozenset(inside)

    def _key(self, where: _Where, role: str) -> str:
        """Keys of what Casbin has no name for hold line breaks, which its names do not."""
        return f"{role}\n{where}" if role in self._differing else role

    def _bundle(self, where: _Where, role: str, origin: Origin) -> RoleOrGroup:
        return self._set.role(self._key(where, role), origin, f"{role} in {where}" if role in self._differing else role)

    def _role(self, where: _Where, role: str) -> None:
        """A role; one in a circle holds one that has what all in the circle have."""
        links = self._policy.links.get(where, {})
        grants, inside = self._policy.said(where, role)
        bundle = self._bundle(where, role, min([*grants.values(), *inside.values()]))
        together = self._circles[where].get(role)
        if together is None:
            self._fill(where, bundle, (role,), inside)
            return
        differs = role in self._differing
        label = " and ".join(together) + (f" in {where}" if differs else "")
        key = "\n".join(["", *together, *([where] if differs else [])])
        origin = min(origin for name in together for origin in links[name].values())
        bundle.includes.setdefault(key, origin)
        knot = self._set.role(key, origin, label)
        if role == together[0]:
            out = {name: at for each in together for name, at in links[each].items() if name not in together}
            self._fill(where, knot, together, out)

    def _fill(self, where: _Where, bundle: RoleOrGroup, names: tuple[str, ...], inside: Mapping[str, Origin]) -> None:
        for name in names:
            self._grant(bundle, self._policy.said(where, name)[0])
        for role, origin in inside.items():
            self._declare_role(where, role, origin)
            bundle.includes.setdefault(self._key(where, role), origin)

    def _grant(self, bundle: RoleOrGroup, grants: Mapping[_Grant, Origin]) -> None:
        for grant, origin in grants.items():
            if self._model.effect != "not-denied" or grant.deny:
                self._set.grant(bundle, grant.object, grant.action, origin, deny=grant.deny)

    def _declare_role(self, where: _Where, role: str, origin: Origin) -> None:
        """Declares a role that no row but those that hand it out speaks of."""
        if self._policy.said(where, role) == ({}, {}):
            self._bundle(where, role, origin)

    # --- users -------------------------------------------------------------------------------------------------

    def _too_deep(self, wheres: Iterable[_Where], roles: set[str]) -> set[str]:
        """Users with roles that are too far away for Casbin to be found."""
        refused = set()
        for where in wheres:
            links = self._policy.links.get(where, {})
            for user in sorted(links.keys() - roles):
                far = [name for name, distance in distances(links, user).items() if distance > _DEEPEST]
                if far:
                    refused.add(user)
                    message = f"the user {quoted(user)} has the role {quoted(min(far))} by more than {_DEEPEST} links"
                    self._set.refuse("too-deep", min(links[user].values()), message)
        return refused

    def _user(self, where: _Where, name: str) -> None:
        own, given = self._policy.said(where, name)
        place = where if self._has_domains else None
        user = self._set.user(name, min([*own.values(), *given.values()]))
        for role, origin in given.items():
            self._declare_role(where, role, origin)
            user.assign(self._key(where, role), origin, place)
        kept = {grant: at for grant, at in own.items() if grant.deny or self._model.effect != "not-denied"}
        if kept:
            key = f"{name}\n\n{where}"
            label = f"{name}, own grants" + (f" in {where}" if self._has_domains else "")
            bundle = self._set.role(key, min(kept.values()), label)
            self._grant(bundle, kept)
            user.assign(key, min(kept.values()), place)

    def _everyone(self, users: list[str]) -> None:
        """Everything that is named, for all users: what is not denied is allowed."""
        at = self._model.effect_at
        key = "\neverybody"
        bundle = self._set.role(key, at, "everybody")
        for resource in list(self._set.resources.values()):
            for action in list(resource.actions):
                self._set.grant(bundle, resource.key, action, at)
        for user in users:
            self._set.user(user, at).assign(key, at)
