"""The decision, as the language defines it. Written to be read beside the definition; the oracle for everything faster.

::

    allowed(u, a, r) = SOME grant of a on R in SOME source has ALL its limits true of r
                       AND everything a requires is met
                       AND ALL policies that u appends on R are true of r
                       AND NO deny (in a source, or for everyone) matches r
"""

from __future__ import annotations

import datetime
from typing import Any

import msgspec

from policylang.model.types import SetType, UserType
from policylang.runtime.doubts import doubts
from policylang.runtime.index import Index
from policylang.runtime.parts import (
    appends,
    denies,
    grant_fields,
    grants,
    is_met,
    limits,
    record_place,
    said_by,
    written,
)
from policylang.runtime.reasons import not_appended, not_covering, not_met, not_open
from policylang.runtime.request import Request, instant
from policylang.runtime.sources import has_role
from policylang.runtime.truth import Situation, truth
from policylang.runtime.values import MISSING, BadValueError


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
    changes: Any = None,
) -> Decision:
    """Decide a request, of which the arguments are the parts, as whoever compares with the definition has them: see
    `answer`.
    """
    return answer(index, Request(user, action, resource, record, now, request, field, changes))


def answer(index: Index, request: Request) -> Decision:
    """Decide a request.

    What the policy set does not know is denied, and so is what would write a value that is not of its type; a condition
    about such a value is unknown. Raises what `Request.given` raises, and TypeError for a set that can be read only
    once.
    """
    request = request.given(index)
    unknown = request.unknown(index)
    if unknown is not None:
        return _denied(unknown.in_words())
    try:
        return _decide(index, request)
    except BadValueError as error:
        return _denied(str(error))


def _denied(*reasons: str, missing: tuple[str, ...] = ()) -> Decision:
    return Decision(False, (), reasons, missing)


def _decide(index: Index, request: Request) -> Decision:
    """Before the change and after it; each attribute that is asked for has to be covered both times."""
    moments, action = request.moments(index), request.action
    asked, declared = request.asked(index), index.attributes[request.resource]
    for moment in moments:
        record_place(moment)  # a record at a place that there is not is nobody's
    covered = set(declared)
    granted: list[str] = []
    for moment in moments:
        opened = opened_on(moment, action)
        if not opened.allowed:
            return _left_open(moments, action, asked, opened.reasons)
        covered &= set(opened.fields)
        granted += opened.reasons
    for name in asked:
        if name not in covered:
            reasons = next(filter(None, (not_covering(moment, action, name) for moment in moments)))
            return _left_open(moments, action, asked, reasons)
    for name in request.written(index):
        if not _is_eligible(moments[-1], name):
            return _denied(f"the user in `{name}` is not eligible")
    return Decision(True, tuple(name for name in declared if name in covered), tuple(dict.fromkeys(granted)))


def _left_open(
    moments: tuple[Situation, ...], action: str, asked: tuple[str, ...], reasons: tuple[str, ...]
) -> Decision:
    """A denial, with what other values could turn."""
    missing, unreadable = doubts(moments, action, asked)
    return _denied(*reasons, *unreadable, missing=missing)


def opened_on(s: Situation, action: str) -> Decision:
    """Whether the action is open on the record as it is, whichever attributes are asked for."""
    declared = s.index.actions[s.resource][action]
    bypasses = declared.bypasses_policies
    covered: set[str] = set()
    granted: list[str] = []
    for source, chain, grant in grants(s, action):
        if bypasses or all(truth(limit, s) is True for limit in limits(s, source, chain, action)):
            granted.append(f"{said_by(source, chain)} grants {action} on `{s.resource}` ({grant.at})")
            covered |= grant_fields(s.index, grant)
    if not granted:
        return _denied(*not_open(s, action))
    if declared.requires is not None and not is_met(s, declared.requires):
        return _denied(*not_met(s, action))
    if not bypasses and not all(truth(limit, s) is True for limit in appends(s, action)):
        return _denied(*not_appended(s, action))
    for deny in denies(s, action):
        if deny.condition is not None and truth(deny.condition, s) is False:
            continue
        if deny.fields is None:
            return _denied(f"a deny blocks {action} on this `{s.resource}` ({deny.at})")
        covered -= set(deny.fields)
    fields = tuple(name for name in s.index.attributes[s.resource] if name in covered)
    return Decision(True, fields, tuple(granted))


def _is_eligible(s: Situation, name: str) -> bool:
    """Whether a written attribute holds only users who may be written into it."""
    declared = s.index.attributes[s.resource][name]
    found, role = written(s, name), declared.role
    if found is MISSING or role is None:
        return True
    each = found if isinstance(declared.type, SetType) else (found,)
    return all(user is not MISSING and user in s.index.users and has_role(s.index, user, role, s.now) for user in each)


def eligible(index: Index, resource: str, name: str, now: datetime.datetime) -> tuple[str, ...]:
    """The users who may be written into an attribute at ``now``, in order. Raises KeyError for an unknown attribute."""
    type_ = index.attributes[resource][name].type
    item = type_.item
    if not isinstance(item, UserType):
        return ()
    now = instant(index, now)
    return tuple(u for u in sorted(index.users) if item.role is None or has_role(index, u, item.role, now))
