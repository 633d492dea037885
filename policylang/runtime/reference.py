"""The decision, as the language defines it. Written to be read beside the definition; the oracle for everything faster.

::

    allowed(u, a, r) = SOME grant of a on R in SOME source has ALL its limits true of r
                       AND everything a requires is met
                       AND ALL policies that u appends on R are true of r
                       AND NO deny (in a source, or for everyone) matches r
"""

from __future__ import annotations

import datetime
from collections import ChainMap
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from policylang.ir import nodes as ir
from policylang.model.conditions import Condition
from policylang.model.types import SetType, Type, UserType
from policylang.runtime.index import Index
from policylang.runtime.parts import appends, denies, grant_fields, granted_by, grants, is_met, limits, said_by, written
from policylang.runtime.reasons import not_appended, not_covering, not_met, not_open
from policylang.runtime.sources import Source, has_role, sources
from policylang.runtime.truth import (
    Situation,
    Truth,
    bad_values,
    conjunction,
    disjunction,
    missing_names,
    negation,
    truth,
)
from policylang.runtime.values import (
    MISSING,
    BadValueError,
    attribute,
    given_changes,
    given_record,
    given_request,
)


class Decision(msgspec.Struct, frozen=True):
    """The answer to a request.

    ``fields``: the attributes that the action covers, in the order of their declaration; empty where it is denied.
    ``reasons``: the grants that allow it, or why it is denied, in plain words.
    ``missing``: of a denial that other values could turn, the attributes that have no value and left it open, as
    they are written in a condition; empty where nothing missing would help, or where it is allowed.
    """

    allowed: bool
    fields: tuple[str, ...]
    reasons: tuple[str, ...]
    missing: tuple[str, ...] = ()


