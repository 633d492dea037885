"""Two roles that could be one, made one: policy sets that follow each other, each proved."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence, Set

import msgspec

from policylang.mining.bits import members
from policylang.mining.matrix import FoundRole
from policylang.mining.pairs import Pairs
from policylang.mining.report import NearlySame, OverGrant
from policylang.mining.write import NotTheSameError

_MOST = 5
_MOST_TRIED = 10
"""Each takes as long to prove as all the roles."""

_Remake = Callable[[Sequence[FoundRole], Sequence[str]], tuple[Sequence[str], Mapping[str, bytes]]]
"""The names that roles have in the end, and the files of the policy set with them."""
Prove = Callable[[Pairs, Mapping[str, bytes], Mapping[int, int], datetime.datetime], None]


class Merge(msgspec.Struct, frozen=True):
    """The files before two roles become one, and after it. ``gains``: what people get by it; nobody loses anything."""

    first: str
    second: str
    before: Mapping[str, bytes]
    after: Mapping[str, bytes]
    gains: tuple[OverGrant, ...]


class _State(msgspec.Struct):
    roles: dict[str, FoundRole]
    files: Mapping[str, bytes]
    more: dict[int, int]


def merges(
    pairs: Pairs,
    near: Iterable[NearlySame],
    roles: Mapping[str, FoundRole],
    kept: Set[str],
    files: Mapping[str, bytes],
    more: Mapping[int, int],
    remake: _Remake,
    prove: Prove,
    now: datetime.datetime,
) -> list[Merge]:
    """Merges of ``roles`` that are proposed, each on top of those before it, beginning with those by which fewest gain
    anything; not more than ten are tried. ``more``: what people get already and did not have.
    """
    found: list[Merge] = []
    state = _State(dict(roles), files, dict(more))
    tried = 0
    for each in sorted(near, key=lambda each: _count(_gains(pairs, state, each))):
        if not {each.first, each.second} <= state.roles.keys() - kept:
            continue
        if len(found) == _MOST or tried == _MOST_TRIED:
            break
        tried += 1
        gains = _gains(pairs, state, each)
        after = _merged(state, each, gains, remake)
        try:
            prove(pairs, after.files, after.more, now)
        except NotTheSameError:
            continue  # something else of the policy set hangs on the roles
        except KeyboardInterrupt:
            break  # what is mined is still written
        found.append(Merge(each.first, each.second, state.files, after.files, over_grants(pairs, gains)))
        state = after
    return found


def _gains(pairs: Pairs, state: _State, each: NearlySame) -> dict[int, int]:
    """By row, what whoever has one of the roles has not yet of the other."""
    if each.first not in state.roles or each.second not in state.roles:
        return {}
    first, second = state.roles[each.first], state.roles[each.second]
    new = {
        row: (first.permissions | second.permissions) & ~(pairs.matrix.rows[row] | state.more.get(row, 0))
        for row in members(first.users | second.users)
    }
    return {row: permissions for row, permissions in new.items() if permissions}


def _count(gains: Mapping[int, int]) -> int:
    return sum(each.bit_count() for each in gains.values())


def _merged(state: _State, each: NearlySame, gains: Mapping[int, int], remake: _Remake) -> _State:
    first, second = state.roles[each.first], state.roles[each.second]
    one = FoundRole(first.users | second.users, first.permissions | second.permissions)
    roles = [one if name == each.first else role for name, role in state.roles.items() if name != each.second]
    names, files = remake(roles, [name for name in state.roles if name != each.second])
    more = {row: state.more.get(row, 0) | gains.get(row, 0) for row in {*state.more, *gains}}
    return _State(dict(zip(names, roles, strict=True)), files, more)


def over_grants(pairs: Pairs, gains: Mapping[int, int]) -> tuple[OverGrant, ...]:
    """Who gets what, from what each gets by row."""
    return tuple(
        OverGrant(pairs.users[row], pairs.permissions[number][1], pairs.permissions[number][0])
        for row, permissions in sorted(gains.items())
        for number in members(permissions)
    )
