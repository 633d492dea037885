"""Why a request is allowed or denied: every way it could be allowed, and what stands in each."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from policylang.model.instants import instant_text
from policylang.runtime.explaining.change import smallest_change
from policylang.runtime.explaining.edits import Question
from policylang.runtime.explaining.rules import appends, covered, denies, fitting, required, written_names
from policylang.runtime.explaining.tree import Asked, Explanation, Moment, Written
from policylang.runtime.explaining.values import cut, named
from policylang.runtime.explaining.ways import ways
from policylang.runtime.index import Index
from policylang.runtime.reference import decide, instant
from policylang.runtime.truth import Situation
from policylang.runtime.values import BadValueError, given_changes, given_record, given_request
from policylang.suggest import closest

MOST_WAYS = 200
"""How many ways an explanation lists."""
_LONGEST_NAME = 200


def explain(
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
) -> Explanation:
    """Explain a decision. The arguments are those of `reference.decide`, and its decision is in the explanation.

    Raises what `reference.decide` raises.
    """
    record, request, changes = given_record(record), given_request(request), given_changes(changes)
    decision = decide(index, user, action, resource, record, now=now, request=request, field=field, changes=changes)
    now = instant(index, now)
    asked = Asked(
        _named(user),
        _named(action),
        _named(resource),
        None if field is None else _named(field),
        instant_text(now),
        tuple(_named(name) for name in changes or ()),
    )
    problem, meant = _problem(index, user, action, resource, record, field, changes)
    if problem is not None:
        return Explanation(asked, decision, problem, meant, (), (), ())
    situation = Situation(index, user, resource, record, request, now)
    question = Question(index, user, action, resource, situation.record, now, situation.request, field, changes)
    moments, written, problem = _explained(situation, action, field, changes)
    change = () if decision.allowed else smallest_change(question)
    return Explanation(asked, decision, problem, None, moments, written, change)


def _named(name: object) -> str:
    return named(name)[1:-1]


def _problem(
    index: Index,
    user: str,
    action: str,
    resource: str,
    record: Any,
    field: str | None,
    changes: Mapping[str, Any] | None,
) -> tuple[str | None, str | None]:
    """What of the request the policy set does not know, and what may have been meant."""
    names: tuple[tuple[str, Any], ...] = (("user", user), ("action", action), ("resource", resource))
    for what, name in names:
        if not isinstance(name, str):
            return f"the {what} of a request is a text, {type(name).__name__} is not", None
    if resource not in index.resources:
        return f"there is no resource {named(resource)}", _closest(resource, index.resources)
    if action not in index.actions[resource]:
        return f"{named(resource)} has no action {named(action)}", _closest(action, index.actions[resource])
    if user not in index.users and user not in index.integrations:
        return f"there is no user {named(user)}", _closest(user, index.requesters)
    declared = index.attributes[resource]
    strange = [name for name in (*([field] if field is not None else []), *(changes or {})) if name not in declared]
    if changes and action != "modify" and not strange:
        return f"changes are what modify would write; {action} writes none", None
    if action == "create" and isinstance(record, Mapping) and not strange:
        strange = [name for name in record if name not in declared and name != "id"]
    if strange:
        return f"{named(resource)} has no attribute {named(strange[0])}", _closest(strange[0], declared)
    return None, None


def _closest(name: object, candidates: Iterable[str]) -> str | None:
    return closest(name, candidates) if isinstance(name, str) and len(name) <= _LONGEST_NAME else None


def _explained(
    s: Situation, action: str, field: str | None, changes: Mapping[str, Any] | None
) -> tuple[tuple[Moment, ...], tuple[Written, ...], str | None]:
    """The moments that decide, what is written, and the value that kept anything from being decided."""
    after, names = written_names(s, action, changes)
    asked = tuple(dict.fromkeys((*([field] if field is not None else []), *names)))
    try:
        moments: tuple[Moment, ...] = (_moment(s, action, asked, "as it is"),)
        if after is not s:
            moments = _joined(moments[0], _moment(after, action, asked, "after the change"))
    except BadValueError as error:
        return (), tuple(fitting(after, names)), cut(str(error), 200)
    return moments, tuple(fitting(after, names)), None


def _joined(before: Moment, after: Moment) -> tuple[Moment, ...]:
    """One moment, if the change makes no difference."""
    if msgspec.structs.replace(after, when=before.when) == before:
        return (msgspec.structs.replace(before, when="before and after the change"),)
    return msgspec.structs.replace(before, when="before the change"), after


def _moment(s: Situation, action: str, asked: tuple[str, ...], when: Any) -> Moment:
    declared = s.index.actions[s.resource][action]
    found = list(ways(s, action, asked))
    requires = None if declared.requires is None else required(s, declared.requires)
    appended, denied = appends(s, action), denies(s, action)
    return Moment(
        when=when,
        open=any(way.open for way in found)
        and (requires is None or requires.met)
        and all(limit.truth is True for limit in appended)
        and not any(deny.applies and deny.fields is None for deny in denied),
        bypasses_policies=declared.bypasses_policies,
        ways=tuple(found[:MOST_WAYS]),
        left_out=len(found) - len(found[:MOST_WAYS]),
        requires=requires,
        appends=appended,
        denies=denied,
        fields=tuple(covered(s, found, denied, asked)),
    )
