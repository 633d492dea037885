"""Laws that every explanation keeps, on generated policy sets and on those of the examples."""

from __future__ import annotations

import datetime
import itertools
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import given, settings

from policylang.explaining.edits import Question, applied
from policylang.explaining.tree import Explanation
from policylang.output import explanation as output
from policylang.project.discovery import discover
from policylang.project.project import Project
from policylang.runtime.index import Index
from policylang.runtime.reference import answer, decide
from policylang.text.readable import json_bytes
from tests.generated import Case, cases
from tests.helpers import ACCEPTANCE, POLICIES, explain

NOW = datetime.datetime(2026, 11, 21, 19, tzinfo=datetime.UTC)


@given(cases())
@settings(max_examples=60, deadline=None)
def test_laws(case: Case) -> None:
    index = Index(case.policy_set)
    for arguments in case.arguments():
        try:
            decision = decide(index, **arguments)
        except Exception:
            continue  # then an explanation may raise too
        found = explain(index, **arguments)
        assert found.decision == decision
        assert says_allowed(found) == decision.allowed
        assert all(click.unstyle(line).isprintable() for line in output.text(found))
        assert json_bytes(found)
        check_change(index, found, arguments)


def says_allowed(found: Explanation) -> bool:
    """The decision, from the parts of its explanation."""
    for moment in found.moments:
        requires = moment.requires is None or moment.requires.met
        whole = any(deny.applies and deny.fields is None for deny in moment.denies)
        appends = all(limit.truth is True for limit in moment.appends)
        assert moment.open == (any(way.open for way in moment.ways) and requires and appends and not whole)
        for way in moment.ways:
            assert way.open == all(obstacle.kind == "field" for obstacle in way.obstacles)
            assert all(limit.truth is True for limit in way.held)
            assert all(obstacle.truth is not True for obstacle in way.obstacles)
    return (
        found.problem is None
        and all(moment.open and all(field.covered for field in moment.fields) for moment in found.moments)
        and all(written.fits for written in found.written)
    )


def check_change(index: Index, found: Explanation, arguments: dict[str, Any]) -> None:
    """The smallest change allows the request, and none of its edits alone is too many."""
    if found.decision.allowed:
        assert found.smallest_change == ()
    asked = {**arguments, "record": {} if arguments["record"] is None else arguments["record"]}
    asked |= {"request": {} if arguments["request"] is None else arguments["request"]}
    for left_out in (None, *found.smallest_change):
        question = Question(index=index, **{**asked, "now": asked["now"].astimezone(datetime.UTC)})
        edits = [edit for edit in found.smallest_change if edit is not left_out]
        for edit in edits:
            question = applied(question, edit)
        if edits:
            assert answer(question.index, question).allowed == (left_out is None)


@pytest.mark.parametrize("folder", [ACCEPTANCE / "securitytrax", ACCEPTANCE / "tracktik", POLICIES / "quickstart"])
def test_laws_on_examples(folder: Path) -> None:
    """Everybody, every action, an empty record: nearly everything is denied, and there is a way to most of it."""
    (sources,) = discover([str(folder)])
    policy_set = Project(sources).ir
    assert policy_set is not None
    index = Index(policy_set)
    for resource, actions in index.actions.items():
        for user, action in itertools.product(index.requesters, actions):
            arguments: dict[str, Any] = {"user": user, "action": action, "resource": resource, "record": {}}
            arguments |= {"now": NOW, "request": None, "field": None, "changes": None}
            found = explain(index, **arguments)
            assert found.decision == decide(index, **arguments)
            assert says_allowed(found) == found.decision.allowed
            check_change(index, found, arguments)
