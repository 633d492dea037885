"""What is switched off does not occur."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings

from tests.generated import Case, Census, Features, cases

SWITCHES = [field.name for field in dataclasses.fields(Features) if isinstance(field.default, bool)]
LEFT = Features(**dict.fromkeys(SWITCHES, False))  # type: ignore[arg-type]
BASIC = {
    *("and", "or", "not", "missing", "3 deep", "lt", "le", "gt", "ge", "two values compared"),
    *(f"order of {type_}" for type_ in ("int", "decimal", "date", "datetime")),
    *(f"{test} {type_}" for test in ("eq", "in") for type_ in ("int", "decimal", "date", "datetime")),
    *(f"{test} {type_}" for test in ("eq", "in") for type_ in ("text", "enum", "user", "bool")),
    *("record, 1 steps", "subject, 0 steps", "a policy for some actions", "a limit for some actions"),
    *("a role in a role", "a role in a group", "an essential role", "a bundle with several limits"),
    *("a grant of all", "a grant of some actions", "a superuser", "a terminated user", "in a group", "with a job"),
    *("an assignment", "records that live nowhere", "a user who is named"),
}


@pytest.mark.hypothesis
def test_everything_off_leaves_what_every_implementation_has() -> None:
    census = Census()

    @given(cases(LEFT))
    @settings(max_examples=settings.default.max_examples // 6, deadline=None)  # type: ignore[union-attr]
    def generate(case: Case) -> None:
        census.add_policy_set(case.policy_set)
        assert case.policy_set.timezone in ("UTC", "Asia/Kathmandu", "America/Phoenix")
        assert {request.kind for request in case.requests} <= {"record", "modify", "create"}
        assert not any(request.as_object for request in case.requests)
        assert all(text.isascii() and text.isalnum() for text in (*case.world.users, *case.world.jobs))

    generate()
    assert set(census.constructs) <= BASIC


@pytest.mark.hypothesis
def test_each_can_be_off_alone() -> None:
    for name in SWITCHES:
        features = dataclasses.replace(Features(requests=5), **{name: False})

        @given(cases(features))
        @settings(max_examples=4, deadline=None)
        def generate(case: Case) -> None:
            assert len(case.requests) <= 5

        generate()
