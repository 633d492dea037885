"""Time per decision of each compile target on its real engine: the same policy sets, the same requests.

    python -m benchmarks.bench_targets [GROUPS ...]

Every answer has to be that of the reference, before anything is timed; otherwise, or where a target is not there, it
fails. Time is reported and never fails.
"""

from __future__ import annotations

import gc
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.engines.workload import requests
from benchmarks.generate import Group, access, access_of_owners, groups, owners
from benchmarks.measure import environment, table
from policylang.ir import nodes as ir
from policylang.pipelines.compile import compile_for
from policylang.project.discovery import SourceSet
from policylang.project.project import Project
from policylang.runtime import reference
from policylang.runtime.index import Index
from policylang.runtime.request import Request
from policylang.settings.config import Config
from policylang.source import Source
from policylang.targets import NAMES, find_target
from policylang.targets.target import Input, TargetBundle

SIZES = (100, 1_000, 10_000)
REQUESTS = 2_000
ACTIONS = ("view", "modify", "delete")
"""Those that are commands of a database, too."""
# Seconds after which an engine gets no more requests in one repetition, and how many it gets all the same.
ENOUGH = 2.0
FEWEST = 20
REPETITIONS = 5
HEADER = ("target", "groups", "compile s", "bundle MiB", "load s", "decisions", "µs, best", "median")


class Workload(NamedTuple):
    """A kind of policy set. ``everywhere``: every target has to express it."""

    title: str
    groups: Callable[[int], list[Group]]
    text: Callable[[Sequence[Group]], str]
    everywhere: bool


WORKLOADS = (
    Workload("The user's own records, and grants without a limit", lambda n: owners(groups(n)), access_of_owners, True),
    Workload("Also records of some days, and a deny with a condition", groups, access, False),
)


class Set(NamedTuple):
    policy_set: ir.PolicySet
    asked: list[Request]
    expected: list[bool]


def make(workload: Workload, count: int, most: int = REQUESTS) -> Set:
    """The compiled groups, with requests and the reference's answers."""
    of = workload.groups(count)
    project = Project(SourceSet(Path(), Config(), (Source("access.policy", workload.text(of)),)))
    assert project.ir is not None, project.diagnostics[0]
    asked = [
        Request(each.user, each.action, each.resource, each.record, each.now)
        for each in requests(of, 2 * most)
        if each.action in ACTIONS
    ][:most]
    index = Index(project.ir)
    return Set(project.ir, asked, [reference.answer(index, each).allowed for each in asked])


def measure(name: str, given: Set, repetitions: int = REPETITIONS) -> tuple[str, ...] | str:
    """The cells of a target behind its name and the number of groups, or what it refuses.

    Raises AssertionError where it decides otherwise than the reference, or leaves a request undecided.
    """
    begin = time.perf_counter()
    bundle = compile_for(find_target(name), Input(given.policy_set))
    compiled = time.perf_counter() - begin
    if not isinstance(bundle, TargetBundle):
        return f"refused: {bundle[0].code} {bundle[0].message} (and {len(bundle) - 1:,} more)"
    prepare: Any = import_module(f"benchmarks.targets.{name}").prepare
    begin = time.perf_counter()
    with prepare(bundle, given.policy_set) as decide:
        loaded = time.perf_counter() - begin
        count = check(name, given, decide)
        times = list(timed(decide, given.asked[:count], repetitions))
    size = sum(map(len, bundle.files.values())) / 2**20
    figures = (compiled, size, loaded)
    return (
        *(f"{each:.2f}" for each in figures),
        f"{count:,}",
        f"{min(times):,.1f}",
        f"{statistics.median(times):,.1f}",
    )


def check(name: str, given: Set, decide: Callable[[Sequence[Request]], Sequence[bool | None]]) -> int:
    """Ask all requests, or as many as can be decided in the time that is enough; how many those are."""
    count, chunk, begin = 0, FEWEST, time.perf_counter()
    while count < len(given.asked) and (count < FEWEST or time.perf_counter() - begin < ENOUGH):
        until = min(len(given.asked), count + chunk)
        answers = decide(given.asked[count:until])
        assert len(answers) == until - count, f"{name} answers {len(answers)} of {until - count} requests"
        for number, answer in enumerate(answers, count):
            wanted = given.expected[number]
            assert answer is wanted, f"{name} says {answer}, the reference says {wanted}: {given.asked[number]}"
        count, chunk = until, chunk * 2
    return count


def timed(
    decide: Callable[[Sequence[Request]], Sequence[bool | None]], asked: Sequence[Request], repetitions: int
) -> Iterator[float]:
    """Microseconds per decision of each repetition, by the clock on the wall: engines are other processes, too."""
    for _ in range(repetitions):
        gc.collect()
        gc.disable()
        begin = time.perf_counter()
        decide(asked)
        seconds = time.perf_counter() - begin
        gc.enable()
        yield seconds / len(asked) * 1e6


def run(sizes: Sequence[int]) -> Iterator[str]:
    """Prints the tables; gives what is wrong."""
    rng = random.Random(6)
    for workload in WORKLOADS:
        rows: list[tuple[str, ...]] = []
        refused: dict[str, str] = {}
        for count in sizes:
            given = make(workload, count)
            print(
                f"{count:,} groups: {sum(given.expected) / len(given.asked):.0%} allowed", file=sys.stderr, flush=True
            )
            found: dict[str, tuple[str, ...] | str] = {}
            for name in rng.sample(NAMES, len(NAMES)):
                try:
                    found[name] = measure(name, given)
                except (AssertionError, ModuleNotFoundError) as error:
                    yield f"{workload.title}, {count:,} groups: {name}: {error}"
                print(f"  {name}: {found.get(name, 'failed')}", file=sys.stderr, flush=True)
            for name in NAMES:
                cells = found.get(name)
                if isinstance(cells, str):
                    refused[name] = cells
                elif cells is not None:
                    rows.append((name, f"{count:,}", *cells))
        print(f"\n{workload.title}\n\n{table(HEADER, rows)}\n")
        for name, text in refused.items():
            print(f"- {name}: {text}")
            if workload.everywhere:
                yield f"{workload.title}: {name} {text}"


def main(arguments: list[str]) -> int:
    """The exit code."""
    print(f"Decisions of compile targets, best and median of {REPETITIONS} repetitions; {environment()}")
    wrong = list(run([int(each) for each in arguments] or SIZES))
    for each in wrong:
        print(each, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
