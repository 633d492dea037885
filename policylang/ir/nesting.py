"""Roles inside groups and roles, and in how many ways they lie there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from policylang.ir import nodes as ir

Bundle = ir.Group | ir.Role

Name = tuple[Literal["group", "role"], str]
"""``("role", name)`` or ``("group", name)``: one of each kind may have the same name."""

Limiting = frozenset[Name]
"""The bundles on a way from the outside in that limit what lies further in."""


class _TooManyWaysError(Exception):
    """The ways are more than was asked for."""


def name_of(bundle: Bundle) -> Name:
    return ("role" if isinstance(bundle, ir.Role) else "group", bundle.name)


def least_limiting(
    outer: Bundle, roles: Mapping[str, ir.Role], most: int | None = None
) -> dict[Name, frozenset[Limiting]]:
    """A bundle and every role inside it, each with the sets of limiting bundles on the ways to it, itself included, of
    which none contains another. Raises `_TooManyWaysError` where these are too many: more than ``most`` beyond one for
    each.
    """
    found: dict[Name, dict[Limiting, None]] = {name_of(outer): {_own(outer): None}}
    least: dict[Name, frozenset[Limiting]] = {}
    count = 0
    for bundle in outer_first(outer, roles):
        sets = found.pop(name_of(bundle))
        if most is not None and len(sets) > 4 * most:
            raise _TooManyWaysError
        mine = least[name_of(bundle)] = _without_larger(sets)
        count += len(mine) - 1
        if most is not None and count > most:
            raise _TooManyWaysError
        for ref in bundle.roles:
            role = roles[ref.name]
            found.setdefault(name_of(role), {}).update((around | _own(role), None) for around in mine)
    return least


def _own(bundle: Bundle) -> Limiting:
    return frozenset((name_of(bundle),)) if bundle.limits else frozenset()


def _without_larger(sets: Iterable[Limiting]) -> frozenset[Limiting]:
    """The sets that contain no other."""
    kept: list[Limiting] = []
    for each in sorted(sets, key=len):
        if not any(other <= each for other in kept):
            kept.append(each)
    return frozenset(kept)


def outer_first(outer: Bundle, roles: Mapping[str, ir.Role]) -> Iterator[Bundle]:
    """A bundle and every role inside it, each behind all those around it."""
    done: dict[Name, Bundle] = {}
    waiting: list[tuple[Bundle, bool]] = [(outer, False)]
    while waiting:
        bundle, is_done = waiting.pop()
        if is_done:
            done[name_of(bundle)] = bundle
        elif name_of(bundle) not in done:
            waiting.append((bundle, True))
            waiting += [(roles[ref.name], False) for ref in bundle.roles if ("role", ref.name) not in done]
    return reversed(done.values())


def too_many_ways(policy_set: ir.PolicySet, most: int) -> Bundle | None:
    """The first role or group in which others lie in too many ways that differ in their limits; inner ones first."""
    roles = {role.name: role for role in policy_set.roles}
    paths: dict[Name, int] = {}
    bundles: tuple[Bundle, ...] = (*policy_set.roles, *policy_set.groups)
    for outer in bundles:
        for bundle in reversed(list(outer_first(outer, roles))) if name_of(outer) not in paths else ():
            if name_of(bundle) in paths:
                continue
            paths[name_of(bundle)] = 1 + sum(paths["role", ref.name] for ref in bundle.roles)
            if paths[name_of(bundle)] > most:  # without so many paths there are no such ways
                try:
                    least_limiting(bundle, roles, most)
                except _TooManyWaysError:
                    return bundle
    return None
