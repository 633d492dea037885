"""What the benchmarks share: peak memory, fresh processes, tables."""

from __future__ import annotations

import json
import platform
import resource
import subprocess
import sys
from collections.abc import Iterable, Sequence
from typing import Any


def peak_mib() -> float:
    """The most memory that this process has had resident so far, in MiB: the whole process, interpreter included."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def in_fresh_process(module: str, *arguments: object) -> Any:
    """Run a module as a program in a process of its own; what it prints, read as JSON.

    Linux counts what the parent had resident when the child began into the child's peak, so a benchmark starts its
    children before it has done anything large itself.
    """
    command = [sys.executable, "-m", module, *map(str, arguments)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; every column but the first is aligned to the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def environment() -> str:
    """The Python that runs, in one line."""
    return f"{platform.python_implementation()} {platform.python_version()} on {platform.system()}"
