"""Roles made to fit: time and memory, and whether exactly what was planted is taken out and limited.

python -m benchmarks.bench_rightsize [GROUPS USERS]    # 1,000 groups and 5,000 users: CSV, and decisions
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measure import environment, in_fresh_process, peak_mib, table
from benchmarks.usage_logs import NOW, planted, policies, write_decisions, write_log

_EACH = 20
"""Events for each user."""


def _measured(folder: Path, name: str) -> None:
    from policylang.project.discovery import discover
    from policylang.project.project import Project
    from policylang.runtime.index import Index
    from policylang.usage.read import read_usage
    from policylang.usage.rightsize import rightsize

    (sources,) = discover([str(folder / "set")])
    project = Project(sources)
    assert project.ir is not None
    begun = time.process_time()
    reading = read_usage([str(folder / name)], Index(project.ir))
    read = time.process_time() - begun
    made = rightsize(project, reading, NOW)
    by_cause: dict[str, list[str]] = {"unused": [], "narrowed": []}
    for each in made.certified:
        by_cause[each.proposal.cause].append(each.proposal.name)
    took = {"read": read, "cpu": time.process_time() - begun, "mib": peak_mib(), "rows": reading.rows}
    others = [each.proposal.title for each in made.rejected] + [each.what for each in made.left]
    print(json.dumps({**took, **{cause: sorted(names) for cause, names in by_cause.items()}, "others": others}))


def main() -> None:
    """Print a table; fails where something else is found than was planted."""
    groups, users = (int(each) for each in sys.argv[1:3]) if len(sys.argv) > 2 else (1_000, 5_000)
    failed, lines = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "set").mkdir()
        (folder / "set/a.policy").write_text(policies(groups, users))
        known = planted(groups, users)
        unused = sorted([*known.unused, *known.dormant])
        for log, write in (("log.csv", write_log), ("log.jsonl", write_decisions)):
            write(folder / log, _EACH * users, groups, users)
            found = in_fresh_process("benchmarks.bench_rightsize", "measure", folder, log)
            expected = {
                "unused": unused,
                "narrowed": sorted(known.limited) if write is write_decisions else [],
                "others": [],
            }
            failed += [f"{log}: {key}: {found[key]}" for key, value in expected.items() if found[key] != value]
            changes = len(found["unused"]) + len(found["narrowed"])
            cells = [f"{found[key]:.1f}" for key in ("read", "cpu")]
            lines.append([log, f"{found['rows']:,}", f"{changes:,}", *cells, f"{found['mib']:,.0f}"])
    print(f"Roles made to fit, {users:,} users in {groups:,} groups, {environment()}\n")
    print(table(("log", "rows", "changes", "reading, CPU s", "all, CPU s", "peak MiB"), lines))
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["measure"]:
        _measured(Path(sys.argv[2]), sys.argv[3])
    else:
        main()
