"""What a case is decided on says the same as the whole policy set, and the same statements decide it."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given, settings

from policylang.runtime.index import Index
from policylang.runtime.reference import answer
from policylang.runtime.request import Request
from policylang.testing.coverage.recorder import Recorder
from policylang.testing.coverage.statements import statements, without
from policylang.testing.narrowed import Narrowing
from tests.generated import Case, cases
from tests.helpers import compiled

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
EXAMPLES = settings.default.max_examples // 6  # type: ignore[union-attr]


def asked(case: Case, index: Index) -> list[Request]:
    """The requests of which everything is known, at instants of the calendar."""
    found = []
    for arguments in case.arguments():
        try:
            request = Request(**arguments).given(index)
        except ValueError:
            continue
        if request.unknown(index) is None:
            found.append(request)
    return found


def compare(index: Index, requests: list[Request]) -> set[str]:
    """All that decided one of them; for each it must be what taking out every statement alone says."""
    others = {each.at: without(index, [each]) for each in statements(index.policy_set)}
    recorder = Recorder(index, set(index.policy_set.sources))
    for request in requests:
        before, decision = dict(recorder.decisive), answer(index, request)
        recorder.decided(index, request, decision)
        found = {at for at in others if recorder.decisive[at] > before.get(at, 0)}
        expected = {at for at, other in others.items() if answer(other, request).allowed != decision.allowed}
        assert found == expected, request
    return set(recorder.decisive)


@pytest.mark.hypothesis
@given(cases())
@settings(max_examples=EXAMPLES, deadline=None)
def test_what_a_request_depends_on_decides_it(case: Case) -> None:
    index = Index(case.policy_set)
    narrowing = Narrowing(index)
    for request in asked(case, index):
        decision = answer(narrowing.of(request.user, request.action, request.resource), request)
        expected = answer(index, request)
        assert (decision.allowed, decision.fields) == (expected.allowed, expected.fields), request


@pytest.mark.hypothesis
@given(cases())
@settings(max_examples=EXAMPLES, deadline=None)
def test_many_at_a_time_find_what_each_alone_finds(case: Case) -> None:
    index = Index(case.policy_set)
    compare(index, asked(case, index)[:4])


ROLES = """resource doc { name : text  level : int  actions view, modify  action check requires view on doc }
policy low on doc { level < 3 }
policy named on doc { name is "n" }
role blocker { deny view on doc { level > 8 } }
role outer { role inner  policy named on doc }
role inner { grant view on doc (name)  policy low on doc }
"""


@pytest.mark.parametrize("given_by", ["user", "group", "job"])
def test_all_roles_of_one_user(given_by: str) -> None:
    """Roles with limits, denies and one role in common: in halves, and each alone."""
    text = "".join(
        f"role r{n} {{ grant view, check on doc{' policy low on doc' * (n % 2)}{' policy named on doc' * (n % 3)}"
        f"{'  role blocker' * (n > 4)}{'  role outer' * (n == 3)}{'  deny check on doc { level > 8 }' * (n < 2)} }}\n"
        for n in range(7)
    )
    names = [f"r{n}" for n in range(7)]
    match given_by:
        case "user":
            text += f'user "u" {{ {" ".join(f"assign role {name}" for name in names)} }}'
        case "group":
            text += f'group g {{ role {", ".join(names)} }}\nuser "u" in g'
        case _:
            text += f'job "J" {{ role {", ".join(names)} }}\nuser "u" job "J"'
    index = Index(compiled(ROLES + text))
    requests = [
        Request("u", action, "doc", {"name": name, "level": level}, NOW, field=field)
        for level in (1, 5, 9)
        for name in ("n", "m")
        for action in ("view", "check")
        for field in (None, "name")
    ]
    assert compare(index, requests)
