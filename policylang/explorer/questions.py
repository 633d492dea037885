"""What the page asks: the requests of the language server that it needs, to keep a decision as a test, and the files.

Each takes ``set``, the number of a policy set; ``now`` is an instant, else the one of the page.
"""

from __future__ import annotations

from collections.abc import Callable

from policylang.diagnostics import quoted
from policylang.explorer.editing import files, opened, save
from policylang.explorer.keep import keep
from policylang.explorer.live import LiveSets, ShownSet
from policylang.model.instants import instant_text
from policylang.output.explanation import as_answer
from policylang.pipelines.questions import QuestionData, QuestionError, asked_instant, asked_object, asked_text, refused
from policylang.runtime.values import BadValueError


def answered(live: LiveSets, method: str, asked: QuestionData) -> QuestionData:
    """The answer, or as ``error`` why there is none."""
    ask = _QUESTIONS.get(method)
    if ask is None:
        return {"error": f"there is no request {quoted(method)}"}
    try:
        return ask(live, asked)
    except (QuestionError, BadValueError, LookupError, TypeError, ValueError, OSError) as error:
        return refused(error)


def _explain(live: LiveSets, asked: QuestionData) -> QuestionData:
    """One decision, and why it is so: as data, and as text."""
    now = asked_instant(asked, live.instant)
    found = _set(live, asked).policy_set.explain(
        asked_text(asked, "user"),
        asked_text(asked, "action"),
        asked_text(asked, "resource"),
        asked_object(asked, "record") or {},
        now=now,
        request=asked_object(asked, "request"),
        field=asked.get("field"),
        changes=asked_object(asked, "changes"),
    )
    return as_answer(found, now)


def _keep(live: LiveSets, asked: QuestionData) -> QuestionData:
    """Write a decision into the file of kept tests, as it is made now."""
    shown, now = _set(live, asked), asked_instant(asked, live.instant)
    user, action, resource = (asked_text(asked, name) for name in ("user", "action", "resource"))
    record, request, changes = (asked_object(asked, name) for name in ("record", "request", "changes"))
    allowed = shown.policy_set.allows(user, action, resource, record or {}, now=now, request=request, changes=changes)
    path = keep(
        shown.root,
        allowed=allowed,
        user=user,
        action=action,
        record={"resource": resource, **(record or {})},
        request=request or {},
        changes=changes or {},
        now=instant_text(now),
    )
    return {"path": str(path), "allowed": allowed}


_QUESTIONS: dict[str, Callable[[LiveSets, QuestionData], QuestionData]] = {
    "policylang/explain": _explain,
    "policylang/keep": _keep,
    "policylang/files": files,
    "policylang/open": opened,
    "policylang/save": save,
}


def _set(live: LiveSets, asked: QuestionData) -> ShownSet:
    number, sets = asked.get("set", 0), live.shown.sets
    if not isinstance(number, int) or not 0 <= number < len(sets):
        raise QuestionError("there is no such policy set")
    return sets[number]
