"""Runs every benchmark, each in a process of its own; fails where one of them fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

if __name__ == "__main__":
    failed = []
    for path in sorted(Path(__file__).parent.glob("bench_*.py")):
        if subprocess.run([sys.executable, "-m", f"benchmarks.{path.stem}"], check=False).returncode:
            failed.append(path.name)
        print(flush=True)
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)
