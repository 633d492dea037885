"""Edits of who has what: roles and groups that would bring a permission, the narrowest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from policylang.diagnostics import cut
from policylang.explaining.edits import Question
from policylang.explaining.tree import SuggestedEdit
from policylang.explaining.values import named
from policylang.explaining.ways import bundle_in_words, place_of, possible_sources, where_in_words
from policylang.ir import nodes as ir
from policylang.ir.nesting import name_of
from policylang.runtime.index import Index, Permission
from policylang.runtime.parts import grant_fields
from policylang.runtime.sources import Bundle, RightsSource, inside
from policylang.runtime.truth import Situation

_MOST_ROLES = 12
_MOST_GROUPS = 6
_MOST_BUNDLES = 4
_ESSENTIAL = 1_000
"""What stays after somebody has left counts as more than what goes."""
_TAG = 1_000_000
"""The superuser tag counts as more than any role."""


def breadth(index: Index, edit: SuggestedEdit) -> int:
    """How much an edit hands out: permissions, doubled, and one more where it is not bound to a place."""
    ((kind, data),) = edit.data.items()
    match kind:
        case "assign":
            role = index.roles[data["role"]]
            return 2 * len(_permissions(index, role)) + (data["place"] is None) + (_ESSENTIAL if role.essential else 0)
        case "group":
            return 2 * len(_permissions(index, index.groups[data["group"]]))
        case "superuser":
            return _TAG
        case "grant":
            return 2
        case _:
            return 0


def _inside(index: Index, bundle: Bundle) -> Iterator[Bundle]:
    return inside(index, RightsSource(*name_of(bundle)))


def _permissions(index: Index, bundle: Bundle) -> set[Permission]:
    return {permission for each in _inside(index, bundle) for permission in index.said(each).grants}


def _granting(
    index: Index, bundles: Iterable[Bundle], action: str, resource: str, fields: tuple[str, ...], most: int
) -> list[Bundle]:
    """The bundles that grant an action, themselves or by a role inside: those that cover the attributes first, of these
    the ones with the fewest permissions.
    """
    wanted = (resource, action)
    bringing = _containing(index, {role.name for role in index.roles.values() if wanted in index.said(role).grants})
    found = []
    for bundle in bundles:
        if wanted in index.said(bundle).grants or any(ref.name in bringing for ref in bundle.roles):
            found.append((*_suitability(index, bundle, action, resource, fields), bundle.name, bundle))
    found.sort(key=lambda each: each[:-1])
    return [each[-1] for each in found[:most]]


def _containing(index: Index, names: set[str]) -> set[str]:
    """The roles with one of the names, and all roles around them."""
    around: dict[str, list[str]] = {}
    for role in index.roles.values():
        for ref in role.roles:
            around.setdefault(ref.name, []).append(role.name)
    waiting = list(names)
    while waiting:
        for name in around.get(waiting.pop(), ()):
            if name not in names:
                names.add(name)
                waiting.append(name)
    return names


def _suitability(index: Index, bundle: Bundle, action: str, resource: str, fields: tuple[str, ...]) -> tuple[bool, int]:
    covered: set[str] = set()
    permissions: set[Permission] = set()
    for each in _inside(index, bundle):
        said = index.said(each).grants
        permissions |= said.keys()
        for grant in said.get((resource, action), ()):
            covered |= grant_fields(index, grant)
    kept = _ESSENTIAL if isinstance(bundle, ir.Role) and bundle.essential else 0
    return not covered.issuperset(fields), len(permissions) + kept


# --- edits ---------------------------------------------------------------------------------------------------


def assignments(
    q: Question, s: Situation, action: str, resource: str, fields: tuple[str, ...]
) -> Iterator[SuggestedEdit]:
    """Roles that would grant an action, given at the record's place and everywhere."""
    if q.user not in q.index.users:
        return
    here = place_of(s)
    shared = (role for role in q.index.roles.values() if role.owner is None)
    for role in _granting(q.index, shared, action, resource, fields, _MOST_ROLES):
        for place in dict.fromkeys((here, None)):
            yield assignment(q.index, q.user, role.name, place)


def assignment(index: Index, user: str, role: str, place: str | None) -> SuggestedEdit:
    text = f"assign role {named(role)} to {cut(user)} {where_in_words(index, place)}"
    return SuggestedEdit("assign", text, {"assign": {"user": user, "role": role, "place": place}})


def memberships(q: Question, fields: tuple[str, ...]) -> Iterator[SuggestedEdit]:
    """Groups that a user without one could join."""
    user = q.index.users.get(q.user)
    if user is None or user.group is not None or user.terminated:
        return
    for group in _granting(q.index, q.index.groups.values(), q.action, q.resource, fields, _MOST_GROUPS):
        text = f"put {cut(q.user)} into group {named(group.name)}"
        yield SuggestedEdit("group", text, {"group": {"user": q.user, "group": group.name}})


def statements(
    q: Question, s: Situation, action: str, resource: str, fields: tuple[str, ...]
) -> Iterator[tuple[SuggestedEdit, Bundle]]:
    """Grants that could be written into the user's group or one of the user's roles."""
    place = place_of(s)
    held = (each.source for each in possible_sources(q.index, q.user, q.now) if each.active)
    here = (source for source in held if q.index.covers(source.place, place))
    for source in islice(here, _MOST_BUNDLES):
        bundle = q.index.bundle(source.bundle_name)
        yield statement(q.index, bundle, action, resource, fields), bundle


def statement(index: Index, bundle: Bundle, action: str, resource: str, fields: tuple[str, ...]) -> SuggestedEdit:
    """A grant written into a group or role: of the record, and of sensitive attributes that are asked for."""
    declared = index.attributes[resource]
    named_too = [name for name in fields if declared[name].sensitive]
    words = f"grant {action} on {resource}" + (f" including {', '.join(named_too)}" if named_too else "")
    covered = [name for name, each in declared.items() if not each.sensitive or name in named_too]
    kind, name = name_of(bundle)
    data = {
        "to": {kind: name},
        "action": action,
        "resource": resource,
        "fields": covered if named_too else None,
    }
    return SuggestedEdit("grant", f"write `{cut(words, 200)}` into {bundle_in_words(bundle)}", {"grant": data})
