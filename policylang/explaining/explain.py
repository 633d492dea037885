"""Why a request is allowed or denied: every way it could be allowed, and what stands in each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from policylang.diagnostics import cut
from policylang.explaining.edits import Question
from policylang.explaining.rules import appends, covered, denies, fitting, required
from policylang.explaining.tree import AssignedValue, ExplainedRequest, Explanation, Moment
from policylang.explaining.values import named
from policylang.explaining.ways import ways
from policylang.ir import nodes as ir
from policylang.model.instants import instant_text
from policylang.runtime.index import Index
from policylang.runtime.reference import answer
from policylang.runtime.request import Request
from policylang.runtime.truth import Situation
from policylang.runtime.values import BadValueError
from policylang.suggest import closest

MOST_WAYS = 200
"""How many ways an explanation lists."""
_LONGEST_NAME = 200


def explain(index: Index, request: Request) -> Explanation:
    """Explain the decision of the reference, which is in the explanation. Raises what `reference.answer` raises."""
    request = request.given(index)
    decision = answer(index, request)
    unknown = request.unknown(index)
    asked = ExplainedRequest(
        _named(request.user),
        _named(request.action),
        _kind(index, request),
        _named(request.resource),
        None if request.field is None else _named(request.field),
        instant_text(request.now),
        tuple(_named(name) for name in request.changes or ()),
    )
    if unknown is not None:
        meant = _closest(unknown.names[-1], unknown.known) if unknown.names else None
        return Explanation(asked, decision, unknown.in_words(named), meant, (), (), (), ())
    moments, written, problem = _explained(index, request)
    if decision.allowed:
        return Explanation(asked, decision, problem, None, moments, written, (), ())
    from policylang.explaining.change import smallest_change  # with the prover, of which nothing else here knows

    change = smallest_change(Question(index=index, **msgspec.structs.asdict(request)))
    return Explanation(asked, decision, problem, None, moments, written, *change)


def _kind(index: Index, request: Request) -> ir.Kind | None:
    """What the action is like, where there is such an action."""
    names: tuple[Any, ...] = request.resource, request.action
    if not all(isinstance(name, str) for name in names):
        return None
    action = index.actions.get(request.resource, {}).get(request.action)
    return None if action is None else action.kind


def _named(name: object) -> str:
    return named(name)[1:-1]


def _closest(name: object, candidates: Iterable[str]) -> str | None:
    return closest(name, candidates) if isinstance(name, str) and len(name) <= _LONGEST_NAME else None


def _explained(index: Index, request: Request) -> tuple[tuple[Moment, ...], tuple[AssignedValue, ...], str | None]:
    """The moments that decide, what is written, and the value that kept anything from being decided."""
    situations, asked = request.moments(index), request.asked(index)
    written = tuple(fitting(situations[-1], request.written(index)))
    try:
        moments: tuple[Moment, ...] = (_moment(situations[0], request.action, asked, "as it is"),)
        if len(situations) > 1:
            moments = _joined(moments[0], _moment(situations[1], request.action, asked, "after the change"))
    except BadValueError as error:
        return (), written, cut(str(error), 200)
    return moments, written, None


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
