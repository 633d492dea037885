"""The engines that the benchmark times decide alike. Nothing is timed here."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import pytest

import policylang
from benchmarks.bench_decide import compile_groups
from benchmarks.engines import ENGINES
from benchmarks.engines.policylang import forms
from benchmarks.engines.workload import Form, Request, disagreement, requests
from benchmarks.generate import Group, groups

GROUPS = 20
REQUESTS = 400


@dataclasses.dataclass(frozen=True)
class Workload:
    groups: list[Group]
    requests: list[Request]
    expected: list[bool]
    forms: dict[str, Form]


@pytest.fixture(scope="module")
def workload() -> Workload:
    of = groups(GROUPS)
    asked = requests(of, REQUESTS)
    ours = forms(policylang.load(compile_groups(GROUPS)), asked)
    return Workload(of, asked, ours["decide"](0, REQUESTS), ours)


def test_about_half_is_allowed(workload: Workload) -> None:
    assert 0.4 < sum(workload.expected) / REQUESTS < 0.6


def test_every_way_to_ask_policylang_agrees(workload: Workload) -> None:
    assert _disagreement(workload, workload.forms) is None


@pytest.mark.parametrize("make", ENGINES.values(), ids=ENGINES)
def test_engine_agrees(
    workload: Workload, make: Callable[[Sequence[Group], Sequence[Request]], dict[str, Form]]
) -> None:
    assert _disagreement(workload, make(workload.groups, workload.requests)) is None


def test_a_disagreement_is_shown(workload: Workload) -> None:
    wrong = [*workload.expected]
    wrong[7] = not wrong[7]
    found = disagreement(workload.requests, workload.expected, {"right": workload.expected, "wrong": wrong})
    assert found is not None
    assert found.startswith(f"wrong says {wrong[7]}, policylang says {not wrong[7]}: Request(user=")
    assert workload.requests[7].user in found


def test_the_first_groups_do_not_depend_on_the_number() -> None:
    assert groups(5) == groups(50)[:5]


def _disagreement(workload: Workload, of: dict[str, Form]) -> str | None:
    """The answers come in two parts, as a benchmark may ask for any."""
    answers = {name: form(0, 150) + form(150, REQUESTS) for name, form in of.items()}
    assert all(len(own) == REQUESTS for own in answers.values())
    return disagreement(workload.requests, workload.expected, answers)
