"""The targets that the benchmark times decide alike, and it finds out where they do not. Nothing is timed here."""

from __future__ import annotations

import pytest

from benchmarks.bench_postgres import QUESTIONS
from benchmarks.bench_postgres import measure as beside_filters
from benchmarks.bench_targets import WORKLOADS, Workload, check, make, measure
from policylang.targets import NAMES

GROUPS, REQUESTS = 8, 60


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda each: each.text.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_target_agrees(name: str, workload: Workload) -> None:
    found = measure(name, make(workload, GROUPS, REQUESTS), repetitions=1)
    if isinstance(found, str):
        assert not workload.everywhere
        assert found.startswith("refused: PL801")
    else:
        assert found[3] == str(REQUESTS), "all are asked"


def test_not_all_is_allowed() -> None:
    for workload in WORKLOADS:
        expected = make(workload, GROUPS, 300).expected
        assert 0.4 < sum(expected) / len(expected) < 0.8


def test_wrong_and_missing_answers_are_found() -> None:
    given = make(WORKLOADS[0], GROUPS, REQUESTS)
    right = {id(asked): answer for asked, answer in zip(given.asked, given.expected, strict=True)}
    assert check("right", given, lambda asked: [right[id(each)] for each in asked]) == REQUESTS
    right[id(given.asked[50])] ^= True
    with pytest.raises(AssertionError, match=r"^wrong says (True|False), the reference says"):
        check("wrong", given, lambda asked: [right[id(each)] for each in asked])
    with pytest.raises(AssertionError, match=r"^silent says None"):
        check("silent", given, lambda asked: [None for _ in asked])


def test_row_level_security_finds_what_filters_find() -> None:
    found = list(beside_filters(20_000, 1))
    assert [question for question, _ in found] == list(QUESTIONS)
    assert all(measured.rows > 10 for _, measured in found)
