"""Time and memory of the checks with all rules on: how they grow, other shapes, and beside `cerbos compile` and Cedar's
validator.

    python -m benchmarks.bench_check              # all of it
    python -m benchmarks.bench_check growth       # the growth alone
    python -m benchmarks.bench_check shapes       # much of one thing; `shapes stacked nested` for some of them
    python -m benchmarks.bench_check beside       # the comparison with Cerbos alone, and `policies/`
    python -m benchmarks.bench_check cedar        # the comparison with Cedar's validator alone
    python -m benchmarks.bench_check processes    # one process and as many as there are cores
    python -m benchmarks.bench_check profile 5000 # where the time of 5,000 groups goes

Fails where a policy set takes 2 GiB or more, where Cerbos cannot be installed, and where it decides otherwise than
policylang. Time is reported and never fails.
"""

from __future__ import annotations

import cProfile
import datetime
import gc
import itertools
import json
import math
import os
import pstats
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import policylang
from benchmarks.engines import cedar_groups, cerbos
from benchmarks.engines.workload import Request
from benchmarks.measure import environment, in_fresh_process, peak_mib, table
from benchmarks.organisation import (
    CHANGING,
    RECORDS,
    SITE,
    STATUSES_OF_RECORDS,
    Organisation,
    organisation,
    organisation_text,
)
from benchmarks.shapes import SHAPES
from policylang.check.catalogue import CHECKS
from policylang.check.engine import examine, run_checks
from policylang.check.processes import cores
from policylang.cli.main import COLLECTIONS
from policylang.ir.codec import to_json
from policylang.project.discovery import SourceSet
from policylang.project.project import Project
from policylang.settings.config import Config
from policylang.settings.limits import Limits
from policylang.source import Source
from tools import engines

MEMORY_LIMIT_MIB = 2048
SIZES = (1_000, 5_000, 20_000)
ROUNDS = 3  # of all sizes in turn
MOST_WORDS = 10_000_000  # in one file
BESIDE = 5_000  # groups
AGREEING = 60  # groups that the decisions of both are compared on
DECISIONS = 1_000
TOGETHER = (("organisation", 5_000), ("one_group", 20_000), ("many_roles", 750), ("own_values", 20_000))
DEAREST = 5  # rules
MEASURABLE = 0.5  # CPU seconds with the most groups: what takes less is in the caches of the processor with the fewest
NOW = datetime.datetime(2026, 6, 1, 12, tzinfo=datetime.UTC)


def compiled(text: str) -> policylang.ir.PolicySet:
    """The policy set of a text without errors."""
    project = Project(
        SourceSet(Path(), Config(limits=Limits(words=MOST_WORDS)), (Source("organisation.policy", text),))
    )
    policy_set = project.ir
    assert policy_set is not None, project.diagnostics[0]
    return policy_set


class Pauses:
    """CPU seconds spent looking for cycles: whichever rule it falls upon, it goes over what all have made."""

    def __init__(self) -> None:
        self.seconds = self._begun = 0.0
        gc.callbacks.append(self._note)

    def _note(self, phase: str, _info: dict[str, int]) -> None:
        if phase == "start":
            self._begun = time.process_time()
        else:
            self.seconds += time.process_time() - self._begun


def measure(text: str) -> dict[str, Any]:
    """CPU seconds to compile and to check a text, in all and by rule, and the peak memory in MiB."""
    gc.set_threshold(*COLLECTIONS)
    pauses = Pauses()
    begin = time.process_time()
    policy_set = compiled(text)
    marks = [("", time.process_time(), pauses.seconds)]
    after_compiling = peak_mib()
    findings = run_checks(
        policy_set,
        NOW,
        CHECKS,
        step=lambda what: marks.append((what.split()[1], time.process_time(), pauses.seconds)),
    )
    marks.append(("", time.process_time(), pauses.seconds))
    return {
        "compile": marks[0][1] - begin,
        "check": marks[-1][1] - marks[0][1],
        "rules": {one[0]: other[1] - one[1] - (other[2] - one[2]) for one, other in itertools.pairwise(marks[1:])},
        "collecting": marks[-1][2] - marks[0][2],
        "grants": sum(len(group.grants) for group in policy_set.groups)
        + sum(len(role.grants) for role in policy_set.roles),
        "users": len(policy_set.users),
        "lines": text.count("\n"),
        "findings": len(findings),
        "codes": len({finding.code for finding in findings}),
        "unproved": sum(finding.unproved for finding in findings),
        "compiled": after_compiling,
        "peak": peak_mib(),
    }


