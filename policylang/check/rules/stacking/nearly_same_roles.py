"""PL308"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

from policylang.check.finding import Finding, counted, related
from policylang.check.world import World
from policylang.diagnostics import Rule
from policylang.ir import nodes as ir
from policylang.model.words import condition_in_words
from policylang.runtime.parts import grant_fields
from policylang.runtime.sources import Source
from policylang.source import Location

RULE = Rule(
    code="PL308",
    name="nearly-same-roles",
    family="stacking",
    severity="info",
    summary="two roles with nearly the same permissions",
    why=(
        "Copies drift apart: a permission is taken out of one and stays in the other. And whoever gives roles to "
        "people has to guess which of the two is meant."
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


def check(world: World) -> Iterator[Finding]:
    """The permissions that two roles share are at least 90 % (`same_permissions`) of those of each. A permission is an
    action on a resource with the attributes it covers, the policies it stands under and the denies against it: the same
    grants under other limits are another job. Roles inside count with the role. Not compared: a role with those inside
    it, roles of different portals, an essential role with one that is not, and an integration's role with its mirror,
    which is meant to be like it. It stands on the later role, and names the ones before that are like it.
    """
    exact: dict[frozenset[_Item], list[ir.Role]] = {}
    for role in sorted(world.policy_set.roles, key=lambda each: Location.parse(each.at)):
        items = _permissions(world, role)
        if items:
            exact.setdefault(items, []).append(role)
    share = world.thresholds.same_permissions
    alike: dict[str, list[ir.Role]] = {}
    excused = _Excused(world)
    for group in exact.values():
        _note(excused, alike, group, group)
    for first, second in _close(list(exact), share):
        _note(excused, alike, exact[first], exact[second])
    roles = world.index.roles
    for name, others in alike.items():
        named = sorted(others, key=lambda each: Location.parse(each.at))
        yield Finding(
            code="PL308",
            message=f"`{name}` has nearly the same permissions as {counted([each.name for each in named])}",
            at=roles[name].at,
            help="keep one of them, or put what they share into a role inside both",
            related=tuple(related(each.at, f"`{each.name}`") for each in named[:3]),
        )


_MOST = 20
"""With so many roles that are like it, a role need not be compared with more."""


def _note(excused: _Excused, alike: dict[str, list[ir.Role]], first: list[ir.Role], second: list[ir.Role]) -> None:
    """Every role of the two lists, with those before it that it is like."""
    ordered = sorted({role.name: role for role in (*first, *second)}.values(), key=lambda each: Location.parse(each.at))
    ones, others = {role.name for role in first}, {role.name for role in second}
    for number, later in enumerate(ordered):
        for earlier in ordered[:number]:
            if len(alike.get(later.name, ())) >= _MOST:
                break
            across = (later.name in ones and earlier.name in others) or (later.name in others and earlier.name in ones)
            if across and not excused.pair(earlier, later):
                alike.setdefault(later.name, []).append(earlier)


class _Excused:
    """Pairs of roles that are alike for a reason."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.mirrors = {
            frozenset((each.role.name, each.mirror.name))
            for each in world.policy_set.integrations
            if each.role is not None and each.mirror is not None
        }
        self._inside: dict[str, frozenset[str]] = {}

    def pair(self, first: ir.Role, second: ir.Role) -> bool:
        return (
            first.essential != second.essential
            or (first.portal is not None and second.portal is not None and first.portal != second.portal)
            or first.name in self.inside(second.name)
            or second.name in self.inside(first.name)
            or frozenset((first.name, second.name)) in self.mirrors
        )

    def inside(self, name: str) -> frozenset[str]:
        if name not in self._inside:
            self._inside[name] = frozenset(chain[-1].name for chain in self.world.chains(Source("role", name, None)))
        return self._inside[name]


def _permissions(world: World, role: ir.Role) -> frozenset[_Item]:
    source = Source("role", role.name, None)
    denies: dict[tuple[str, str], set[_Item]] = {}
    for chain in world.chains(source):
        for deny in chain[-1].denies:
            when = "" if deny.condition is None else condition_in_words(deny.condition)
            fields = ("*",) if deny.fields is None else deny.fields
            for action in deny.actions:
                denies.setdefault((deny.resource, action), set()).add((fields, when))
    found: dict[tuple[str, str], set[_Item]] = {}
    for each in world.grants(source):
        fields = tuple(sorted(grant_fields(world.index, each.grant)))
        limits = tuple(sorted({limit.instance for limit in each.limits}))
        found.setdefault((each.grant.resource, each.action), set()).add((fields, limits))
    return frozenset((*key, tuple(sorted(ways)), tuple(sorted(denies.get(key, ())))) for key, ways in found.items())


def _close(sets: list[frozenset[_Item]], share: float) -> Iterator[tuple[frozenset[_Item], frozenset[_Item]]]:
    """Pairs of different sets that share enough of each.

    Prefix filtering (Chaudhuri, Ganti and Kaushik 2006): with the rarest items first, two sets that share n items have
    one in common among the first `size - n + 1` of each, so only sets that share such a one are compared.
    """
    frequency = Counter(item for each in sets for item in each)
    number = {item: place for place, (item, _) in enumerate(sorted(frequency.items(), key=lambda e: (e[1], e[0])))}
    holders: dict[int, list[int]] = {}
    plain = [frozenset(number[item] for item in each) for each in sets]
    order = sorted(range(len(sets)), key=lambda i: (len(plain[i]), i))
    for one in order:
        items = sorted(plain[one])
        wanted = _wanted(share, len(items))
        candidates: dict[int, None] = {}
        for item in items[: len(items) - wanted + 1]:
            candidates.update(dict.fromkeys(holders.get(item, ())))
        for other in candidates:
            if len(plain[other]) >= wanted and len(plain[one] & plain[other]) >= wanted:
                yield sets[other], sets[one]
        # The larger set that it may be compared with later asks for more items in common, so for a shorter beginning.
        for item in items[: len(items) - wanted + 1]:
            holders.setdefault(item, []).append(one)


def _wanted(share: float, size: int) -> int:
    """How many of so many items are enough. The share is meant as it is written: 0.9 of 10 is 9."""
    return max(1, math.ceil(round(share * size, 9)))
