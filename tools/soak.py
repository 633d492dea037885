"""The property tests with new random examples, over and over for an hour: `make soak`, or `make soak MINUTES=10`.

    python -m tools.soak 60

As many modules of tests run at a time as there are processors, one after the other, and from the beginning again until
the time is over; those that run then are the last. What fails is printed at once and left out from then on, so that the
rest goes on; Hypothesis keeps the example in `.hypothesis`, and tries it first the next time:

    HYPOTHESIS_PROFILE=soak pytest tests/…::test_…
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import cycle
from pathlib import Path

ROOT = Path(__file__).parents[1]
_NOTHING_TO_RUN = 5
"""Pytest's exit status where all tests are left out."""


class Soak:
    """What has run so far."""

    def __init__(self, minutes: float) -> None:
        self.end = time.monotonic() + minutes * 60
        self.examples = 0
        self.failed: dict[str, None] = {}

    def run(self) -> None:
        """Run modules until the time is over."""
        workers = os.cpu_count() or 1
        running: set[Future[None]] = set()
        with ThreadPoolExecutor(workers) as pool:
            for module in self._modules():
                running.add(pool.submit(self._module, module))
                if len(running) == workers:
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    for each in done:
                        each.result()
        for each in running:
            each.result()

    def _modules(self) -> Iterator[str]:
        found = (path for path in sorted((ROOT / "tests").rglob("test_*.py")) if "@given(" in path.read_text("utf-8"))
        for module in cycle([path.relative_to(ROOT).as_posix() for path in found]):
            if time.monotonic() >= self.end:
                return
            yield module

    def _module(self, module: str) -> None:
        left_out = [f"--deselect={test}" for test in self.failed]
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-m", "hypothesis", *left_out, module]
        environment = {**os.environ, "HYPOTHESIS_PROFILE": "soak"}
        began = time.monotonic()
        ran = subprocess.run(
            command, cwd=ROOT, env=environment, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        count = int(found[1]) if (found := re.search(r"^(\d+) examples$", ran.stdout, re.M)) else 0
        self.examples += count
        print(f"{module}: {count} examples in {time.monotonic() - began:.0f} s", flush=True)
        if ran.returncode not in (0, _NOTHING_TO_RUN):
            print(ran.stdout, flush=True)
            tests = re.findall(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", ran.stdout, re.M)
            self.failed |= dict.fromkeys(tests or [module])


def main(minutes: float) -> int:
    """Returns 1 where something failed."""
    soak = Soak(minutes)
    soak.run()
    print(f"{soak.examples} examples, {len(soak.failed)} failed")
    for test in soak.failed:
        print(f"FAILED {test}")
    return 1 if soak.failed else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1])))
