"""PL308: roles or groups with the same or nearly the same permissions."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator, Sequence, Set
from typing import Any

from policylang.check.finding import Finding, related
from policylang.check.privileges import by_resource, several, ticked
from policylang.check.world import World
from policylang.diagnostics import Rule
from policylang.ir import nodes as ir
from policylang.ir.nesting import Name, name_of
from policylang.model.words import condition_in_words
from policylang.runtime.caching import cached_method
from policylang.runtime.index import Permission
from policylang.runtime.parts import grant_fields
from policylang.runtime.sources import Bundle, RightsSource
from policylang.source import Location

RULE = Rule(
    code="PL308",
    name="nearly-same-roles",
    family="stacking",
    severity="info",
    summary="roles or groups with the same or nearly the same permissions",
    why=(
        "Copies drift apart: a permission is removed from one and stays in the other. And whoever assigns roles "
        "has to guess which one to use."
    ),
    bad="""\
resource doc { actions view, create, modify, delete }
role editor { grant view, create, modify, delete on doc }
role writer { grant view, create, modify, delete on doc }   #! PL308
""",
    good="""\
resource doc { actions view, create, modify, delete }
role editor { grant view, create, modify, delete on doc }
""",
    near="""\
resource doc { owner : user  actions view, create, modify, delete }
policy mine on doc { owner is assigned user }
role editor { grant view, create, modify, delete on doc }
role author { grant view, create, modify, delete on doc  policy mine }
role viewer { grant view, create, modify on doc }
role chief { role editor }
""",
    since="0.1.0",
)

_Item = tuple[Any, ...]
"""An action on a resource, with what it covers, the policies it stands under and the denies against it."""


def check(world: World) -> Iterator[Finding]:
    """The permissions that two roles, or two groups, share are at least 90 % (`same_permissions`) of those of each. A
    permission is an action on a resource with the attributes it covers, the policies it stands under and the denies
    against it: the same grants under other limits are another job. Roles inside count with what they are inside of;
    what comes from a role inside both does not count, it is shared already. Not compared: a role with those inside it,
    roles of different portals, an essential role with one that is not, and an integration's role with its mirror, which
    is meant to be like it, two that only hold roles, and other ones, which are told themselves, and what stands in the
    blocks of users.

    One finding for all that are the same, and one for all that are nearly the same as one, on the first of those behind
    it. Where the rule is selected by name, roles and groups are told as well that are contained in another.
    """
    for kind in (world.policy_set.groups, world.policy_set.shared_roles):
        yield from _Alike(world, kind).findings()


_SHOWN = 3
"""Permissions and places that a finding names."""


class _Alike:
    """Groups, or roles, beside each other: the numbers of what each has."""

    def __init__(self, world: World, bundles: Sequence[Bundle]) -> None:
        self.world = world
        self.share = world.thresholds.same_permissions
        self.excused = _Excused(world)
        self.order = sorted(bundles, key=lambda each: Location.parse(each.at))
        self._numbers: dict[_Item, int] = {}
        self._inherited: dict[tuple[Name, Permission], int | None] = {}
        self.items = {bundle.name: self._permissions(bundle) for bundle in self.order}
        self._numbered = tuple(self._numbers)
        self.by_items: dict[frozenset[int], list[Bundle]] = {}
        for bundle in self.order:
            if self.items[bundle.name]:
                self.by_items.setdefault(self.items[bundle.name], []).append(bundle)

    def findings(self) -> Iterator[Finding]:
        for equal in self.by_items.values():
            yield from self._same(equal)
        followers: dict[str, list[Bundle]] = {}
        alike = _Near(self.by_items, self.share)
        for items, equal in self.by_items.items():
            bundle = equal[0]
            near = [each for each in alike.like(items) if self._are_near(self.by_items[each][0], bundle)]
            if near:
                shared = [len(each & items) for each in near]
                leader = near[shared.index(max(shared))]
                followers.setdefault(self.by_items[leader][0].name, []).append(bundle)
            else:
                alike.add(items)
        named = {bundle.name: bundle for bundle in self.order}
        for name, others in followers.items():
            yield self._nearly(named[name], others)
        if RULE.code in self.world.asked_for:
            yield from self._contained({each.name for others in followers.values() for each in others})

    def _same(self, equal: list[Bundle]) -> Iterator[Finding]:
        """Those with the same permissions, of which none is excused from being like all others."""
        others = [each for n, each in enumerate(equal) if any(self._are_near(one, each) for one in equal[:n])]
        if others:
            first = next(one for one in equal if any(self._are_near(one, each) for each in others))
            names = several(ticked(each.name for each in others))
            yield Finding(
                code="PL308",
                message=f"{names} {'has' if len(others) == 1 else 'have'} the same permissions as `{first.name}`",
                at=others[0].at,
                subjects=tuple(each.name for each in others),
                help="keep one of them",
                related=tuple(related(each.at, f"`{each.name}`") for each in [first, *others[1:]][:_SHOWN]),
            )

    def _nearly(self, leader: Bundle, others: list[Bundle]) -> Finding:
        first = others[0]
        message = self._difference(first, leader)
        if len(others) > 1:
            message += f"; nearly the same as `{leader.name}`: {several(ticked(each.name for each in others[1:]))}"
        return Finding(
            code="PL308",
            message=message,
            at=first.at,
            subjects=tuple(each.name for each in others),
            help="keep one of them, or put what they share into a role inside both",
            related=tuple(related(each.at, f"`{each.name}`") for each in [leader, *others[1:]][:_SHOWN]),
        )

    def _difference(self, one: Bundle, other: Bundle) -> str:
        """``d` has 10 of the 11 permissions of `a`: it lacks purge on `doc```"""
        mine, theirs = self.items[one.name], self.items[other.name]
        lacking, more = ({self._numbered[each][:2] for each in left} for left in (theirs - mine, mine - theirs))
        if not lacking:
            return f"`{one.name}` has all {len(theirs)} permissions of `{other.name}`, and {_in_words(more)}"
        said = [
            f"{word} {_in_words(permissions)}"
            for word, permissions in (
                ("lacks", lacking - more),
                ("has", more - lacking),
                ("differs in attributes, limits or denies of", lacking & more),
            )
            if permissions
        ]
        return (
            f"`{one.name}` has {len(mine & theirs)} of the {len(theirs)} permissions of `{other.name}`: "
            f"{'; '.join(said)}"
        )

    def _contained(self, told: Collection[str]) -> Iterator[Finding]:
        """Each whose permissions are a part of another's, with the smallest such one, if that is not told already."""
        holders: dict[int, set[int]] = {}
        sets = list(self.by_items)
        for number, items in enumerate(sets):
            for item in items:
                holders.setdefault(item, set()).add(number)
        for number, items in enumerate(sets):
            inside = set.intersection(*(holders[item] for item in items)) - {number}
            for bundle in self.by_items[items]:
                around = [each for n in sorted(inside) for each in self.by_items[sets[n]]]
                around = [each for each in around if not self.excused.pair(each, bundle)]
                if around and bundle.name not in told:
                    smallest = min(around, key=lambda each: len(self.items[each.name]))
                    yield Finding(
                        code="PL308",
                        message=f"`{bundle.name}` is contained in `{smallest.name}`, which has "
                        f"{len(self.items[smallest.name])} permissions where it has {len(items)}",
                        at=bundle.at,
                        help=f"write `role {bundle.name}` in `{smallest.name}` instead of what they share"
                        if isinstance(bundle, ir.Role)
                        else "put what they share into a role inside both",
                        related=(related(smallest.at, f"`{smallest.name}`"),),
                    )

    def _permissions(self, bundle: Bundle) -> frozenset[int]:
        name = name_of(bundle)
        about = self.world.about(name)
        new = {
            permission
            for permission, origin in about.items()
            if origin == name or (origin, permission) not in self._inherited
        }
        found = _items(self.world, RightsSource(*name), new)
        items = set()
        for permission, origin in about.items():
            if permission in new:
                item = found.get(permission)
                number = None if item is None else self._numbers.setdefault(item, len(self._numbers))
                if origin != name:
                    self._inherited[origin, permission] = number
            else:
                number = self._inherited[origin, permission]
            if number is not None:
                items.add(number)
        return frozenset(items)

    @cached_method
    def _inner(self, role: str) -> frozenset[int]:
        """What a role that is inside others grants."""
        return self._permissions(self.world.index.roles[role])

    def _are_near(self, one: Bundle, other: Bundle) -> bool:
        """Whether it is worth saying that they share so much, without what comes from a role inside both."""
        if self.excused.pair(one, other):
            return False
        mine, theirs = self.items[one.name], self.items[other.name]
        for name in self.excused.inside(name_of(one)) & self.excused.inside(name_of(other)):
            inner = self._inner(name)
            mine, theirs = mine - inner, theirs - inner
        wanted = _wanted(self.share, max(len(mine), len(theirs)))
        return len(mine & theirs) >= wanted


def _in_words(permissions: set[tuple[Any, ...]]) -> str:
    """``print, purge on `doc```, a few of them and how many more there are."""
    said = ", ".join(by_resource(sorted(permissions)[:_SHOWN]))
    more = len(permissions) - _SHOWN
    return f"{said} and {more} more" if more > 0 else said


class _Excused:
    """Pairs that are alike for a reason."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.mirrors = {
            frozenset((ref.name, each.mirror.name))
            for each in world.policy_set.integrations
            if each.mirror is not None
            for ref in each.roles
        }

    def pair(self, first: Bundle, second: Bundle) -> bool:
        if not any((first.grants, first.denies, second.grants, second.denies)) and _held(first) != _held(second):
            return True
        if isinstance(first, ir.Group) or isinstance(second, ir.Group):
            return False
        return (
            first.essential != second.essential
            or (first.portal is not None and second.portal is not None and first.portal != second.portal)
            or first.name in self.inside(name_of(second))
            or second.name in self.inside(name_of(first))
            or frozenset((first.name, second.name)) in self.mirrors
        )

    @cached_method
    def inside(self, name: Name) -> frozenset[str]:
        """The roles inside a role or group, at any depth."""
        return frozenset(chain[-1].name for chain in self.world.chains(RightsSource(*name))[1:])


def _held(bundle: Bundle) -> set[str]:
    return {ref.name for ref in bundle.roles}


def _items(world: World, source: RightsSource, permissions: Set[Permission]) -> dict[Permission, _Item]:
    """Those of the actions on resources that a source grants."""
    denies: dict[Permission, set[_Item]] = {}
    for chain in world.chains(source) if permissions else ():
        for deny in chain[-1].denies:
            when = "" if deny.condition is None else condition_in_words(deny.condition, ())
            fields = ("*",) if deny.fields is None else deny.fields
            for action in deny.actions:
                denies.setdefault((deny.resource, action), set()).add((fields, when))
    found: dict[Permission, set[_Item]] = {}
    for each in world.grants(source, permissions):
        limits = frozenset([limit.instance for limit in each.limits])
        way = (grant_fields(world.index, each.grant), limits)
        found.setdefault((each.grant.resource, each.action), set()).add(way)
    none = frozenset[_Item]()
    return {key: (*key, frozenset(ways), frozenset(denies.get(key, none))) for key, ways in found.items()}


class _Near:
    """Sets to which others are compared, found by what they share.

    Prefix filtering (Chaudhuri, Ganti and Kaushik 2006): with the rarest items first, two sets that share n items have
    one in common among the first `size - n + 1` of each, so only sets that share such a one are compared.
    """

    def __init__(self, sets: Collection[frozenset[int]], share: float) -> None:
        self.share = share
        frequency = Counter(item for each in sets for item in each)
        self.place = {item: n for n, (item, _) in enumerate(sorted(frequency.items(), key=lambda e: (e[1], e[0])))}
        self.leaders: list[frozenset[int]] = []
        self.holders: dict[int, list[int]] = {}

    def add(self, items: frozenset[int]) -> None:
        for item in self._rarest(items):
            self.holders.setdefault(item, []).append(len(self.leaders))
        self.leaders.append(items)

    def like(self, items: frozenset[int]) -> Iterator[frozenset[int]]:
        """Those added that share enough with a set, in the order in which they were added."""
        found = {number for item in self._rarest(items) for number in self.holders.get(item, ())}
        for other in map(self.leaders.__getitem__, sorted(found)):
            if len(items & other) >= _wanted(self.share, max(len(items), len(other))):
                yield other

    def _rarest(self, items: frozenset[int]) -> list[int]:
        return sorted(items, key=self.place.__getitem__)[: len(items) - _wanted(self.share, len(items)) + 1]


def _wanted(share: float, size: int) -> int:
    """How many of so many items are enough. The share is meant as it is written: 0.9 of 10 is 9."""
    return max(1, math.ceil(round(share * size, 9)))
