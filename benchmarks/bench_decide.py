"""Time per decision of policylang beside other engines, with equal policies and the same requests; and time to load.

    python -m benchmarks.bench_decide [REPETITIONS]

All engines have to agree with policylang about every request that they are timed on, or it fails. Time is reported and
never fails.
"""

from __future__ import annotations

import gc
import json
import random
import statistics
import sys
import tempfile
import time
import timeit
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import policylang
from benchmarks.engines import ENGINES, PACKAGES
from benchmarks.engines.policylang import FROM_JSON, forms
from benchmarks.engines.workload import Form, Request, disagreement, requests
from benchmarks.generate import ACTIONS, access, groups
from benchmarks.measure import environment, in_fresh_process, peak_mib, table
from policylang.ir.codec import to_json
from policylang.project.discovery import SourceSet
from policylang.project.project import Project
from policylang.settings.config import Config
from policylang.settings.limits import Limits
from policylang.source import Source

SIZES = (100, 1_000, 5_000)
LARGE = 100_000  # groups that policylang is timed with alone
LOADED = (100, 5_000, LARGE)
REQUESTS = 10_000
# CPU seconds after which an engine gets no more requests in one repetition, and how many it gets all the same.
ENOUGH = 0.2
FEWEST = 10
PAGES = (10, 20, 50, 200)  # records

OURS = "policylang"
HEADER = ("engine", "used with", "groups", "decisions", "µs, best", "median", "times policylang, best", "median")


class Row(NamedTuple):
    """A form of an engine at a size. ``times``: CPU microseconds per decision, one for each repetition."""

    engine: str
    form: str
    groups: int
    run: Form
    decisions: int
    times: list[float]

    @property
    def best(self) -> float:
        """The fastest repetition."""
        return min(self.times)

    @property
    def median(self) -> float:
        """The repetition in the middle."""
        return statistics.median(self.times)


def compile_groups(count: int) -> bytes:
    """The compiled policy set of as many groups, as JSON."""
    source = Source("access.policy", access(groups(count)))
    project = Project(SourceSet(Path(), Config(limits=Limits(words=10_000_000)), (source,)))
    assert not project.diagnostics, project.diagnostics[0]
    assert project.ir is not None
    return to_json(project.ir)


def compile_to(path: Path, count: int) -> float:
    """Write the compiled policy set; CPU seconds from text to JSON."""
    begin = time.process_time()
    document = compile_groups(count)
    seconds = time.process_time() - begin
    path.write_bytes(document)
    return seconds


def load(path: Path) -> dict[str, float]:
    """CPU seconds from the file to the first decision, and the peak memory of this process in MiB."""
    (request,) = requests(groups(1), 1)
    begin = time.process_time()
    policy_set = policylang.load(path)
    policy_set.allows(request.user, request.action, request.resource, request.record, now=request.now)
    return {"seconds": time.process_time() - begin, "peak": peak_mib()}


def loading(paths: Mapping[int, Path], compiled: Mapping[int, float], repetitions: int) -> str:
    """The table of loading: each time a process of its own, the best of the repetitions."""
    rows = []
    for count in LOADED:
        runs = [in_fresh_process("benchmarks.bench_decide", "load", paths[count]) for _ in range(repetitions)]
        rows.append(
            (
                f"{count:,} groups",
                f"{compiled[count]:.2f}",
                f"{paths[count].stat().st_size / 2**20:.1f}",
                f"{min(run['seconds'] for run in runs):.2f}",
                f"{min(run['peak'] for run in runs):,.0f}",
            )
        )
    return table(("policy set", "compile s", "JSON MiB", "load s", "peak MiB"), rows)


def first_answers(form: Form, count: int) -> list[bool]:
    """What it says to the first requests: all of them, or as many as it can decide in the time that is enough."""
    answers: list[bool] = []
    chunk = 1
    begin = time.process_time()
    while len(answers) < count and (len(answers) < FEWEST or time.process_time() - begin < ENOUGH):
        answers += form(len(answers), min(count, len(answers) + chunk))
        chunk *= 2
    return answers


def prepare(count: int, document: bytes, with_others: bool) -> list[Row]:
    """The rows of one size. Prints what can be said before timing; raises AssertionError where the engines disagree."""
    of = groups(count)
    asked = requests(of, REQUESTS)
    ours = forms(policylang.load(document), asked)
    found = {(OURS, form): run for form, run in ours.items()}
    if with_others:
        found |= {(name, form): run for name, make in ENGINES.items() for form, run in make(of, asked).items()}
    begin = time.process_time()
    expected = ours["decide"](0, REQUESTS)
    first = (time.process_time() - begin) / REQUESTS * 1e6
    answers = {engine: first_answers(run, REQUESTS) for engine, run in found.items()}
    check(asked, expected, answers, count)
    print(
        f"{count:,} groups: all agree; {sum(expected) / REQUESTS:.0%} of {REQUESTS:,} requests are allowed;"
        f" policylang's first pass: {first:.1f} µs per decision",
        flush=True,
    )
    return [Row(*engine, count, run, len(answers[engine]), []) for engine, run in found.items()]


def check(
    asked: Sequence[Request],
    expected: Sequence[bool],
    answers: Mapping[tuple[str, str], Sequence[bool]],
    count: int,
) -> None:
    """Raise AssertionError with the first request that an engine decides differently."""
    found = disagreement(asked, expected, {", ".join(engine): own for engine, own in answers.items()})
    assert found is None, f"with {count:,} groups {found}"


