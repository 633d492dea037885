"""A Casbin model and its policy as an imported set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from policylang.diagnostics import quoted
from policylang.importing.casbin.model import CasbinModel, NoModelError, is_model, read_model
from policylang.importing.casbin.rows import CasbinRow, rows
from policylang.importing.graph import circles, distances
from policylang.importing.imported import Assignment, Imported, Origin, Ref, RoleOrGroup
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

    def subjects(self) -> set[str]:
        granted = {name for of in self.grants.values() for name in of}
        return granted | {name for links in self.links.values() for name in links}


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
    except NoModelError as error:
        imported.refuse("model", error.origin, error.message)
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
        if effect == "allow" and model.effect == "not-denied":
            effect = "named"
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
        self._shapes: dict[tuple[_Where, str], Any] = {}
        self._key: dict[tuple[_Where, str], str] = {}

    def write(self) -> None:
        policy, imported = self._policy, self._set
        wheres = sorted({*policy.grants, *policy.links})
        roles = policy.roles()
        for where in wheres:
            self._circles[where] = circles(policy.links.get(where, {}))
            self._declare(where)
        self._name_roles(wheres, sorted(roles))
        for where in wheres:
            for role in sorted(roles):
                if self._shape(where, role) != ((), ()):
                    self._role(where, role)
        refused = self._too_deep(wheres, roles)
        for user in sorted(policy.subjects() - roles):
            if user not in refused:
                for where in wheres:
                    self._user(where, user)
        if self._model.effect == "not-denied":
            self._everyone(sorted(imported.users))

    def _declare(self, where: _Where) -> None:
        """Objects, actions and places."""
        for of in self._policy.grants.get(where, {}).values():
            for grant, origin in of.items():
                resource = self._set.resource(grant.object, origin)
                resource.action(grant.action, origin)
                if self._has_domains:
                    resource.attribute(DOMAIN, origin, (Ref("place kind", DOMAIN),), optional=False)
        if self._has_domains:
            self._set.place_kinds = (DOMAIN,)
            origins = [o for of in self._policy.grants.get(where, {}).values() for o in of.values()]
            origins += [o for of in self._policy.links.get(where, {}).values() for o in of.values()]
            self._set.place(where, DOMAIN, min(origins))

    # --- roles -------------------------------------------------------------------------------------------------

    def _shape(self, where: _Where, role: str) -> Any:
        """What a role is in a domain, to be compared: its grants, and the roles in it."""
        grants = self._policy.grants.get(where, {}).get(role, {})
        inside = self._policy.links.get(where, {}).get(role, {})
        return tuple(sorted((g.object, g.action, g.deny) for g in grants)), tuple(sorted(inside))

    def _name_roles(self, wheres: list[_Where], roles: list[str]) -> None:
        """One role for all domains where it is the same in each that has it, and so are all roles inside it; else one
        for each.
        """
        shapes: dict[str, set[Any]] = {role: set() for role in roles}
        holders: dict[str, set[str]] = {role: set() for role in roles}
        for where in wheres:
            links = self._policy.links.get(where, {})
            for name, of in links.items():
                for role in of:
                    holders[role].add(name)
            there = {role for of in links.values() for role in of}
            for role in there | links.keys() | self._policy.grants.get(where, {}).keys():
                if role in shapes:
                    shapes[role].add(self._shape(where, role))
        differs = {role for role in roles if len(shapes[role]) > 1}
        waiting = sorted(differs)
        while waiting:
            for holder in sorted(holders[waiting.pop()]):
                if holder in shapes and holder not in differs:
                    differs.add(holder)
                    waiting.append(holder)
        for where in wheres:
            for role in roles:
                self._key[where, role] = f"{role}\n{where}" if role in differs else role

    def _bundle(self, where: _Where, role: str, origin: Origin) -> RoleOrGroup:
        """Keys of what Casbin has no name for hold line breaks, which its names do not."""
        key = self._key[where, role]
        return self._set.role(key, origin, role if key == role else f"{role} in {where}")

    def _role(self, where: _Where, role: str) -> None:
        """A role; one in a circle holds one that has what all in the circle have."""
        links = self._policy.links.get(where, {})
        together = self._circles[where].get(role)
        if together is None:
            self._fill(where, self._bundle_of(where, role), (role,), links.get(role, {}))
            return
        differs = self._key[where, role] != role
        label = " and ".join(together) + (f" in {where}" if differs else "")
        key = "\n".join(["", *together, *([where] if differs else [])])
        origin = min(origin for name in together for origin in links[name].values())
        self._include(self._bundle_of(where, role), key, origin)
        knot = self._set.role(key, origin, label)
        if role == together[0]:
            out = {name: at for each in together for name, at in links[each].items() if name not in together}
            self._fill(where, knot, together, out)

    def _bundle_of(self, where: _Where, role: str) -> RoleOrGroup:
        of = self._policy
        origins = [*of.grants.get(where, {}).get(role, {}).values(), *of.links.get(where, {}).get(role, {}).values()]
        return self._bundle(where, role, min(origins))

    def _fill(self, where: _Where, bundle: RoleOrGroup, names: tuple[str, ...], inside: Mapping[str, Origin]) -> None:
        for name in names:
            for grant, origin in self._policy.grants.get(where, {}).get(name, {}).items():
                if self._model.effect != "not-denied" or grant.deny:
                    self._set.grant(bundle, grant.object, grant.action, origin, deny=grant.deny)
        for role, origin in inside.items():
            self._declare_role(where, role, origin)
            self._include(bundle, self._key[where, role], origin)

    def _include(self, bundle: RoleOrGroup, role: str, origin: Origin) -> None:
        bundle.includes.setdefault(role, origin)

    def _declare_role(self, where: _Where, role: str, origin: Origin) -> None:
        """Declares a role that no row but those that hand it out speaks of."""
        if self._shape(where, role) == ((), ()):
            self._bundle(where, role, origin)

    # --- users -------------------------------------------------------------------------------------------------

    def _too_deep(self, wheres: list[_Where], roles: set[str]) -> set[str]:
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
        own = self._policy.grants.get(where, {}).get(name, {})
        given = self._policy.links.get(where, {}).get(name, {})
        place = where if self._has_domains else None
        if not own and not given:
            return
        user = self._set.user(name, min([*own.values(), *given.values()]))
        for role, origin in given.items():
            self._declare_role(where, role, origin)
            user.assignments.append(Assignment(role=self._key[where, role], place=place, origin=origin))
        kept = {grant: at for grant, at in own.items() if grant.deny or self._model.effect != "not-denied"}
        if kept:
            key = f"{name}\n\n{where}"
            label = f"{name}, own grants" + (f" in {where}" if self._has_domains else "")
            bundle = self._set.role(key, min(kept.values()), label)
            for grant, origin in kept.items():
                self._set.grant(bundle, grant.object, grant.action, origin, deny=grant.deny)
            user.assignments.append(Assignment(role=key, place=place, origin=min(kept.values())))

    def _everyone(self, users: list[str]) -> None:
        """Everything that is named, for all users: what is not denied is allowed."""
        at = self._model.effect_at
        key = "\neverybody"
        bundle = self._set.role(key, at, "everybody")
        for resource in list(self._set.resources.values()):
            for action in list(resource.actions):
                self._set.grant(bundle, resource.key, action, at)
        for user in users:
            self._set.user(user, at).assignments.append(Assignment(role=key, origin=at))
