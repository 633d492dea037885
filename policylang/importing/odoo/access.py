"""What the groups of a user add up to: on which records of a model which operation is open.

An access list and the rules of *different* groups combine: with a group of its own that has a rule, a user sees less.
So what a group gives its members cannot always be handed out as a role, which only adds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

import msgspec

from policylang.importing.graph import distances
from policylang.importing.imported import Origin
from policylang.importing.odoo.conditions import ALWAYS, NEVER, Stated

OdooRight = tuple[str, str]
"""A model, and an operation."""

OPERATIONS = ("read", "write", "create", "unlink")
EVERYBODY = "base.group_everyone"
KINDS_OF_USERS = frozenset(["base.group_user", "base.group_portal", "base.group_public"])
"""Every user of Odoo is in exactly one of these."""


class RecordRule(msgspec.Struct, frozen=True):
    """A condition that holds for the members of some groups. ``condition`` is `NEVER` where it is refused."""

    id: str
    name: str
    model: str
    groups: frozenset[str]
    condition: Stated
    origin: Origin


class RuleReach(msgspec.Struct, frozen=True, dict=True):
    """Which records. ``rules``: whose conditions any of are enough; none for all records. ``granted``: what makes the
    operation available at all.
    """

    rules: tuple[RecordRule, ...]
    granted: tuple[Origin, ...]

    @cached_property
    def conditions(self) -> frozenset[Stated]:
        return frozenset(rule.condition for rule in self.rules)


class AccessModel(msgspec.Struct, dict=True):
    """Groups and the groups inside them, and everything that is said of models. ``lists``: of whom an operation is
    open to at all, with the places that say so. ``permits``: whether a rule itself opens an operation, as from Odoo
    19.4 on. ``closed``: where a restriction for everyone is not known.
    """

    implied: Mapping[str, frozenset[str]]
    lists: Mapping[OdooRight, Mapping[str, tuple[Origin, ...]]]
    rules: Mapping[OdooRight, tuple[RecordRule, ...]]
    permits: bool
    closed: frozenset[OdooRight] = frozenset()

    def closure(self, groups: Iterable[str]) -> frozenset[str]:
        """Groups with all that they imply."""
        return frozenset(distances(self.implied, *groups))

    @cached_property
    def inside(self) -> dict[str, frozenset[str]]:
        """The closure of each group."""
        return {group: self.closure([group]) for group in self.implied}

    @cached_property
    def _spots(self) -> dict[str, tuple[OdooRight, ...]]:
        """Where a group opens something."""
        found: dict[str, dict[OdooRight, None]] = {}
        for spot, groups in self.lists.items():
            for group in groups:
                found.setdefault(group, {})[spot] = None
        for spot, rules in self.rules.items() if self.permits else ():
            for rule in rules:
                for group in rule.groups:
                    found.setdefault(group, {})[spot] = None
        return {group: tuple(spots) for group, spots in found.items()}

    def spots(self, groups: Iterable[str]) -> list[OdooRight]:
        """Where some groups, and no others, open something."""
        found = {spot for group in groups for spot in self._spots.get(group, ()) if spot not in self.closed}
        return sorted(found)

    def reach(self, groups: frozenset[str], spot: OdooRight) -> RuleReach | None:
        """What is open to whoever has exactly these groups."""
        rules = [rule for rule in self.rules.get(spot, ()) if rule.groups & groups]
        lists = self.lists.get(spot, {})
        granted = [origin for group in groups if group in lists for origin in lists[group]]
        if self.permits:
            granted = [rule.origin for rule in rules if rule.condition != NEVER]
        if not granted or spot in self.closed:
            return None
        at = tuple(sorted(set(granted)))
        if not rules or any(rule.condition == ALWAYS for rule in rules):
            return RuleReach((), at)
        kept = tuple(rule for rule in rules if rule.condition != NEVER)
        return RuleReach(kept, at) if kept else None

    # --- what may be handed out by itself ------------------------------------------------------------------------

    @cached_property
    def _narrowing(self) -> dict[OdooRight, tuple[str, ...]]:
        """Groups whose members see less than all, whatever else they have."""
        if self.permits:
            return {}
        found = {}
        for spot, rules in self.rules.items():
            open_to = frozenset[str]().union(*(rule.groups for rule in rules if rule.condition == ALWAYS))
            groups = sorted({group for rule in rules for group in rule.groups})
            found[spot] = tuple(each for each in groups if not open_to & self.inside.get(each, {each}))
        return found

    def narrowed_by(self, group: str, spot: OdooRight) -> str | None:
        """A group that somebody may have besides this one, and then sees less than this one shows."""
        own = self.inside[group]
        if any(rule.groups & own for rule in self.rules.get(spot, ())):
            return None
        for other in self._narrowing.get(spot, ()):
            if len((own | self.inside.get(other, frozenset([other]))) & KINDS_OF_USERS) < 2:
                return other
        return None

    @cached_property
    def _roles(self) -> dict[str, dict[OdooRight, RuleReach]]:
        found = {}
        for group, inside in self.inside.items():
            reaches: dict[OdooRight, RuleReach] = {}
            for spot in self.spots(inside):
                reach = self.reach(inside, spot)
                if reach is not None and self.narrowed_by(group, spot) is None:
                    reaches[spot] = reach
            found[group] = reaches
        return found

    def role(self, group: str) -> dict[OdooRight, RuleReach]:
        """What the role of a group gives, whatever other roles somebody has."""
        return self._roles[group]

    def by_roles(self, groups: Iterable[str], spot: OdooRight) -> frozenset[Stated] | None:
        """What the roles of some groups give together: conditions any of which is enough, none of them for all."""
        reaches = [self._roles[group].get(spot) for group in groups]
        given = [reach.conditions for reach in reaches if reach is not None]
        if not given:
            return None
        return frozenset() if any(not each for each in given) else frozenset().union(*given)

    def missing(self, groups: Iterable[str], inside: frozenset[str]) -> Iterator[tuple[OdooRight, RuleReach | None]]:
        """Where the roles of some groups do not give what the groups give, and what that is."""
        direct = tuple(groups)
        for spot in self.spots(inside):
            reach = self.reach(inside, spot)
            if self.by_roles(direct, spot) != (None if reach is None else reach.conditions):
                yield spot, reach