def measure(rows: Sequence[Row], repetitions: int) -> None:
    """Time all rows in turn, as often as there are repetitions, each time in another order.

    The garbage collector rests while a row runs, as it does in ``timeit``.
    """
    rng = random.Random(5)
    gc.collect()
    gc.freeze()  # so that collecting between the rows does not walk through the policy sets again
    for _ in range(repetitions):
        for row in rng.sample(rows, len(rows)):
            gc.collect()
            gc.disable()
            begin = time.process_time()
            row.run(0, row.decisions)
            seconds = time.process_time() - begin
            gc.enable()
            row.times.append(seconds / row.decisions * 1e6)


def fastest(rows: Iterable[Row]) -> dict[tuple[str, int], Row]:
    """The fastest form of each engine at each size, by the median; policylang with times as text does not count."""
    found: dict[tuple[str, int], Row] = {}
    for row in rows:
        key = (row.engine, row.groups)
        if row.form != FROM_JSON and (key not in found or row.median < found[key].median):
            found[key] = row
    return found


def report(rows: Iterable[Row], base: Mapping[tuple[str, int], Row]) -> str:
    """A table of decisions; the base has policylang's row for each size."""
    return table(HEADER, (_cells(row, base[OURS, row.groups]) for row in rows))


def _cells(row: Row, ours: Row) -> tuple[str, ...]:
    times = (row.best, row.median, row.best / ours.best, row.median / ours.median)
    return (row.engine, row.form, f"{row.groups:,}", f"{row.decisions:,}", *(f"{value:,.2f}" for value in times))


def growth(rows: Sequence[Row], form: str) -> str:
    """How much more a decision takes with the most groups than with the fewest: as it was timed, in turn with
    everything else, and at once after the same requests.
    """
    few, many = (next(r for r in rows if (r.form, r.groups) == (form, size)) for size in (SIZES[0], LARGE))
    again = _best(lambda: many.run(0, many.decisions)) / _best(lambda: few.run(0, few.decisions))
    return (
        f"policylang {SIZES[0]:,} -> {LARGE:,} groups ({form}): {many.median / few.median:.2f} times in turn (median), "
        f"{again:.2f} times at once after the same requests (best)"
    )


def batches(rows: Sequence[Row]) -> str:
    """One by one beside many at a time, at each size."""
    found = []
    for size in (*SIZES, LARGE):
        one, many = (next(r for r in rows if (r.form, r.groups) == (form, size)) for form in ("decide", "decide_many"))
        found.append(f"{one.median / many.median:.2f} times with {size:,} groups")
    return f"decide_many is as fast as decide one by one: {', '.join(found)} (median)"


def pages(count: int, actions: int = 1, users: int = 200) -> str:
    """Lists of records that one user looks at, to do one thing with each or some: one by one beside many at a time, the
    median of some users.
    """
    policies = policylang.load(compile_groups(count))
    asked = requests(groups(count), REQUESTS)
    found = []
    for length in PAGES:
        times = []
        for each in asked[:users]:
            records = [other.record for other in asked if other.resource == each.resource][:length]
            wanted = ACTIONS[:actions] if actions > 1 else (each.action,)
            one, many = _page(policies, each, records, wanted)
            for _ in range(2):
                assert one() == many(), f"they disagree: {each}"
            times.append(_best(one) / _best(many))
        found.append(f"{statistics.median(times):.2f} times for {length} records")
    things = "one action" if actions == 1 else f"{actions} actions on each record"
    return f"decide_many for one user, {things}, {count:,} groups: {', '.join(found)} (median of {users} users)"


def _page(
    policies: policylang.PolicySet, of: Request, records: Sequence[Any], actions: Sequence[str]
) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """One by one, and at once."""
    common: dict[str, Any] = {"user": of.user, "resource": of.resource, "now": of.now}
    if len(actions) > 1:
        listed = [{"action": action, "record": record} for record in records for action in actions]
    else:
        common["action"], listed = of.action, [{"record": record} for record in records]
    user, resource, now = of.user, of.resource, of.now
    return (
        lambda: [policies.decide(user, action, resource, r, now=now) for r in records for action in actions],
        lambda: policies.decide_many(listed, **common),
    )


def _best(call: Callable[[], Any]) -> float:
    return min(timeit.repeat(call, number=3, repeat=7))


def run(repetitions: int) -> None:
    """Print everything."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {count: Path(folder) / f"{count}.json" for count in (*SIZES, LARGE)}
        compiled = {
            count: in_fresh_process("benchmarks.bench_decide", "compile", path, count) for count, path in paths.items()
        }
        loaded = loading(paths, compiled, repetitions=2)
        rows: list[Row] = []
        for count, path in paths.items():
            rows += prepare(count, path.read_bytes(), with_others=count != LARGE)
    measure(rows, repetitions)
    best = fastest(rows)
    chosen = [row for row in rows if row.form == FROM_JSON or best[row.engine, row.groups] is row]
    print("\nEach engine as it is fastest:\n")
    print(report(chosen, best))
    print(
        f"\n{growth(rows, best[OURS, SIZES[0]].form)}\n{batches(rows)}\n{pages(SIZES[1])}\n{pages(SIZES[1], actions=3)}"
    )
    print("\nOther ways to use them:\n")
    print(report((row for row in rows if row not in chosen), best))
    print(f"\nLoading, from the JSON file to the first decision, best of 2 processes:\n\n{loaded}")


def main(arguments: list[str]) -> int:
    """Compile or load in this process, or everything; the exit code."""
    match arguments:
        case ["compile", path, count]:
            print(json.dumps(compile_to(Path(path), int(count))))
        case ["load", path]:
            print(json.dumps(load(Path(path))))
        case _:
            repetitions = int(arguments[0]) if arguments else 7
            versions = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
            print(f"Decisions, best and median of {repetitions} interleaved repetitions; {environment()}")
            print(f"policylang {policylang.__version__}, {versions}\n")
            try:
                run(repetitions)
            except AssertionError as error:
                print(error, file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
