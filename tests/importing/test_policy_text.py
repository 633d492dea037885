"""A compiled policy set as policy text: it compiles, and decides the same."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from policylang.importing.policy_text import policy_texts
from policylang.ir import nodes as ir
from policylang.project.project import Project
from policylang.runtime import reference
from policylang.runtime.index import Index
from policylang.runtime.request import Request
from tests.generated.features import Features
from tests.generated.strategy import Case, cases
from tests.helpers import compiled, project
from tests.targets.differential import SETS, known, of_case

EXAMPLES = settings.default.max_examples // 3  # type: ignore[union-attr]
FEATURES = Features(objects=False, strange_requests=False, wrong_values=False, requests=20)


def back(policy_set: ir.PolicySet) -> ir.PolicySet:
    texts = policy_texts(policy_set)
    made: Project = project(**{name.removesuffix(".policy"): text for name, text in texts.items()})
    errors = [each for each in made.diagnostics if each.severity == "error"]
    assert errors == [], "\n".join(texts.values())
    assert made.ir is not None
    return made.ir


@pytest.mark.parametrize("name", SETS)
def test_policy_sets_that_people_wrote(name: str) -> None:
    policy_set, scenarios = known(name)
    one, other = Index(policy_set), Index(back(policy_set))
    for each in scenarios:
        assert same(one, other, each.asked), each


def same(one: Index, other: Index, asked: Request) -> bool:
    first, second = reference.answer(one, asked), reference.answer(other, asked)
    return first.allowed == second.allowed and (not first.allowed or first.fields == second.fields)


@pytest.mark.hypothesis
def test_generated_policy_sets() -> None:
    @given(cases(FEATURES))
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    def agree(case: Case) -> None:
        one, other = Index(case.policy_set), Index(back(case.policy_set))
        assert all(same(one, other, request) for request in of_case(case))

    agree()


@pytest.mark.parametrize(
    ("said", "written", "attached"),
    [
        ("stage is it", "(given_2: one of open, draft) on item { stage is given_2 }", "p(draft)"),
        (
            "stage in [it, lead]",
            "(given_2: one of open, draft) on item { stage is given_2 or stage is lead }",
            "p(draft)",
        ),
        ("stages contains it", "(given_2: one of open, draft) on item { stages contains given_2 }", "p(draft)"),
        ("it is open", "(given_2: one of open, draft) on item { given_2 is open }", "p(draft)"),
        (
            "stage is open and it is draft",
            "(given_2: one of open, draft) on item { stage is open and given_2 is draft }",
            "p(draft)",
        ),
        ("stage is open", " on item { stage is open }", "p"),
    ],
)
def test_arguments_that_cannot_stand_in_a_condition(said: str, written: str, attached: str) -> None:
    policy_set = compiled(
        f"""
        resource item {{
          stage : one of open, lead
          stages : set of one of open, lead
          given_1 : int
          actions view
        }}
        policy p(it: one of open, draft) on item {{ {said} }}
        role r {{ grant view on item  policy p(draft) }}
        """
    )
    texts = policy_texts(policy_set)
    assert texts["policies.policy"] == f"policy p{written}\n"
    assert f"policy {attached}\n" in texts["roles.policy"]
    assert policy_texts(back(policy_set)) == texts


def test_texts_that_people_do_not_see() -> None:
    policy_set = compiled('user "a\\u{200B}\\"b\\\\c" "la\\u{202E}bel"')
    assert back(policy_set).users[0].id == 'a\u200b"b\\c'
    assert back(policy_set).users[0].label == "la\u202ebel"
