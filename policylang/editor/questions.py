"""What pages and commands ask about a policy set: the custom requests of the server.

Each takes ``uri``, a file of the set, or its folder; without it the first set is asked. ``now`` is an instant, else the
present one. An answer has ``error`` where there is none.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from typing import Any

from policylang.api.policy_set import PolicySet
from policylang.diagnostics import quoted, visible
from policylang.editor.checking import LiveChecker
from policylang.editor.describe import rule_page
from policylang.editor.edited_set import EditedSet
from policylang.editor.open_files import path_of
from policylang.editor.people import people_in_words, reached
from policylang.editor.tested import TestedDecision, run_observed
from policylang.explaining.explain import explain
from policylang.files.paths import real_path
from policylang.ir import nodes as ir
from policylang.model.instants import instant_text
from policylang.output.explanation import as_answer
from policylang.pipelines.questions import QuestionData, QuestionError, asked_instant, asked_object, asked_text, refused
from policylang.pipelines.test import FileResult, usable
from policylang.project.discovery import Problem, UnreadableError, decoded, read_regular
from policylang.project.project import Project
from policylang.runtime.values import BadValueError
from policylang.text.readable import json_bytes


def answered(check: LiveChecker, ask: Callable[[LiveChecker, QuestionData], Any], asked: Any) -> Any:
    """The answer as plain JSON, or why there is none."""
    try:
        given = asked if isinstance(asked, dict) else {}
        return json.loads(json_bytes(ask(check, given)))
    except (QuestionError, LookupError, BadValueError, ValueError, TypeError, OSError, UnreadableError) as error:
        return refused(error)


# --- what is asked -------------------------------------------------------------------------------------------


def _matrix(check: LiveChecker, asked: QuestionData) -> Any:
    """Who can do what on which resource, in some case at least: rows of user, resource and actions."""
    policy_set, now = _asked_of(check, asked)
    rows: list[QuestionData] = []
    for user in policy_set.index.requesters:
        actions: dict[str, list[str]] = {}
        for way in policy_set.access(user, now=now):
            if way.action not in actions.setdefault(way.resource, []):
                actions[way.resource].append(way.action)
        rows += ({"user": user, "resource": resource, "actions": found} for resource, found in actions.items())
    return {"now": instant_text(now), "digest": policy_set.digest, "rows": rows}


def _access(check: LiveChecker, asked: QuestionData) -> Any:
    """Everything that a user may do."""
    policy_set, now = _asked_of(check, asked)
    user = asked_text(asked, "user")
    if user not in policy_set.index.requesters:
        raise QuestionError(f"there is no user {quoted(user)}")
    return {"now": instant_text(now), "access": policy_set.access(user, now=now)}


def _who_can(check: LiveChecker, asked: QuestionData) -> Any:
    """Who may do something, to a record or at all."""
    policy_set, now = _asked_of(check, asked)
    found = policy_set.who_can(
        asked_text(asked, "action"),
        asked_text(asked, "resource"),
        asked.get("record"),
        now=now,
        request=asked.get("request"),
    )
    return {"now": instant_text(now), "users": found}


def _users(check: LiveChecker, asked: QuestionData) -> Any:
    """Who holds a role or is in a group, at any time."""
    policy_set, _ = _asked_of(check, asked)
    return {"users": reached(policy_set.index).get((asked_text(asked, "kind"), asked_text(asked, "name")), [])}


def _decide(check: LiveChecker, asked: QuestionData) -> Any:
    """One decision."""
    policy_set, now = _asked_of(check, asked)
    found = policy_set.decide(*_request(asked), now=now, **_more(asked))
    return {"now": instant_text(now), "allowed": found.allowed, "fields": found.fields, "reasons": found.reasons}


def _explain(check: LiveChecker, asked: QuestionData) -> Any:
    """One decision, and why it is so: as data, and as text."""
    policy_set, now = _asked_of(check, asked)
    return as_answer(policy_set.explain(*_request(asked), now=now, **_more(asked)), now)


def _decide_test(check: LiveChecker, asked: QuestionData) -> Any:
    """A decision that a scenario file asks for, by its number from 0 on, and why it is so."""
    _, decided = _tests_of(check, asked)
    number = asked.get("number")
    if type(number) is not int or not 0 <= number < len(decided):
        raise QuestionError("there is no decision of this number in the file")
    found = decided[number]
    return as_answer(explain(found.index, found.request), found.request.now)


def _diff(check: LiveChecker, asked: QuestionData) -> Any:
    """Who can do what now that they could not do in a git revision, and the other way round."""
    from policylang.diff.compare import compare
    from policylang.project.revisions import RevisionError, read_revision
    from policylang.project.revisions import resolve as resolve_revision

    of = _set_of(check, asked)
    new = _compiled(of.project)
    now = asked_instant(asked, check.instant)
    try:
        revision = resolve_revision(asked_text(asked, "revision"), of.root)
        sets = read_revision(revision, ["."])
    except RevisionError as error:
        raise QuestionError(str(error)) from None
    if not sets or len(sets) != 1:
        raise QuestionError("this policy set is not in that revision")
    report = compare(_compiled(Project(sets[0])), new, now)
    return {
        "now": instant_text(now),
        "same_access": report.same_access,
        "changes": report.changes,
        "statements": report.statements,
    }


def _page_of_rule(_check: LiveChecker, asked: QuestionData) -> Any:
    """The page of a rule in Markdown."""
    found = rule_page(asked_text(asked, "code"))
    if found is None:
        raise QuestionError(f"there is no rule {quoted(asked_text(asked, 'code'))}")
    return {"text": found}


def _run_tests(check: LiveChecker, asked: QuestionData) -> Any:
    """How the tests of a scenario file come out."""
    result, _ = _tests_of(check, asked)
    failed = [case for case in result.cases if case.failure is not None]
    lines = [f"line {case.line}: {case.title}: {case.failure}" for case in failed]
    summary = f"{len(result.cases) - len(failed)} of {len(result.cases)} as expected"
    return {"text": "\n".join(map(visible, [summary, *lines])), "failed": len(failed), "cases": len(result.cases)}


def _tests_of(check: LiveChecker, asked: QuestionData) -> tuple[FileResult, list[TestedDecision]]:
    of = _set_of(check, asked)
    path = path_of(asked_text(asked, "uri"))
    assert path is not None
    opened = check.folders.open_files.get(path)
    text = opened.text if opened is not None else decoded(read_regular(path), str(path))
    result, found = run_observed(path, text, {real_path(of.root): usable(of.root, of.project)})
    if result.problem is not None:
        raise QuestionError(result.problem.in_words())
    return result, found


QUESTIONS: dict[str, Callable[[LiveChecker, QuestionData], Any]] = {
    "matrix": _matrix,
    "access": _access,
    "whoCan": _who_can,
    "users": _users,
    "decide": _decide,
    "explain": _explain,
    "decideTest": _decide_test,
    "diff": _diff,
    "runTests": _run_tests,
    "rulePage": _page_of_rule,
}
"""By the name behind ``policylang/``."""

COMMANDS: dict[str, tuple[str, ...]] = {
    "users": ("kind", "name"),
    "whoCan": ("action", "resource"),
    "access": ("user",),
    "runTests": (),
    "decideTest": ("number",),
}
"""Those that code lenses ask, and what they say behind the file."""


def in_words(answer: Any, most: int) -> str:
    """An answer as one message."""
    if "error" in answer:
        return str(answer["error"])
    if "text" in answer:
        return str(answer["text"])
    if "users" in answer:
        names = [visible(name) for name in answer["users"]]
        more = f" and {len(names) - most:,} more" if len(names) > most else ""
        return f"{people_in_words(len(names))}{': ' if names else ''}{', '.join(names[:most])}{more}"
    ways = [f"{each['action']} on {each['resource']}" for each in answer["access"]]
    return ", ".join(dict.fromkeys(ways)) or "can do nothing"


# --- what they are given -------------------------------------------------------------------------------------


def _set_of(check: LiveChecker, asked: QuestionData) -> EditedSet:
    uri = asked.get("uri")
    path = path_of(uri) if isinstance(uri, str) else None
    sets = check.folders.sets
    found = check.folders.set_of(path) if path is not None else next(iter(sets), None)
    if found is None:
        raise QuestionError("there is no policy set here")
    return found


def _compiled(project: Project) -> ir.PolicySet:
    if project.ir is None:
        problem: Problem | None = next(iter(project.sources.problems), None)
        wrong = next((each.message for each in project.diagnostics if each.severity == "error"), "")
        raise QuestionError(f"the policy set has errors: {problem.message if problem else wrong}")
    return project.ir


def _asked_of(check: LiveChecker, asked: QuestionData) -> tuple[PolicySet, datetime.datetime]:
    of = _set_of(check, asked)
    _compiled(of.project)
    assert of.policy_set is not None
    return of.policy_set, asked_instant(asked, check.instant)


def _request(asked: QuestionData) -> tuple[str, str, str, Any]:
    return (
        asked_text(asked, "user"),
        asked_text(asked, "action"),
        asked_text(asked, "resource"),
        asked_object(asked, "record") or {},
    )


def _more(asked: QuestionData) -> QuestionData:
    return {name: asked[name] for name in ("request", "field", "changes") if asked.get(name) is not None}
