"""What follows from a request whatever anybody is granted: its moments, what it writes, what of it is unknown."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import given, settings

from policylang.runtime.index import Index
from policylang.runtime.request import Request
from policylang.runtime.values import MISSING, attribute
from tests.generated import Case, cases
from tests.helpers import compiled

EXAMPLES = settings.default.max_examples // 10  # type: ignore[union-attr]
NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)

POLICIES = """
resource doc { title : text  optional notes : text  actions view, modify, create }
resource note { title : text  actions view }
user "ann" { }
"""


@given(cases())
@settings(max_examples=EXAMPLES, deadline=None)
def test_changes_make_a_second_moment_and_nothing_else_does(case: Case) -> None:
    index = Index(case.policy_set)
    for arguments in case.arguments():
        try:
            request = Request(**arguments).given(index)
        except (TypeError, ValueError):
            continue
        if request.unknown(index) is not None:
            continue
        before, *after = request.moments(index)
        assert before.record is request.record
        assert len(after) == bool(request.changes)
        written = request.written(index)
        for name in index.attributes[request.resource] if after else ():
            changes = request.changes or {}
            value = attribute(changes if name in changes else request.record, name)
            assert attribute(after[0].record, name) is value or attribute(after[0].record, name) == value
            assert (name in written) == (name in changes)
        if index.kind(request.resource, request.action) == "create":
            declared = index.attributes[request.resource]
            assert written == tuple(name for name in declared if attribute(request.record, name) is not MISSING)
        assert set(request.asked(index)) == {*written, *([] if request.field is None else [request.field])}


@pytest.mark.parametrize(
    ("changed", "text", "known"),
    [
        ({"user": ["ann"]}, "the user of a request must be text, not list", ()),
        ({"resource": "dox"}, "there is no resource `dox`", {"doc", "note"}),
        ({"action": "vew"}, "`doc` has no action `vew`", {"view", "modify", "create"}),
        ({"user": "an"}, "there is no user `an`", {"ann"}),
        ({"field": "titel"}, "`doc` has no attribute `titel`", {"title", "notes"}),
        ({"action": "modify", "changes": {"titel": "x"}}, "`doc` has no attribute `titel`", {"title", "notes"}),
        ({"changes": {"titel": "x"}}, "`doc` has no attribute `titel`", {"title", "notes"}),
        ({"changes": {"title": "x"}}, "only modify and actions like it write changes, view does not", ()),
        ({"action": "create", "record": {"id": 1, "x": 2}}, "`doc` has no attribute `x`", {"title", "notes"}),
    ],
)
def test_what_is_unknown_comes_with_what_is_known(changed: dict[str, Any], text: str, known: Any) -> None:
    index = Index(compiled(POLICIES))
    plain: dict[str, Any] = {"user": "ann", "action": "view", "resource": "doc", "record": {}, "now": NOW}
    unknown = Request(**{**plain, **changed}).unknown(index)
    assert unknown is not None
    assert unknown.in_words() == text
    assert set(unknown.known) == set(known)


def test_an_unknown_attribute_of_a_record_matters_only_when_it_is_proposed() -> None:
    index = Index(compiled(POLICIES))
    assert Request("ann", "view", "doc", {"x": 2}, NOW).unknown(index) is None
    assert Request("ann", "create", "doc", {"id": 2}, NOW).unknown(index) is None