def decide(
    index: Index,
    user: str,
    action: str,
    resource: str,
    record: Any = None,
    *,
    now: datetime.datetime,
    request: Any = None,
    field: str | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Decision:
    """Decide a request.

    ``record`` and ``request`` are mappings or objects with attributes; the record is the proposed one for create and
    the present one for everything else. ``changes`` are the attributes that modify would set, ``None`` for one that it
    would empty. ``now`` is aware; there is no clock in here. What the policy set does not know is denied, and so is
    what would write a value that is not of its type; a condition about such a value is unknown.

    Raises ValueError for a ``now`` without an offset, or at the very ends of the calendar, and TypeError for a record,
    a request or changes without attributes by name, and for a set that can be read only once.
    """
    now = instant(index, now)
    record, request, changes = given_record(record), given_request(request), given_changes(changes)
    unknown = not_known(index, user, action, resource, field, changes)
    if unknown is not None:
        return _denied(unknown)
    situation = Situation(index, user, resource, record, request, now)
    try:
        return _decide(situation, action, field, changes)
    except BadValueError as error:
        return _denied(str(error))


def instant(index: Index, now: datetime.datetime) -> datetime.datetime:
    """``now`` in UTC. Raises ValueError where it has no offset, or lies at the very ends of the calendar."""
    if now.utcoffset() is None:
        raise ValueError("`now` has no offset: it would be another instant in every timezone")
    try:
        now.astimezone(index.timezone)
        return now.astimezone(datetime.UTC)
    except OverflowError:
        raise ValueError("`now` lies outside the calendar of the policy set's timezone") from None


def _denied(*reasons: str, missing: tuple[str, ...] = ()) -> Decision:
    return Decision(False, (), reasons, missing)


def not_known(
    index: Index, user: str, action: str, resource: str, field: str | None, changes: Mapping[str, Any] | None
) -> str | None:
    """What of the request the policy set does not know."""
    names: tuple[tuple[str, Any], ...] = (("user", user), ("action", action), ("resource", resource))
    for what, name in names:
        if not isinstance(name, str):
            return f"the {what} of a request is a text, {type(name).__name__} is not"
    if resource not in index.resources:
        return f"there is no resource `{resource}`"
    if action not in index.actions[resource]:
        return f"`{resource}` has no action `{action}`"
    if user not in index.users and user not in index.integrations:
        return f"there is no user `{user}`"
    for name in (*([field] if field is not None else []), *(changes or {})):
        if name not in index.attributes[resource]:
            return f"`{resource}` has no attribute `{name}`"
    if changes and action != "modify":
        return f"changes are what modify would write; {action} writes none"
    return None


def _decide(s: Situation, action: str, field: str | None, changes: Mapping[str, Any] | None) -> Decision:
    """Before the change and after it; each attribute that is touched has to be covered both times."""
    declared = s.index.attributes[s.resource]
    after = s
    touched: list[str] = []
    if action == "modify" and changes:
        touched = list(changes)
        after = msgspec.structs.replace(s, record=changed(s.record, changes, declared))
    elif action == "create":
        touched = [name for name in declared if attribute(s.record, name) is not MISSING]
        strangers = [name for name in s.record if name not in declared] if isinstance(s.record, Mapping) else []
        for name in strangers:
            if name != "id":
                return _denied(f"`{s.resource}` has no attribute `{name}`")
    asked = (*([field] if field is not None else []), *touched)
    moments = (s,) if after is s else (s, after)
    place = s.index.resources[s.resource].place
    for moment in moments:
        if place is not None:
            written(moment, place)  # a record at a place that there is not is nobody's
    covered = set(declared)
    grants: list[str] = []
    for moment in moments:
        opened = open_fields(moment, action)
        if opened.obstacles:
            return _denied(
                *opened.obstacles, *_unreadable(moments, action, asked), missing=_missing(moments, action, asked)
            )
        covered &= opened.fields
        grants += opened.grants
    for name in asked:
        if name not in covered:
            reasons = next(filter(None, (not_covering(moment, action, name) for moment in moments)))
            return _denied(*reasons, *_unreadable(moments, action, asked), missing=_missing(moments, action, asked))
    for name in touched:
        if not _is_eligible(after, name):
            return _denied(f"the user in `{name}` is not eligible")
    return Decision(True, tuple(name for name in declared if name in covered), tuple(dict.fromkeys(grants)))


def changed(record: Any, changes: Mapping[str, Any], declared: Mapping[str, ir.Attribute]) -> Any:
    """The record as it would be."""
    if isinstance(record, Mapping):
        return ChainMap(dict(changes), dict(record))
    return {**{name: attribute(record, name) for name in declared}, **changes}


class Opened(msgspec.Struct, frozen=True):
    """Why an action is not open on a record at all, or the attributes that it covers and the grants that open it."""

    obstacles: tuple[str, ...]
    fields: frozenset[str] = frozenset()
    grants: tuple[str, ...] = ()


def open_fields(s: Situation, action: str) -> Opened:
    """Whether the action is open on the record, and which attributes it covers."""
    declared = s.index.actions[s.resource][action]
    bypasses = declared.bypasses_policies
    covered: set[str] = set()
    granted: list[str] = []
    for source, chain, grant in grants(s, action):
        if bypasses or all(truth(limit, s) is True for limit in limits(s, source, chain, action)):
            granted.append(f"{said_by(source, chain)} grants {action} on `{s.resource}` ({grant.at})")
            covered |= grant_fields(s.index, grant)
    if not granted:
        return Opened(not_open(s, action))
    if declared.requires is not None and not is_met(s, declared.requires):
        return Opened(not_met(s, action))
    if not bypasses and not all(truth(limit, s) is True for limit in appends(s, action)):
        return Opened(not_appended(s, action))
    for deny in denies(s, action):
        if deny.condition is not None and truth(deny.condition, s) is False:
            continue
        if deny.fields is None:
            return Opened((f"a deny takes {action} on this `{s.resource}` away ({deny.at})",))
        covered -= set(deny.fields)
    return Opened((), frozenset(covered), tuple(granted))


# --- what was missing ----------------------------------------------------------------------------------------


def _missing(moments: tuple[Situation, ...], action: str, asked: tuple[str, ...]) -> tuple[str, ...]:
    """The attributes without a value that leave the answer unknown; none where it is a no whatever they were."""
    if conjunction(_could(s, action, asked) for s in moments) is not None:
        return ()
    found: list[str] = []
    for s in moments:
        place = s.index.resources[s.resource].place
        if place is not None and written(s, place) is MISSING and any(w for w in _ways(s, action) if w.needs_place):
            found.append(place)
        found += [name for condition in _conditions(s, action, asked) for name in missing_names(condition, s)]
    return tuple(dict.fromkeys(found))


class _Way(msgspec.Struct, frozen=True):
    """A grant, whether its limits are true, and whether it would cover the record if that said where it lives."""

    truth: Truth
    fields: frozenset[str]
    limits: tuple[Condition, ...]
    needs_place: bool


def _ways(s: Situation, action: str) -> Iterator[_Way]:
    bypasses = s.index.actions[s.resource][action].bypasses_policies
    place = s.index.resources[s.resource].place
    placed: list[Source] = []
    if place is not None and written(s, place) is MISSING:
        placed = [source for source in sources(s.index, s.user, s.now) if source.place is not None]
    for source, chain, grant in (*grants(s, action), *granted_by(s, action, placed)):
        mine = () if bypasses else tuple(limits(s, source, chain, action))
        met = conjunction((*(truth(limit, s) for limit in mine), None if source in placed else True))
        yield _Way(met, grant_fields(s.index, grant), mine, source in placed and met is None)


def _could(s: Situation, action: str, asked: tuple[str, ...]) -> Truth:
    """The decision with unknown left unknown."""
    declared = s.index.actions[s.resource][action]
    ways = list(_ways(s, action))
    return conjunction(
        (
            disjunction(way.truth for way in ways),
            *(disjunction(way.truth for way in ways if name in way.fields) for name in asked),
            declared.requires is None or is_met(s, declared.requires),
            *(() if declared.bypasses_policies else (truth(limit, s) for limit in appends(s, action))),
            *(
                deny.condition is not None and negation(truth(deny.condition, s))
                for deny in denies(s, action)
                if deny.fields is None or set(deny.fields) & set(asked)
            ),
        )
    )


def _conditions(s: Situation, action: str, asked: tuple[str, ...]) -> list[Condition]:
    """The conditions that are unknown and leave something open by that."""
    found = [] if s.index.actions[s.resource][action].bypasses_policies else list(appends(s, action))
    found += [limit for way in _ways(s, action) if way.truth is None for limit in way.limits]
    found += [
        deny.condition
        for deny in denies(s, action)
        if deny.condition is not None and (deny.fields is None or set(deny.fields) & set(asked))
    ]
    return [condition for condition in found if truth(condition, s) is None]


def _unreadable(moments: tuple[Situation, ...], action: str, asked: tuple[str, ...]) -> tuple[str, ...]:
    """The values that are not of their type and leave the answer unknown."""
    if conjunction(_could(s, action, asked) for s in moments) is not None:
        return ()
    found = [text for s in moments for condition in _conditions(s, action, asked) for text in bad_values(condition, s)]
    return tuple(dict.fromkeys(found))


# --- what may be written -------------------------------------------------------------------------------------


def _is_eligible(s: Situation, name: str) -> bool:
    """Whether a written attribute holds only users who may be written into it."""
    type_: Type = s.index.attributes[s.resource][name].type
    found = written(s, name)
    if found is MISSING:
        return True
    each = found if isinstance(type_, SetType) else (found,)
    item = type_.item
    if not isinstance(item, UserType) or item.role is None:
        return True
    return all(
        user is not MISSING and user in s.index.users and has_role(s.index, user, item.role, s.now) for user in each
    )


def eligible(index: Index, resource: str, name: str, now: datetime.datetime) -> tuple[str, ...]:
    """The users who may be written into an attribute at ``now``, in order. Raises KeyError for an unknown attribute."""
    type_ = index.attributes[resource][name].type
    item = type_.item
    if not isinstance(item, UserType):
        return ()
    now = instant(index, now)
    return tuple(u for u in sorted(index.users) if item.role is None or has_role(index, u, item.role, now))
