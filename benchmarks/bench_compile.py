"""Time and peak memory of the whole front end: text to syntax tree, model, compiled JSON, and back from JSON.

    python -m benchmarks.bench_compile [REPETITIONS]

Fails where the large policy set takes 1 GiB or more. Time is reported and never fails.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from benchmarks.generate import large, mixed
from benchmarks.measure import environment, in_fresh_process, peak_mib, table
from policylang.ir.codec import from_json, to_json
from policylang.project.discovery import SourceSet
from policylang.project.project import Project
from policylang.settings.config import Config
from policylang.source import Source
from policylang.syntax.grammar import tables

MEMORY_LIMIT_MIB = 1024
PHASES = ("tables", "parse", "model", "lower", "encode", "load")
SIZES = (1_000, 5_000, 20_000, 80_000)


def measure(text: str) -> dict[str, float]:
    """CPU seconds of each phase, and the peak memory in MiB after compiling and after loading as well.

    Everything stays alive to the end, as it does in a command.
    """
    clock = [time.process_time()]
    tables()
    clock.append(time.process_time())
    project = Project(SourceSet(Path(), Config(), (Source("benchmark.policy", text),)))
    assert project.files
    clock.append(time.process_time())
    assert not project.diagnostics, project.diagnostics[0]
    clock.append(time.process_time())
    policy_set = project.ir
    assert policy_set is not None
    clock.append(time.process_time())
    document = to_json(policy_set)
    clock.append(time.process_time())
    compiled = peak_mib()
    assert from_json(document) == policy_set
    clock.append(time.process_time())
    phases = zip(PHASES, clock, clock[1:], strict=False)
    return {
        **{phase: after - before for phase, before, after in phases},
        "lines": text.count("\n"),
        "json": len(document) / 2**20,
        "compiled": compiled,
        "peak": peak_mib(),
    }


def run(repetitions: int) -> tuple[str, float]:
    """The table, and the peak memory of the large policy set in MiB."""
    arguments: dict[str, list[object]] = {"large": ["large"], **{f"mixed, {n:,} lines": ["mixed", n] for n in SIZES}}
    found: dict[str, list[dict[str, float]]] = {name: [] for name in arguments}
    for _ in range(repetitions):
        for name, argument in arguments.items():
            found[name].append(in_fresh_process("benchmarks.bench_compile", "measure", *argument))
    rows = []
    for name, runs in found.items():
        best = {key: min(run[key] for run in runs) for key in runs[0]}
        total = sum(best[phase] for phase in PHASES)
        rows.append(
            (
                name,
                *(f"{best[phase]:.2f}" for phase in PHASES),
                f"{total:.2f}",
                f"{best['lines'] / total:,.0f}",
                f"{best['json']:.1f}",
                f"{best['compiled']:,.0f}",
                f"{best['peak']:,.0f}",
            )
        )
    header = ("policy set", *(f"{p} s" for p in PHASES), "all s", "lines/s", "JSON MiB", "peak MiB", "with load")
    return table(header, rows), max(run["peak"] for run in found["large"])


def main(arguments: list[str]) -> int:
    """Measure one text in this process, or all of them in processes of their own; the exit code."""
    if arguments[:1] == ["measure"]:
        text = large() if arguments[1] == "large" else mixed(int(arguments[2]))
        print(json.dumps(measure(text)))
        return 0
    repetitions = int(arguments[0]) if arguments else 3
    print(f"The whole front end, best of {repetitions} processes; {environment()}\n")
    report, peak = run(repetitions)
    print(report)
    if peak >= MEMORY_LIMIT_MIB:
        print(f"\nthe large policy set took {peak:,.0f} MiB, the limit is {MEMORY_LIMIT_MIB:,} MiB", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
