"""The rules of a resource: what its policy allows to which roles, and what it denies whoever allows it.

Cerbos lets an allow of one role win over a deny of another. So every deny here is one of all roles, and asks itself
whether the user has a role that brings it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from policylang.ir import nodes as ir
from policylang.ir.requirements import Atom, fold
from policylang.runtime.index import Index
from policylang.runtime.parts import grant_fields
from policylang.runtime.sources import chains
from policylang.targets import cel
from policylang.targets.cel import CelLiteral, CelVar, Expr, MapEntry
from policylang.targets.cerbos.conditions import Conditions, Match, all_of, any_of, expression, none_of, told_apart
from policylang.targets.cerbos.people import CerbosRole, Principals

ALLOW, DENY = "EFFECT_ALLOW", "EFFECT_DENY"
PLACES = "places"
"""Name of the constants about places."""
_ROLES = CelVar("P.roles")


def field_action(action: str, field: str) -> str:
    """What asking for one attribute is called."""
    return f"{action}:{field}"


class ResourceRule(msgspec.Struct):
    """A rule of a resource policy and the statements it comes from."""

    content: dict[str, Any]
    at: list[str]


class _Bringers(msgspec.Struct):
    """Roles with which something holds everywhere, and those with which it holds at their places."""

    everywhere: dict[str, None] = {}
    placed: dict[str, None] = {}

    def add(self, role: CerbosRole) -> None:
        if role.at:
            self.placed[role.source.name] = None
        else:
            self.everywhere[role.name] = None


class ResourceRules:
    """``derived``: by role, the derived role of those who have it at the record's place. ``constants``: who brings
    what.
    """

    def __init__(self, index: Index, people: Principals, conditions: Conditions, resource: ir.Resource) -> None:
        self._index, self._people, self._conditions = index, people, conditions
        self.resource = resource
        self.derived: dict[str, dict[str, Any]] = {}
        self.constants: dict[str, Any] = {}
        self.rules: list[ResourceRule] = []
        self._allows()
        self._denies()
        self._requirements()
        self._unknown_place()

    # --- allowing --------------------------------------------------------------------------------------------

    def _allows(self) -> None:
        """One rule for all roles that allow the same under the same limits."""
        actions: dict[tuple[tuple[str, ...], CerbosRole], dict[str, None]] = {}
        at: dict[tuple[tuple[str, ...], CerbosRole], dict[str, None]] = {}
        for role in self._people.roles:
            if role.at and self.resource.place is None:
                continue
            for each in self._people.granted(role, self.resource.name):
                key = (tuple(sorted({limit.instance for limit in each.limits})), role)
                mine = actions.setdefault(key, {})
                mine[each.action] = None
                mine.update((field_action(each.action, f), None) for f in grant_fields(self._index, each.grant))
                at.setdefault(key, {})[each.grant.at] = None
        alike: dict[tuple[tuple[str, ...], tuple[str, ...]], list[CerbosRole]] = {}
        for (limits, role), mine in actions.items():
            alike.setdefault((limits, tuple(sorted(mine))), []).append(role)
        for (limits, allowed), roles in sorted(alike.items(), key=lambda each: each[0]):
            instances = [self._index.instances[name] for name in limits]
            condition = all_of(self._match(each.condition) for each in instances)
            self._add(
                [*allowed],
                ALLOW,
                condition,
                [*dict.fromkeys(p for role in roles for p in at[limits, role]), *(each.at for each in instances)],
                roles=[role.name for role in roles if not role.at],
                derivedRoles=[self._here(role.source.name) for role in roles if role.at],
            )

    # --- denying ---------------------------------------------------------------------------------------------

    def _denies(self) -> None:
        """One rule for all denies of the same, and who brings them."""
        made: dict[str, tuple[list[str], Match, _Bringers, dict[str, None]]] = {}
        for deny, role in self._said():
            actions = sorted(self._denied(deny))
            unless = none_of(self._match(deny.condition, False)) if deny.condition is not None else all_of(())
            key = json.dumps([actions, unless, role is None])
            found = made.setdefault(key, (actions, unless, _Bringers({}, {}), {}))
            found[3][deny.at] = None
            if role is not None:
                found[2].add(role)
        for key, (actions, unless, bringers, at) in made.items():
            condition = unless if key.endswith("true]") else all_of((self._brought(bringers, "denied"), unless))
            self._add(actions, DENY, condition, [*at], roles=["*"])

    def _said(self) -> Iterator[tuple[ir.Deny, CerbosRole | None]]:
        for deny in self._index.denies:
            if deny.resource == self.resource.name:
                yield deny, None
        for role in self._people.roles:
            for chain in chains(self._index, role.source):
                for deny in chain[-1].denies:
                    if deny.resource == self.resource.name and not (role.at and self.resource.place is None):
                        yield deny, role

    def _denied(self, deny: ir.Deny) -> Iterator[str]:
        for action in deny.actions:
            if deny.fields is None:
                yield from whole(action)
            else:
                yield from (field_action(action, name) for name in deny.fields)

    def _requirements(self) -> None:
        for action in self.resource.actions:
            if action.requires is not None:
                met = self._met(action.requires)
                if met != all_of(()):
                    self._add([*whole(action.name)], DENY, none_of(met), [action.at], roles=["*"])

    def _met(self, requirement: ir.Requirement) -> Match:
        def met(atom: Atom) -> Match:
            match atom:
                case ir.RequiresFeature(feature=feature):
                    return all_of(()) if self._index.features[feature] else any_of(())
                case ir.RequiresSuperuser():
                    return expression(CelVar("P.attr.superuser"))
                case ir.RequiresGrant(place_kind=kind):
                    return self._holds(atom, kind)

        return fold(requirement, met, all_of, any_of)

    def _holds(self, need: ir.RequiresGrant, kind: str | None) -> Match:
        bringers = _Bringers({}, {})
        for role in self._people.roles:
            said = (self._index.said(chain[-1]) for chain in chains(self._index, role.source))
            if any((need.resource, need.action) in each.grants for each in said):
                if role.at and kind is None:
                    bringers.everywhere[role.name] = None
                elif not role.at or self.resource.place is not None:
                    bringers.add(role)
        return self._brought(bringers, "holders", kind)

    def _brought(self, bringers: _Bringers, name: str, kind: str | None = None) -> Match:
        """Whether the user has one of the roles, where the record lives if it holds at places."""
        ways = []
        if bringers.everywhere:
            listed = dict.fromkeys(bringers.everywhere, True)
            known = next((key for key, value in self.constants.items() if value == listed), None)
            if known is None:
                known = f"{name}_{len(self.constants) + 1}"
                self.constants[known] = listed
            ways.append(expression(cel.exists(_ROLES, cel.within(cel.ITEM, CelVar(f"C.{known}")))))
        for role in bringers.placed:
            held = cel.within(CelLiteral(f"role:{role}:at"), _ROLES)
            ways.append(expression(cel.all_of((held, self._covers(role, kind)))))
        return any_of(ways)

    def _unknown_place(self) -> None:
        """A record at a place that there is not is nobody's."""
        if self.resource.place is not None:
            entry = MapEntry(CelVar("R.attr"), self.resource.place)
            unknown = cel.all_of((cel.has(entry), cel.CelNot(cel.within(entry, self._around()))))
            at = self._index.attributes[self.resource.name][self.resource.place].at
            self._add(["*"], DENY, expression(unknown), [at], roles=["*"])

    # --- places ----------------------------------------------------------------------------------------------

    def _here(self, role: str) -> str:
        """The derived role of those who have the role at the record's place."""
        name = f"{role}_here"
        condition = {"match": expression(self._covers(role))}
        self.derived[role] = {"name": name, "parentRoles": [f"role:{role}:at"], "condition": condition}
        return name

    def _around(self) -> Expr:
        kind = self._index.place_kind(self.resource.name)
        assert kind is not None
        return CelVar(f"C.{around(kind)}")

    def _covers(self, role: str, kind: str | None = None) -> Expr:
        """Whether the user has the role at the record's place or around it: at a kind of place or above, if given."""
        assert self.resource.place is not None
        entry = MapEntry(CelVar("R.attr"), self.resource.place)
        held = MapEntry(CelVar("P.attr.places"), role)
        there: Expr = cel.within(cel.ITEM, held)
        if kind is not None:
            there = cel.all_of((there, cel.within(cel.ITEM, CelVar(f"C.{_at_or_above(kind)}"))))
        located = (cel.has(entry), cel.within(entry, self._around()), cel.has(held))
        return cel.all_of((*located, cel.exists(MapEntry(self._around(), entry), there)))

    # --- putting together ------------------------------------------------------------------------------------

    def _match(self, condition: Any, wanted: bool = True) -> Match:
        return self._conditions.match(self.resource.name, condition, wanted)

    def _add(self, actions: list[str], effect: str, condition: Match, at: list[str], **roles: list[str]) -> None:
        kind = "allow" if effect == ALLOW else "deny"
        content: dict[str, Any] = {"name": f"{kind}-{len(self.rules) + 1}", "actions": actions, "effect": effect}
        content |= {key: value for key, value in roles.items() if value}
        if condition != all_of(()):
            content["condition"] = {"match": told_apart(condition, f"{self.resource.name} {content['name']}")}
        self.rules.append(ResourceRule(content, at))


def whole(action: str) -> tuple[str, str]:
    """The action and all that asks for its attributes."""
    return action, field_action(action, "*")


def around(kind: str) -> str:
    """Name of the constant that has, for each place of a kind, it and those around it."""
    return f"around_{kind}"


def _at_or_above(kind: str) -> str:
    """Name of the constant that has the places of a kind and of those that contain it."""
    return f"at_or_above_{kind}"


def place_constants(index: Index) -> dict[str, Any]:
    """The tree of places."""
    found: dict[str, Any] = {}
    for kind in index.kinds:
        found[around(kind)] = {name: list(index.around(name)) for name in sorted(index.places_of(kind))}
        above = [name for name, each in sorted(index.places.items()) if index.is_kind_or_above(each.kind, kind)]
        found[_at_or_above(kind)] = dict.fromkeys(above, True)
    return found
