"""Rules in several processes find what they find in one."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from policylang.check import processes
from policylang.check.catalogue import BY_CODE, CHECKS
from policylang.check.engine import Examination, examine
from policylang.check.processes import BY_THEMSELVES, ProcessError, run_shares, shares, useful
from policylang.check.reach import Examined
from policylang.ir import nodes as ir
from policylang.project.discovery import discover
from policylang.project.project import Project
from tests.check.fixing import NOW

ROOT = Path(__file__).parents[2]
SETS = sorted(path.parent for path in (ROOT / "policies").glob("*/*.policy"))


def policy_sets() -> dict[str, ir.PolicySet]:
    roots = [*dict.fromkeys(SETS), ROOT / "tests" / "acceptance" / "faults"]
    files = [each for root in roots for each in (sorted(root.glob("*.policy")) if root.name == "faults" else [root])]
    made = {path.name: Project(discover([str(path)])[0]).ir for path in files}
    return {name: each for name, each in made.items() if each is not None}


def findings(policy_set: ir.PolicySet, jobs: int) -> Examination:
    return examine(policy_set, NOW, CHECKS, asked_for=CHECKS, jobs=jobs)


@pytest.mark.parametrize("jobs", [2, 3, 50])
def test_the_same_is_found(monkeypatch: pytest.MonkeyPatch, jobs: int) -> None:
    monkeypatch.setattr(processes, "LARGE", 0)
    sets = policy_sets()
    assert len(sets) > 5
    for name, policy_set in sets.items():
        assert findings(policy_set, jobs).found == findings(policy_set, 1).found, name


def test_a_small_policy_set_has_one_process() -> None:
    for policy_set in policy_sets().values():
        assert useful(policy_set, CHECKS, 8) == 1


def test_there_are_no_more_processes_than_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "LARGE", 0)
    policy_set = next(iter(policy_sets().values()))
    assert useful(policy_set, ["PL303", "PL304"], 8) == 1
    assert useful(policy_set, CHECKS, 800) == len(shares(CHECKS))


def test_a_family_is_one_share_but_for_the_costly_rules() -> None:
    divided = shares(CHECKS)
    assert sorted(code for share in divided for code in share) == sorted(CHECKS)
    assert [share for share in divided if set(share) & set(BY_THEMSELVES)] == [[code] for code in BY_THEMSELVES]
    families = [{BY_CODE[code].family for code in share} for share in divided]
    assert all(len(each) == 1 for each in families)
    assert len(divided) == len({BY_CODE[code].family for code in CHECKS}) + len(BY_THEMSELVES)
    assert shares(["PL304", "PL301", "PL202"]) == [["PL202"], ["PL301"], ["PL304"]]


def test_no_process_waits_until_another_has_finished() -> None:
    """The second of two has more to say than a pipe holds, and the first is done once the second one is."""
    last = multiprocessing.get_context("fork").Event()
    shown = max(findings(policy_sets()["limit-lost.policy"], 1).found, key=lambda each: len(each.finding.shown))

    def run(share: Sequence[str]) -> Iterator[Examined]:
        if share == shares(CHECKS)[0]:
            assert last.wait(60)
        else:
            yield from [shown] * 10_000
            if share == shares(CHECKS)[-1]:
                last.set()

    found = list(run_shares(run, CHECKS, 2))
    assert found == [shown] * 10_000 * (len(shares(CHECKS)) - 1)


def test_a_process_that_is_killed_is_an_error() -> None:
    def run(share: Sequence[str]) -> Iterator[Examined]:
        if "PL301" in share:
            os.kill(os.getpid(), signal.SIGKILL)
        yield from ()

    with pytest.raises(ProcessError, match="-9"):
        list(run_shares(run, CHECKS, 2))


def test_what_is_raised_in_a_process_is_raised_here() -> None:
    def run(share: Sequence[str]) -> Iterator[Examined]:
        raise ValueError(f"no {share[0]}")

    with pytest.raises(RuntimeError, match=r"ValueError: no PL"):
        list(run_shares(run, CHECKS, 2))
