"""When a question about one user's plan is the same as one about another's: a key that equal questions share.

It says all that the answer depends on, and leaves out what two users may differ in all the same: who they are, where
nobody is named; attributes that nothing looks at; which of the places they have their roles at, where these lie
apart from all others and no condition speaks of places; and their texts, where these are only equal to others or not,
and no condition says them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence

from policylang.analysis.formula import all_true, true
from policylang.analysis.looks import Looks, is_user
from policylang.check.world import World
from policylang.model import conditions as c
from policylang.model.types import PlaceType, RecordType, TextType
from policylang.runtime.caching import cached_method
from policylang.runtime.periods import Period
from policylang.runtime.plan import Plan, Way


class Likeness:
    """Of the users of one world. ``world.once(Likeness)``"""

    def __init__(self, world: World) -> None:
        self._world, self._index = world, world.index
        parents = {place.parent for place in self._index.places.values()}
        named = any(
            isinstance(operand.type.item, PlaceType)
            for _, condition in world.policy_set.conditions()
            for operand in condition.operands()
        )
        self._apart = frozenset(
            name
            for name, place in self._index.places.items()
            if not named and place.parent is None and name not in parents
        )
        self._texts = self._find_texts()

    def question(
        self,
        plan: Plan,
        asked: Sequence[Iterable[Way]],
        user: str,
        period: Period,
        places: Iterable[str | None] = (),
        field: str | None = None,
        fields: bool = False,
    ) -> Hashable:
        """Of a question about some of the ways of a plan, in a period, and what hinders them: the action, the ways, the
        places that come up beside theirs, the field that they have to cover if one is given. ``fields``: it may be
        about any of them.
        """
        where = self._numbering() if isinstance(plan.requirement, bool) else _by_name
        every = fields or plan.kind == "create"
        said: list[Hashable] = [plan.resource, plan.action, period, plan.requirement, field, *map(where, places)]
        looks = []
        for append in plan.appends:
            looks.append(self._looks(append.id))
            said.append(append.id)
        for ways in asked:
            for way in ways:
                looks.append(self._all_looks(way.limit_ids))
                said += (where(way.place), way.limit_ids, field in way.fields, way.fields if every else None)
            said.append(None)
        for each in plan.denies:
            if each.deny.condition is not None:
                looks.append(self._world.prover.looking.of(true(each.deny.condition)))
            said += (where(each.place), id(each.deny))
        return (*said, self._who(user, plan, looks))

    def limits(self, looks: Looks, user: str, period: Period, places: Iterable[str | None]) -> Hashable:
        """Of a question about limits that look at something, and nothing else, at some places in a period: all but
        which limits they are.
        """
        return (period, *map(self._numbering(), places), self._seen(looks.attributes, looks.users, user))

    def holder(self, user: str) -> Hashable:
        """What tells apart users whom any condition could."""
        attributes = self._world.looks.attributes
        return self._seen(attributes, self._world.looks.users & {user}, user)

    def place(self, place: str | None) -> Hashable:
        """One place by itself."""
        return self._index.places[place].kind if place is not None and place in self._apart else (place,)

    def _who(self, user: str, plan: Plan, looks: Iterable[Looks]) -> Hashable:
        attributes: frozenset[str] = frozenset()
        for each in looks:
            if each.users:
                return user
            if not each.attributes <= attributes:
                attributes |= each.attributes
        if plan.kind == "create" and self._chosen(plan.resource):
            return user  # who may be written is named
        return self._seen(attributes, frozenset(), user)

    def _seen(self, attributes: frozenset[str], users: frozenset[str], user: str) -> Hashable:
        """What is seen of the user where attributes are looked at, and users are named."""
        if users or (attributes and self._of_users(attributes)):
            return user
        return self._values(user, attributes) if attributes else None

    def _numbering(self) -> Callable[[str | None], Hashable]:
        """Places that lie apart, in the order in which they come up."""
        numbers: dict[str, int] = {}

        def where(place: str | None) -> Hashable:
            if place not in self._apart or place is None:
                return place
            return self._index.places[place].kind, numbers.setdefault(place, len(numbers))

        return where

    @cached_method
    def _of_users(self, attributes: frozenset[str]) -> bool:
        return any(is_user(self._index.subject[name]) for name in attributes)

    @cached_method
    def _looks(self, *ids: str) -> Looks:
        conditions = (self._index.instances[each].condition for each in ids)
        return self._world.prover.looking.of(all_true(conditions))

    @cached_method
    def _all_looks(self, ids: frozenset[str]) -> Looks:
        return self._looks(*sorted(ids))

    @cached_method
    def _values(self, user: str, attributes: frozenset[str]) -> Hashable:
        declared = self._index.users.get(user)
        given = () if declared is None else declared.attributes
        numbers: dict[c.Value, int] = {}

        def told(constant: c.Constant) -> Hashable:
            value = constant.value
            # The id of a record is a text too.
            if self._texts is None or not isinstance(constant.type, TextType | RecordType) or value in self._texts:
                return value
            return (numbers.setdefault(value, len(numbers)),)

        return tuple(
            (each.name, tuple(map(told, each.values)))
            for each in sorted(given, key=lambda each: each.name)
            if each.name in attributes
        )

    def _find_texts(self) -> frozenset[c.Value] | None:
        """The texts that conditions tell from others; ``None`` where they look into texts, so that these may be any."""
        conditions = [condition for _, condition in self._world.policy_set.conditions()]
        if any(isinstance(test, c.TextTest | c.Under) for condition in conditions for test in condition.tests()):
            return None
        return frozenset(constant.value for condition in conditions for constant in condition.constants())

    @cached_method
    def _chosen(self, resource: str) -> bool:
        return any(each.role is not None for each in self._index.attributes[resource].values())


def _by_name(place: str | None) -> Hashable:
    return place
