"""Whom roles and groups reach."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from weakref import WeakKeyDictionary

from policylang.runtime.index import Index

_Reached = dict[tuple[str, str], list[str]]
"""By kind (`role` or `group`) and name: the users, in order."""

_KNOWN: WeakKeyDictionary[Index, _Reached] = WeakKeyDictionary()


def reached(index: Index) -> _Reached:
    """The users who hold each role, from any source and at any time, and those in each group; worked out once."""
    found = _KNOWN.get(index)
    if found is None:
        found = _KNOWN[index] = _reached(index)
    return found


def _reached(index: Index) -> _Reached:
    found: _Reached = defaultdict(list)
    whole: dict[str, frozenset[str]] = {}
    for user in sorted(index.users.values(), key=lambda each: each.id):
        names = [each.role for each in user.assignments]
        if user.group is not None:
            found["group", user.group.name].append(user.id)
            names += (ref.name for ref in index.groups[user.group.name].roles)
        if user.job is not None:
            names += (ref.name for ref in index.jobs[user.job.name].roles)
        for role in sorted(_with_inner(index, names, whole)):
            found["role", role].append(user.id)
    return found


def _with_inner(index: Index, names: Iterable[str], whole: dict[str, frozenset[str]]) -> set[str]:
    """The roles, and those inside them to any depth."""
    found: set[str] = set()
    for name in names:
        if name not in whole:
            seen, left = {name}, [name]
            while left:
                inner = {ref.name for ref in index.roles[left.pop()].roles} - seen
                seen |= inner
                left += inner
            whole[name] = frozenset(seen)
        found |= whole[name]
    return found


def people_in_words(count: int) -> str:
    """``no user``, ``1 user``, ``2,000 users``"""
    return "no user" if count == 0 else f"{count:,} user{'' if count == 1 else 's'}"
