"""Usage reports of large logs: time, peak memory, and whether exactly what was planted is found.

python -m benchmarks.bench_usage [ROWS]       # 10,000,000 rows of 5,000 users in 1,000 groups, as CSV and as Parquet
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measure import environment, in_fresh_process, peak_mib, table
from benchmarks.usage_logs import NOW, policies, write_log

_GROUPS, _USERS = 1_000, 5_000
_CORES, _MOST_SECONDS, _MOST_MIB = 2, 30, 4096


def _measured(folder: Path, name: str) -> None:
    from policylang.project.discovery import discover
    from policylang.project.project import Project
    from policylang.runtime.index import Index
    from policylang.usage.analyse import usage_report
    from policylang.usage.read import read_usage

    (sources,) = discover([str(folder / "set")])
    policy_set = Project(sources).ir
    assert policy_set is not None
    begun, wall = time.process_time(), time.monotonic()
    reading = read_usage([str(folder / name)], Index(policy_set))
    read = time.process_time() - begun
    report = usage_report(policy_set, reading, NOW)
    found = {
        "unused": sorted(each.by for each in report.unused if each.kind == "grant"),
        "dormant": sorted(each.what for each in report.unused if each.kind == "user"),
        "others": sorted({each.kind for each in report.unused} - {"grant", "user"}),
        "denied": {user: each.attempts / len(each.users) for each in report.denied for user in each.users},
        "outliers": sorted(each.user for each in report.outliers),
    }
    took = {"read": read, "cpu": time.process_time() - begun, "wall": time.monotonic() - wall, "mib": peak_mib()}
    print(json.dumps({"rows": reading.rows, **took, **found}))


def main() -> None:
    """Print a table; fails where something else is found than was planted, or where it takes too long or too much."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    failed = []
    lines = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "set").mkdir()
        (folder / "set/a.policy").write_text(policies(_GROUPS, _USERS))
        for log in ("log.parquet", "log.csv"):
            planted = write_log(folder / log, rows, _GROUPS, _USERS)
            found = in_fresh_process("benchmarks.bench_usage", "measure", folder, log)
            expected = {
                "unused": sorted(f"group `{each}`" for each in planted.unused),
                "dormant": sorted(f"`{each}`" for each in planted.dormant),
                "others": [],
                "denied": planted.denied,
                "outliers": planted.outliers,
            }
            failed += [f"{log}: {key}: {found[key]}" for key, value in expected.items() if found[key] != value]
            size = (folder / log).stat().st_size / 2**20
            (folder / log).unlink()
            cells = [f"{found[key]:.1f}" for key in ("read", "cpu", "wall")]
            lines.append([log, f"{found['rows']:,}", f"{size:,.0f}", *cells, f"{found['mib']:,.0f}"])
            if rows <= 10_000_000 and (found["cpu"] > _CORES * _MOST_SECONDS or found["mib"] > _MOST_MIB):
                failed.append(f"{log}: too slow or too large")
    print(f"Usage report, 5,000 users in 1,000 groups, {environment()}\n")
    print(table(("log", "rows", "MiB", "reading, CPU s", "all, CPU s", "all, wall s", "peak MiB"), lines))
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["measure"]:
        _measured(Path(sys.argv[2]), sys.argv[3])
    else:
        main()
