"""Decisions a second of the consumer in TypeScript, with the policies and requests of the decision benchmark.

    python -m benchmarks.bench_consumers [REPETITIONS]

It has to decide every request as policylang does, or it fails.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import policylang
from benchmarks.bench_decide import REQUESTS, SIZES, compile_groups
from benchmarks.engines.workload import requests
from benchmarks.generate import groups
from tools.consumers import FOLDER, build

REPETITIONS = 20


def workload(count: int) -> bytes:
    """A policy set with as many groups, and requests with their answers."""
    document = compile_groups(count)
    policies = policylang.load(document)
    asked = []
    for each in requests(groups(count), REQUESTS):
        allowed = policies.allows(each.user, each.action, each.resource, each.record, now=each.now)
        record = {name: getattr(value, "isoformat", lambda value=value: value)() for name, value in each.record.items()}
        asked.append({**each._asdict(), "record": record, "now": each.now.isoformat(), "allowed": allowed})
    return json.dumps({"set": json.loads(document), "requests": asked}).encode()


def run(repetitions: int) -> None:
    """Print everything."""
    node = shutil.which("node")
    assert node is not None, "there is no node"
    version = subprocess.run([node, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    print(f"consumer in TypeScript, node {version}, {repetitions} repetitions of {REQUESTS:,} requests")
    with tempfile.TemporaryDirectory() as name:
        dist = build(Path(name) / "dist")
        for count in SIZES:
            file = Path(name) / f"{count}.json"
            file.write_bytes(workload(count))
            command = [node, str(FOLDER / "benchmark.mjs"), str(dist), str(file), str(repetitions)]
            print(
                f"{count:,} groups:", subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
            )


if __name__ == "__main__":
    run(int(sys.argv[1]) if len(sys.argv) > 1 else REPETITIONS)
