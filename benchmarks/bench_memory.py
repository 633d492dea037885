"""Memory of the service under load: resident size after each of some slices of requests, single and in batches.

    python -m benchmarks.bench_memory [REQUESTS] [GROUPS]

Ten million requests take about half an hour: `python -m benchmarks.bench_memory 10000000`. Needs `wrk` on PATH.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.bench_service import BATCH, BODIES, asked, batches, load, ours
from benchmarks.generate import groups
from benchmarks.measure import environment, table

SLICES = 10


def resident_mib(process: int) -> float:
    """What a process has in memory now."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("the process has ended")


def run(requests: int, count: int) -> None:
    """Print everything."""
    of = groups(count)
    singles = asked(of, BODIES)
    print(f"{environment()}; {count:,} groups; {requests:,} requests, a tenth of the time in batches of {BATCH}")
    rows, sent = [], 0
    with tempfile.TemporaryDirectory() as name, ours(Path(name), of) as server:
        one = [server.write(each) for each in singles]
        several = [server.write_several(each) for each in batches(singles)]
        begun = resident_mib(server.process.pid)
        while sent < requests:
            upto = sent + requests // SLICES
            while sent < upto:
                for bodies, each, seconds in ((one, 1, 45), (several, BATCH, 5)):
                    sent += load(server, bodies, each, Path(name), seconds).decisions // each
            rows.append((f"{sent:,}", f"{resident_mib(server.process.pid):.1f}"))
            print(*rows[-1], file=sys.stderr)
    print(f"{begun:.1f} MiB at the start")
    print(table(("requests", "MiB resident"), rows))


if __name__ == "__main__":
    arguments = [int(each) for each in sys.argv[1:]]
    run(*(arguments or [500_000]), *([5_000] if len(arguments) < 2 else []))