def medians(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The medians of what several runs measured: the machine is not equally fast in all of them."""
    found = {key: statistics.median([run[key] for run in runs]) for key in runs[0] if key != "rules"}
    return found | {"rules": medians([run["rules"] for run in runs])} if "rules" in runs[0] else found


def exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """The slope of the line of least squares through the points, both axes logarithmic: 1 is linear."""
    xs, ys = [math.log(size) for size in sizes], [math.log(value) for value in seconds]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / sum((a - x) ** 2 for a in xs)


def growth() -> bool:
    """Print how time and memory grow; whether the memory stays below the limit."""
    print(f"Compiling and checking, all {len(CHECKS)} rules on, one process each, medians; {environment()}\n")
    rounds = [[in_fresh_process("benchmarks.bench_check", "measure", size) for size in SIZES] for _ in range(ROUNDS)]
    runs = [medians(of_size) for of_size in zip(*rounds, strict=True)]
    rows = [
        (
            f"{size:,} groups",
            *(f"{run[key]:,.0f}" for key in ("grants", "users", "lines", "findings", "codes")),
            *(f"{run[key]:.1f}" for key in ("compile", "check")),
            *(f"{run[key]:,.0f}" for key in ("compiled", "peak")),
        )
        for size, run in zip(SIZES, runs, strict=True)
    ]
    header = ("policy set", "grants", "users", "lines", "findings", "rules that found", "compile s", "check s")
    print(table((*header, "compiled MiB", "peak MiB"), rows))
    by_rule = {code: [run["rules"][code] for run in runs] for code in CHECKS}
    dearest = sorted(CHECKS, key=lambda code: -by_rule[code][-1])[:DEAREST]
    steepest = max(
        (code for code in CHECKS if by_rule[code][-1] >= MEASURABLE), key=lambda code: exponent(SIZES, by_rule[code])
    )
    series = {
        "compile": [run["compile"] for run in runs],
        "check": [run["check"] for run in runs],
        "both": [run["compile"] + run["check"] for run in runs],
        "looking for cycles": [run["collecting"] for run in runs],
        **{code: by_rule[code] for code in dearest},
        f"{steepest}, which grows fastest": by_rule[steepest],
    }
    print()
    print(
        table(
            ("CPU seconds", *(f"{size:,} groups" for size in SIZES), "exponent"),
            [
                (name, *(f"{value:.2f}" for value in values), f"{exponent(SIZES, values):.2f}" if all(values) else "")
                for name, values in series.items()
            ],
        )
    )
    peak = max(run["peak"] for run in runs)
    if peak >= MEMORY_LIMIT_MIB:
        print(f"\nchecking took {peak:,.0f} MiB, the limit is {MEMORY_LIMIT_MIB:,} MiB", file=sys.stderr)
    return bool(peak < MEMORY_LIMIT_MIB)


def shapes(names: Sequence[str] = ()) -> bool:
    """Print what sets with much of one thing take, at a quarter of the size and at the whole."""
    print(f"Much of one thing, all {len(CHECKS)} rules on, one process each; {environment()}\n")
    header = ("shape, size", "lines", "grants", "users", "findings", "not proved", "a quarter s", "all s", "exponent")
    print(table((*header, "dearest rule s", "peak MiB"), ()))
    for name in names or SHAPES:
        whole = SHAPES[name][1]
        sizes = (whole // 4, whole)
        runs = [in_fresh_process("benchmarks.bench_check", "shape", name, size) for size in sizes]
        seconds = [run["compile"] + run["check"] for run in runs]
        dearest = max(CHECKS, key=runs[-1]["rules"].__getitem__)
        row = (
            f"{name}, {whole:,}",
            *(f"{runs[-1][key]:,}" for key in ("lines", "grants", "users", "findings", "unproved")),
            *(f"{each:.1f}" for each in seconds),
            f"{exponent(sizes, seconds):.2f}",
            f"{dearest} {runs[-1]['rules'][dearest]:.1f}",
            f"{runs[-1]['peak']:,.0f}",
        )
        print(f"| {' | '.join(row)} |", flush=True)  # some take minutes
    return True


def shared(name: str, size: int, jobs: int) -> float:
    """Seconds by the clock to check a set with so many processes."""
    policy_set = compiled(organisation_text(organisation(size)) if name == "organisation" else SHAPES[name][0](size))
    gc.set_threshold(*COLLECTIONS)
    begin = time.perf_counter()
    examine(policy_set, NOW, CHECKS, jobs=jobs)
    return time.perf_counter() - begin


def together() -> bool:
    """Print what is gained by several processes."""
    print(f"Checking in one process and in {cores()}; {environment()}\n")
    print(table(("policy set", "one process s", f"{cores()} processes s", "times"), ()))
    for name, size in TOGETHER:
        one, more = (in_fresh_process("benchmarks.bench_check", "shared", name, size, jobs) for jobs in (1, cores()))
        print(f"| {name}, {size:,} | {one:.1f} | {more:.1f} | {one / more:.2f} |", flush=True)
    return True


def requests(of: Organisation, count: int, seed: int = 6) -> list[Request]:
    """Requests of all kinds of users, some for what nobody granted, some on records that lack an attribute."""
    rng = random.Random(seed)
    bundles = {bundle.name: bundle for bundle in (*of.bundles, *of.roles)}
    special = [person for person in of.people if person.assigned or person.appends or person.overrides]
    asked = []
    for _ in range(count):
        person = rng.choice(special if rng.random() < 0.6 else of.people)
        source = bundles[rng.choice([person.group, *(each.role for each in person.assigned)])]
        inside = [grant for role in source.roles for grant in bundles[role].grants]
        resource, actions = rng.choice([*source.grants, *inside])
        changed = [narrowing.resource for narrowing in (*person.appends, *person.overrides)]
        if changed and rng.random() < 0.5:
            resource = changed[0]
        if rng.random() < 0.1:
            resource = f"record_{rng.randrange(RECORDS)}"
        # What modify and create ask of the record before and after is not Cerbos's to say.
        able = [action for action in (*actions, *CHANGING) if action != "modify"]
        now = NOW + datetime.timedelta(days=rng.choice((0, 0, 400)))
        record = {
            "created": now - datetime.timedelta(hours=rng.choice((-3, 2, 24 * 4, 24 * 40, 24 * 100, 24 * 300))),
            "owner": person.id if rng.random() < 0.8 else rng.choice(of.people).id,
            "department": person.department if rng.random() < 0.8 else f"Department {rng.randrange(of.groups)}",
            "status": rng.choice(STATUSES_OF_RECORDS),
            "amount": rng.randrange(4000),
        }
        if rng.random() < 0.05:
            del record[rng.choice(list(record))]
        number = int(person.group.split("_")[1]) if rng.random() < 0.7 else rng.randrange(of.groups)
        record["site"] = f"Site {number // SITE}"
        asked.append(Request(person.id, rng.choice(able[:2]), resource, record, now))
    return asked


def disagreement(binary: Path, folder: Path) -> str:
    """What Cerbos decides otherwise in a small organisation, as it says it; empty where it decides alike."""
    of = organisation(AGREEING)
    asked = requests(of, DECISIONS)
    decide = policylang.load(to_json(compiled(organisation_text(of)))).allows
    expected = [decide(user, action, resource, record, now=now) for user, action, resource, record, now in asked]
    print(f"{len(asked):,} decisions compared, {sum(expected):,} of them allowed\n")
    return cerbos.agrees(binary, folder, of, asked, expected)


def beside() -> bool:
    """Print wall clock and CPU seconds of both on equal policies; whether Cerbos is there, and decides alike."""
    print(f"Beside cerbos compile {engines.CERBOS.version}, {BESIDE:,} groups, cold; {environment()}\n")
    try:
        binary = engines.installed(engines.CERBOS)
    except engines.MissingError as error:
        print(error, file=sys.stderr)
        return False
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wrong = disagreement(binary, folder / "small")
        if wrong:
            print(f"Cerbos decides otherwise:\n{wrong}", file=sys.stderr)
            return False
        of = organisation(BESIDE)
        (folder / "ours").mkdir()
        (folder / "ours" / "organisation.policy").write_text(organisation_text(of))
        rules = cerbos.write(folder / "theirs", of)
        del of
        check = [sys.executable, "-m", "policylang", "check", "--exit-zero", "--now", NOW.isoformat()]
        commands = {
            "policylang check": [*check, name + "/ours"],
            "cerbos compile": [str(binary), "compile", name + "/theirs"],
        }
        seconds = {}
        for title, command in commands.items():
            begin, begin_cpu = time.perf_counter(), _cpu_of_children()
            run = subprocess.run(command, check=False, capture_output=True, text=True)
            seconds[title] = time.perf_counter() - begin, _cpu_of_children() - begin_cpu
            if run.returncode:
                print(f"{title} failed:\n{run.stdout[-2000:]}{run.stderr[-2000:]}", file=sys.stderr)
                return False
    print(_small())
    theirs, their_cpu = seconds["cerbos compile"]
    rows = [
        (title, f"{wall:.1f}", f"{wall / theirs:.2f}", f"{cpu:.1f}", f"{cpu / their_cpu:.2f}")
        for title, (wall, cpu) in seconds.items()
    ]
    title = f"{BESIDE:,} groups, {rules:,} rules of Cerbos"
    print(table((title, "wall clock s", "times Cerbos", "CPU s", "times Cerbos"), rows))
    return True


def beside_cedar() -> bool:
    """Print CPU seconds of a cold check with all proofs, and of Cedar's validator, which proves nothing, on equal
    policies: its call alone, without loading it; the best of five runs in turn.
    """
    print(f"Beside cedarpy.validate_policies, {BESIDE:,} groups, each with names of its own; {environment()}\n")
    validate = [sys.executable, "-m", "benchmarks.bench_check", "validate", str(BESIDE)]
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "groups.policy").write_text(cedar_groups.policy_text(BESIDE))
        check = [sys.executable, "-m", "policylang", "check", "--exit-zero", "--now", NOW.isoformat(), name]
        for _ in range(5):
            begin = _cpu_of_children()
            subprocess.run(check, check=True, capture_output=True)
            ours.append(_cpu_of_children() - begin)
            theirs.append(float(subprocess.run(validate, check=True, capture_output=True).stdout))
    rows = [
        ("policylang check", f"{min(ours):.2f}", f"{min(ours) / min(theirs):.2f}"),
        ("cedarpy.validate_policies", f"{min(theirs):.2f}", "1.00"),
    ]
    print(table((f"{BESIDE:,} groups, {2 * BESIDE:,} policies of Cedar", "CPU s", "times Cedar"), rows))
    return True


def validate(groups: int) -> float:
    """CPU seconds that Cedar takes to validate the policies of that many groups."""
    import cedarpy

    policies, schema = cedar_groups.cedar_policies(groups), cedar_groups.cedar_schema()
    begin = time.process_time()
    result = cedarpy.validate_policies(policies, schema)
    assert result.validation_passed, result.errors[:3]
    return time.process_time() - begin


def _small() -> str:
    """How long checking the example sets takes, cold: the best of five runs."""
    runs = []
    for _ in range(5):
        begin, begin_cpu = time.perf_counter(), _cpu_of_children()
        command = [sys.executable, "-m", "policylang", "check", "--exit-zero", "--now", NOW.isoformat(), "policies"]
        subprocess.run(command, check=True, capture_output=True)
        runs.append((time.perf_counter() - begin, _cpu_of_children() - begin_cpu))
    wall, cpu = (min(each) for each in zip(*runs, strict=True))
    return f"`policylang check policies`, best of {len(runs)}: {wall:.2f} s wall clock, {cpu:.2f} CPU seconds\n"


def _cpu_of_children() -> float:
    """CPU seconds of the processes that this one has waited for."""
    used = os.times()
    return used.children_user + used.children_system


def profile(groups: int) -> None:
    """Print the functions that checking takes its time in, by own time and with what they call."""
    policy_set = compiled(organisation_text(organisation(groups)))
    profiler = cProfile.Profile()
    profiler.runcall(run_checks, policy_set, NOW, CHECKS)
    stats = pstats.Stats(profiler)
    stats.sort_stats("tottime").print_stats(40)
    stats.sort_stats("cumulative").print_stats(70)


def main(arguments: list[str]) -> int:
    """Measure one size in this process, or everything in processes of their own; the exit code."""
    match arguments:
        case ["measure", groups]:
            print(json.dumps(measure(organisation_text(organisation(int(groups))))))
            return 0
        case ["shape", name, size]:
            print(json.dumps(measure(SHAPES[name][0](int(size)))))
            return 0
        case ["profile", groups]:
            profile(int(groups))
            return 0
        case ["shared", name, size, jobs]:
            print(json.dumps(shared(name, int(size), int(jobs))))
            return 0
        case ["validate", groups]:
            print(validate(int(groups)))
            return 0
        case ["growth"]:
            parts = [growth]
        case ["beside"]:
            parts = [beside]
        case ["cedar"]:
            parts = [beside_cedar]
        case ["processes"]:
            parts = [together]
        case ["shapes", *names] if set(names) <= SHAPES.keys():
            parts = [lambda: shapes(names)]
        case []:
            parts = [growth, shapes, together, beside, beside_cedar]
        case _:
            sys.exit(__doc__)
    fine = True
    for part in parts:
        fine = part() and fine
        print(flush=True)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
