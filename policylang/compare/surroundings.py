"""What differs around the grants: resources, places, features, denies for everyone; and what that reaches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

import msgspec

from policylang.check.conditions import every_condition, paths
from policylang.check.holding import atoms, requirement_in_words
from policylang.check.same_access import without_places
from policylang.compare.sides import Side, deny_keys
from policylang.ir import nodes as ir
from policylang.model.types import RecordType, SetType, in_words
from policylang.runtime.access import place_in_words
from policylang.runtime.index import Index
from policylang.syntax.quoting import quote_text

Lines = tuple[str, ...]


class Surroundings:
    """The differences of two sides that are not in roles, groups or users."""

    def __init__(self, old: Side, new: Side, moved: Iterable[str]) -> None:
        """``moved``: attributes of users that some user has another value of."""
        self.old, self.new = old, new
        self.moved = frozenset(moved)

    @cached_property
    def places_moved(self) -> bool:
        """Whether something given at a place may cover other records."""
        return any(
            _plain(getattr(self.old.index.policy_set, name)) != _plain(getattr(self.new.index.policy_set, name))
            for name in ("places", "scope")
        )

    @cached_property
    def everything(self) -> bool:
        """Whether no resource is out of reach of what differs."""
        old, new = self.old.index.policy_set, self.new.index.policy_set
        if old.timezone != new.timezone or old.subject != new.subject or old.request != new.request:
            return True
        return bool(self.moved) and any(
            self.moved & set(path.steps[1:])
            for side in (self.old, self.new)
            for condition in every_condition(side.world.policy_set)
            for path in paths(condition)
        )

    @cached_property
    def touched(self) -> frozenset[str]:
        """The resources about which something is decided otherwise, or may be."""
        names = {*self.old.index.resources, *self.new.index.resources}
        if self.everything:
            return frozenset(names)
        found = {name for name in names if self.old.index.resources.get(name) != self.new.index.resources.get(name)}
        found |= {deny.resource for deny in self._denies_changed()}
        for name in names - found:
            for side in (self.old, self.new):
                for action in side.index.resources[name].actions if name in side.index.resources else ():
                    for each in atoms(action.requires):
                        if isinstance(each, ir.RequiresFeature) and each.feature in self.switched:
                            found.add(name)
        return frozenset(_around(found, (self.old.index, self.new.index)))

    @cached_property
    def switched(self) -> frozenset[str]:
        """Features that are on now and were not, or the other way round."""
        old, new = self.old.index.features, self.new.index.features
        return frozenset(name for name in {*old, *new} if old.get(name, False) != new.get(name, False))

    def _denies_changed(self) -> Iterator[ir.Deny]:
        keys = [{key for deny in side.index.denies for key in deny_keys(deny)} for side in (self.old, self.new)]
        for side, other in ((self.old, keys[1]), (self.new, keys[0])):
            yield from (deny for deny in side.index.denies if not other.issuperset(deny_keys(deny)))

    # --- in words --------------------------------------------------------------------------------------------

    def lines(self, resource: str, action: str) -> tuple[Lines, Lines]:
        """What is declared about an action on a resource on the one side only, and on the other."""
        old, new = (list(_declared(side, resource, action)) for side in (self.old, self.new))
        return tuple(line for line in old if line not in new), tuple(line for line in new if line not in old)

    @cached_property
    def place_lines(self) -> tuple[Lines, Lines]:
        """The places that are elsewhere, or only on one side."""
        old, new = (dict.fromkeys(_places(side.index)) for side in (self.old, self.new))
        return tuple(line for line in old if line not in new), tuple(line for line in new if line not in old)


def _declared(side: Side, resource: str, action: str) -> Iterator[str]:
    declared = side.index.resources.get(resource)
    if declared is None:
        return
    for attribute in declared.attributes:
        marks = [word for word, on in (("optional", attribute.optional), ("sensitive", attribute.sensitive)) if on]
        yield " ".join([*marks, f"`{attribute.name}`", "is", in_words(attribute.type)])
    for each in declared.actions:
        if each.name == action:
            if each.requires is not None:
                yield f"{action} requires {requirement_in_words(each.requires)}"
                for atom in atoms(each.requires):
                    if isinstance(atom, ir.RequiresFeature):
                        yield f"the feature `{atom.feature}` is {'on' if side.index.features[atom.feature] else 'off'}"
            if each.bypasses_policies:
                yield f"{action} bypasses policies"
    yield f"times are those of {quote_text(side.index.policy_set.timezone)}"


def _places(index: Index) -> Iterator[str]:
    for place in index.policy_set.places:
        inside = "" if place.parent is None else f" in {place_in_words(index, place.parent)}"
        yield f"{place_in_words(index, place.name)}{inside}"


def _around(names: set[str], indexes: Iterable[Index]) -> set[str]:
    """The resources, and those from which conditions can lead to them."""
    to: dict[str, set[str]] = {}
    for index in indexes:
        for resource, attributes in index.attributes.items():
            for attribute in attributes.values():
                type_ = attribute.type.of if isinstance(attribute.type, SetType) else attribute.type
                if isinstance(type_, RecordType):
                    to.setdefault(type_.resource, set()).add(resource)
    waiting = list(names)
    for name in waiting:
        waiting += to.get(name, set()) - names
        names |= to.get(name, set())
    return names


def _plain(values: tuple[msgspec.Struct, ...]) -> object:
    return frozenset(without_places(values))
