"""Formatting beside parsing alone, and how both grow.

python -m benchmarks.bench_format [REPETITIONS]
"""

from __future__ import annotations

import gc
import json
import re
import statistics
import sys
import time
from collections.abc import Callable

from benchmarks.generate import mixed
from benchmarks.measure import environment, in_fresh_process, peak_mib, table
from policylang.settings.config import Config
from policylang.source import Source
from policylang.syntax.format import format_source
from policylang.syntax.parser import parse

SIZES = (5_000, 20_000, 80_000)


def untidy(lines: int) -> str:
    """A policy set in which every declaration and every item has to be laid out anew."""
    return re.sub(r"(?m)^( *)(\w+) (.*)$", r"\1  \2   \3", mixed(lines))


def formatted(text: str) -> str:
    made = format_source(Source("mixed.policy", text), Config().format.line_width).text
    assert made is not None
    return made


def seconds(run: Callable[[], object]) -> float:
    gc.collect()
    begin = time.process_time()
    run()
    return time.process_time() - begin


def memory(lines: int) -> float:
    formatted(untidy(lines))
    return peak_mib()


def run(repetitions: int) -> str:
    """The table, after a check that the untidy text and the tidy one come out the same."""
    peaks = {lines: in_fresh_process("benchmarks.bench_format", "memory", lines) for lines in SIZES}
    rows = []
    for lines in SIZES:
        text = untidy(lines)
        assert formatted(text) == formatted(mixed(lines))
        parsing: list[float] = []
        formatting: list[float] = []
        for _ in range(repetitions):
            parsing.append(seconds(lambda text=text: parse(Source("mixed.policy", text))))
            formatting.append(seconds(lambda text=text: formatted(text)))
        parse_time, format_time = statistics.median(parsing), statistics.median(formatting)
        rows.append(
            (
                f"{lines:,}",
                f"{parse_time:.2f}",
                f"{min(formatting):.2f}",
                f"{format_time:.2f}",
                f"{format_time / lines * 1e6:.1f}",
                f"{format_time / parse_time:.2f}",
                f"{peaks[lines]:,.0f}",
            )
        )
    return table(
        ("lines", "parse s, median", "format s, best", "median", "µs a line", "times parsing", "peak MiB"), rows
    )


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps(memory(int(sys.argv[2]))))
    else:
        count = int(sys.argv[1]) if len(sys.argv) == 2 else 5
        print(f"Formatting, self-check included, {count} repetitions; {environment()}\n")
        print(run(count))
