"""Comparing two policy sets beside checking one of them, each as a command in a process of its own.

    python -m benchmarks.bench_diff              # all of it
    python -m benchmarks.bench_diff GROUPS       # with organisations of that size, 5,000 unless it is said
    python -m benchmarks.bench_diff profile 5000 # where the time of a comparison goes

Fails where a comparison with ten local changes takes more than 1.5 times the CPU or the wall time of the check, or does
not find the changes. The other rows are reported and never fail.
"""

from __future__ import annotations

import cProfile
import datetime
import json
import os
import pstats
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.bench_check import compiled
from benchmarks.measure import environment, table
from benchmarks.organisation import Assigned, Narrowing, Organisation, organisation, organisation_text
from policylang.diff.compare import compare

GROUPS = 5_000
LIMIT = 1.5
NOW = "2026-06-01T12:00:00Z"


class Run(NamedTuple):
    """CPU and wall seconds of a command, and what it printed."""

    cpu: float
    wall: float
    output: str


def ten_changes(of: Organisation) -> Organisation:
    """The organisation with ten changes of one role, group or user each, spread over it."""
    step = of.groups // 10
    bundles, roles, people = list(of.bundles), list(of.roles), list(of.people)
    # Four groups: a limit less, an action more, an action less, a limit of another length.
    bundles[0] = bundles[0]._replace(narrowing=bundles[0].narrowing[1:])
    (resource, actions), *grants = bundles[step].grants
    bundles[step] = bundles[step]._replace(grants=((resource, (*actions, "export")), *grants))
    bundles[2 * step] = bundles[2 * step]._replace(grants=bundles[2 * step].grants[1:])
    limit, *limits = bundles[3 * step].narrowing
    bundles[3 * step] = bundles[3 * step]._replace(narrowing=(Narrowing(limit.resource, "newer_than", 3), *limits))
    # Two roles, which are in groups and given to users as well.
    roles[0] = roles[0]._replace(narrowing=roles[0].narrowing[:1])
    roles[-1] = roles[-1]._replace(grants=roles[-1].grants[1:])
    # Four users: a second role, another group, a role that ends earlier, none any more.
    number = {person.id: n for n, person in enumerate(people)}
    second, other, dated = (number[f"u3@g{k * step}.test"] for k in (4, 5, 6))
    people[second] = people[second]._replace(assigned=(Assigned("administrator", "Site 0", ""),))
    people[other] = people[other]._replace(group=f"group_{7 * step}")
    people[dated] = people[dated]._replace(assigned=(Assigned(of.roles[1].name, "Site 0", " until 2026-07-31"),))
    del people[number[f"u3@g{8 * step}.test"]]
    return of._replace(roles=tuple(roles), bundles=tuple(bundles), people=tuple(people))


def for_everyone(of: Organisation) -> Organisation:
    """The organisation with one deny for everyone less, which may concern whoever has something on that resource."""
    return of._replace(denials=of.denials[1:])


CHANGES: tuple[tuple[str, Callable[[Organisation], Organisation]], ...] = (
    ("ten local changes", ten_changes),
    ("no change", lambda of: of),
    ("a deny for everyone less", for_everyone),
)


def run(*arguments: object) -> Run:
    """Run a command of this policylang in a fresh process."""
    before = os.times()
    begin = time.perf_counter()
    command = [sys.executable, "-m", "policylang", *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    wall, after = time.perf_counter() - begin, os.times()
    if done.returncode not in (0, 1):
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Run(cpu, wall, done.stdout)


def beside(groups: int) -> bool:
    """Print how long comparisons take; whether the one with ten changes stays below the limit and finds them."""
    of = organisation(groups)
    fine = True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        old = folder / "old.policy"
        old.write_text(organisation_text(of), encoding="utf-8")
        check = run("check", "--now", NOW, "--exit-zero", "--format", "json", old)
        rows = [("check", f"{check.cpu:.1f}", f"{check.wall:.1f}", "1.00", "1.00", "")]
        for title, change in CHANGES:
            new = folder / "new.policy"
            new.write_text(organisation_text(change(of)), encoding="utf-8")
            made = run("diff", "--now", NOW, "--format", "json", old, new)
            ratios = made.cpu / check.cpu, made.wall / check.wall
            (found,) = json.loads(made.output)["sets"]
            count = len(found["changes"]) + len(found["statements"])
            rows.append((title, f"{made.cpu:.1f}", f"{made.wall:.1f}", *(f"{r:.2f}" for r in ratios), f"{count}"))
            if change is ten_changes:
                fine = max(ratios) <= LIMIT and has_all(found)
            if title == "no change":
                fine = fine and found["same_access"]
        size = old.stat().st_size / 2**20
        print(f"{groups:,} groups, {len(of.people):,} users, {size:.1f} MiB of text; {environment()}\n")
    print(table(("command", "CPU s", "wall s", "times check, CPU", "wall", "changes"), rows))
    return fine


def has_all(found: dict[str, Any]) -> bool:
    """Whether something is said of each of the ten that were changed."""
    return len({subject["name"] for change in found["changes"] for subject in change["subjects"]}) >= 10


def profile(groups: int) -> None:
    """Print the functions that comparing takes its time in, by own time and with what they call."""
    of = organisation(groups)
    old, new = (compiled(organisation_text(each)) for each in (of, ten_changes(of)))
    profiler = cProfile.Profile()
    profiler.runcall(compare, old, new, datetime.datetime.fromisoformat(NOW))
    stats = pstats.Stats(profiler)
    stats.sort_stats("tottime").print_stats(40)
    stats.sort_stats("cumulative").print_stats(70)


def main(arguments: Sequence[str]) -> int:
    """The exit code."""
    match arguments:
        case ["profile", groups]:
            profile(int(groups))
            return 0
        case []:
            return 0 if beside(GROUPS) else 1
        case [groups] if groups.isdigit():
            return 0 if beside(int(groups)) else 1
    sys.exit(__doc__)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
