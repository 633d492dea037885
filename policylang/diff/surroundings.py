"""What differs around the grants: resources, places, features, denies for everyone; and what that reaches."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property

import msgspec

from policylang.diff.versions import Side, deny_keys
from policylang.diff.wording import Lines, action_lines, apart, place_line
from policylang.ir import nodes as ir
from policylang.ir.requirements import atoms
from policylang.model import conditions as c
from policylang.model.types import RecordType, Type, UserType, in_words
from policylang.runtime.index import Index
from policylang.runtime.plan import Plan
from policylang.runtime.truth import user_value
from policylang.runtime.values import MISSING
from policylang.syntax.quoting import quote_text

_MOST_NAMED = 20
"""Users named whose attributes are other ones."""
_Apart = tuple[Lines, Lines]


class Surroundings:
    """The differences of two sides that are not in roles, groups or users."""

    def __init__(self, old: Side, new: Side, moved: Mapping[str, Collection[str]]) -> None:
        """``moved``: attributes of users, with those users who have another value of it."""
        self.old, self.new = self.sides = old, new
        self.moved = moved

    @cached_property
    def places_moved(self) -> bool:
        """Whether something given at a place may cover other records."""
        return any(
            frozenset(getattr(self.old.index.policy_set, name)) != frozenset(getattr(self.new.index.policy_set, name))
            for name in ("places", "scope")
        )

    @cached_property
    def _everything(self) -> bool:
        """Whether no resource is out of reach of what differs."""
        old, new = self.old.index.policy_set, self.new.index.policy_set
        if old.timezone != new.timezone or old.subject != new.subject or old.request != new.request:
            return True
        return bool(self.moved) and any(
            self.moved.keys() & set(path.steps[1:])
            for side in (self.old, self.new)
            for _, condition in side.world.policy_set.conditions()
            for path in condition.paths()
        )

    @cached_property
    def touched(self) -> frozenset[str]:
        """The resources about which something is decided otherwise, or may be."""
        names = {*self.old.index.resources, *self.new.index.resources}
        if self._everything:
            return frozenset(names)
        found = {name for name in names if self.old.index.resources.get(name) != self.new.index.resources.get(name)}
        found |= {deny.resource for deny in self._denies_changed()}
        found |= {name for name in names if self.places_of_one_side(name)}
        for name in names - found:
            for side in (self.old, self.new):
                for action in side.index.resources[name].actions if name in side.index.resources else ():
                    for each in atoms(action.requires):
                        if isinstance(each, ir.RequiresFeature) and each.feature in self._switched:
                            found.add(name)
        return frozenset(_around(found, (self.old.index, self.new.index)))

    def places_of_one_side(self, resource: str) -> frozenset[str]:
        """The places where records can be on one side only."""
        old, new = (_homes(side.index, resource) for side in (self.old, self.new))
        return old ^ new

    @cached_property
    def _switched(self) -> frozenset[str]:
        """Features that are on now and were not, or the other way round."""
        old, new = self.old.index.features, self.new.index.features
        return frozenset(name for name in {*old, *new} if old.get(name, False) != new.get(name, False))

    def _denies_changed(self) -> Iterator[ir.Deny]:
        keys = [{key for deny in side.index.denies for key in deny_keys(deny)} for side in (self.old, self.new)]
        for side, other in ((self.old, keys[1]), (self.new, keys[0])):
            yield from (deny for deny in side.index.denies if not other.issuperset(deny_keys(deny)))

    # --- in words --------------------------------------------------------------------------------------------

    def lines(
        self, resource: str, action: str, plans: tuple[Plan | None, Plan | None], fields: Lines, *, times: bool
    ) -> _Apart:
        """What is declared on the one side only, and on the other, of what decides an action, also on some fields: what
        it asks for, and what its plans look at. ``times``: it is decided otherwise at other times.
        """
        return self._apart(resource, action, self._read(resource, plans, fields, times))

    def of_conditions(self, resource: str, conditions: tuple[Iterable[c.Condition], Iterable[c.Condition]]) -> _Apart:
        """What is declared on the one side only, and on the other, of what its conditions on a resource look at."""
        read = [self._looked_at(side, resource, list(each)) for side, each in zip(self.sides, conditions, strict=True)]
        return self._apart(resource, None, _joined(read))

    def _apart(self, resource: str, action: str | None, read: _Reliance) -> _Apart:
        old, new = (dict.fromkeys(_declared(side.index, resource, action, read)) for side in self.sides)
        return apart(old, new)

    def _read(self, resource: str, plans: tuple[Plan | None, Plan | None], fields: Lines, times: bool) -> _Reliance:
        """What plans look at. Where one side has none, what is declared elsewhere is not why."""
        found = [_Reliance(frozenset((resource, field) for field in fields), times=times)]
        if plans[0] is None or plans[1] is None:
            return found[0]
        places = set(self.places_of_one_side(resource))
        read: set[tuple[str, str]] = set()
        for side, plan in zip(self.sides, plans, strict=True):
            assert plan is not None
            found.append(self._looked_at(side, resource, list(plan.conditions())))
            if plan.kind == "create":
                read |= {(resource, name) for name in side.index.attributes[resource]}
            for place in [*(way.place for way in plan.ways), *(deny.place for deny in plan.denies)]:
                if place is not None:
                    read |= {(resource, name) for name in (side.index.resources[resource].place,) if name is not None}
                    places |= {name for each in self.sides for name in each.index.below(place)}
            if not isinstance(plan.requirement, bool):
                places |= {name for each in self.sides for name in each.index.places}
        return _joined([*found, _Reliance(frozenset(read), frozenset(places))])

    def _looked_at(self, side: Side, resource: str, conditions: list[c.Condition]) -> _Reliance:
        paths = [path for condition in conditions for path in condition.paths()]
        holders = (each for path in paths for each in side.index.holders(resource, path))
        return _Reliance(
            attributes=frozenset((_whose(holder), name) for holder, name in holders),
            # The attributes of others than the user who asks.
            users=frozenset((user, name) for path in paths for name in path.steps[1:] for user in self._moved(name)),
            times=any(isinstance(test, c.Time | c.Hours | c.Weekdays) for each in conditions for test in each.tests()),
        )

    def _moved(self, attribute: str) -> list[str]:
        """The first of the users who have another value of an attribute."""
        return sorted(self.moved.get(attribute, ()))[:_MOST_NAMED]


class _Reliance(msgspec.Struct, frozen=True):
    """What a decision looks at: attributes, each with what it belongs to, a resource, `USERS` or `REQUEST`; places;
    attributes of certain users.
    """

    attributes: frozenset[tuple[str, str]] = frozenset()
    places: frozenset[str] = frozenset()
    users: frozenset[tuple[str, str]] = frozenset()
    times: bool = False


def _joined(found: Collection[_Reliance]) -> _Reliance:
    return _Reliance(
        frozenset().union(*(each.attributes for each in found)),
        frozenset().union(*(each.places for each in found)),
        frozenset().union(*(each.users for each in found)),
        any(each.times for each in found),
    )


USERS, REQUEST = "the user", "the request"  # no names of resources: these have no blanks


def _whose(holder: RecordType | UserType | None) -> str:
    match holder:
        case RecordType(resource):
            return resource
        case UserType():
            return USERS
        case None:
            return REQUEST


def _attribute(index: Index, of: str, name: str) -> Type | None:
    if of in (USERS, REQUEST):
        return (index.subject if of == USERS else index.request).get(name)
    declared = index.attributes.get(of, {}).get(name)
    return None if declared is None else declared.type


def _declared(index: Index, resource: str, action: str | None, read: _Reliance) -> Iterator[str]:
    for of, name in sorted(read.attributes):
        type_ = _attribute(index, of, name)
        if type_ is not None:
            whose = "" if of == resource else f" of `{of}`" if of not in (USERS, REQUEST) else f" of {of}"
            yield " ".join([*_marks(index, of, name), f"`{name}`{whose}", "is", in_words(type_)])
    declared = None if action is None else index.actions.get(resource, {}).get(action)
    if declared is not None:
        yield from action_lines(index, declared)
    yield from (place_line(index, name) for name in sorted(read.places & index.places.keys()))
    for user, name in sorted(read.users):
        value = user_value(index, user, name)
        said = ", ".join(map(str, value)) if isinstance(value, tuple) else "missing" if value is MISSING else value
        yield f"`{name}` of `{user}` is {said}"
    if read.times:
        yield f"times are those of {quote_text(index.policy_set.timezone)}"


def _homes(index: Index, resource: str) -> frozenset[str]:
    kind = index.place_kind(resource) if resource in index.resources else None
    return frozenset() if kind is None else index.places_of(kind)


def _marks(index: Index, of: str, name: str) -> Iterator[str]:
    declared = index.attributes.get(of, {}).get(name)
    for word in ("optional", "sensitive"):
        if declared is not None and getattr(declared, word):
            yield word


def _around(names: set[str], indexes: Iterable[Index]) -> set[str]:
    """The resources, and those from which conditions can lead to them."""
    to: dict[str, set[str]] = {}
    for index in indexes:
        for resource, attributes in index.attributes.items():
            for attribute in attributes.values():
                type_ = attribute.type.item
                if isinstance(type_, RecordType):
                    to.setdefault(type_.resource, set()).add(resource)
    waiting = list(names)
    for name in waiting:
        waiting += to.get(name, set()) - names
        names |= to.get(name, set())
    return names
