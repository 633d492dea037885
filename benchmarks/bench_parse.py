"""Lines per second from text to syntax tree: our parser beside Lark's, with the same grammar and the same builder.

python -m benchmarks.bench_parse [REPETITIONS]
"""

from __future__ import annotations

import gc
import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.generate import mixed
from benchmarks.measure import environment, in_fresh_process, peak_mib, table
from policylang.source import Source
from policylang.syntax.lark_tables import make_lark
from policylang.syntax.parser import parse

SIZES = (1_000, 5_000, 20_000, 80_000)
Parser = Callable[[str], Any]


def _ours() -> Parser:
    parse(Source("warm.policy", ""))  # reads the parse tables, which Lark makes when it is constructed
    return lambda text: parse(Source("mixed.policy", text)).file.declarations


# Name of the variant, and what makes its function from text to declarations.
VARIANTS: dict[str, Callable[[], Parser]] = {
    "Lark, contextual lexer": lambda: make_lark("contextual").parse,
    "Lark, our lexer": lambda: make_lark().parse,
    "policylang": _ours,
}


def seconds(parser: Parser, text: str) -> float:
    """CPU time of one pass: other programs on the machine disturb it less than they disturb the clock.

    Short texts are parsed several times over, for at least 20,000 lines in all.
    """
    passes = max(1, 20_000 // text.count("\n"))
    gc.collect()
    begin = time.process_time()
    for _ in range(passes):
        parser(text)
    return (time.process_time() - begin) / passes


def memory(variant: str, lines: int) -> float:
    """Peak memory in MiB of this process after one pass."""
    VARIANTS[variant]()(mixed(lines))
    return peak_mib()


def run(repetitions: int) -> str:
    """The table, after a check that all variants give equal trees."""
    peaks = {(v, n): in_fresh_process("benchmarks.bench_parse", v, n) for n in SIZES for v in VARIANTS}
    parsers = {variant: make() for variant, make in VARIANTS.items()}
    rows = []
    for lines in SIZES:
        text = mixed(lines)
        first, *others = (parser(text) for parser in parsers.values())
        assert first, "the parsers found no declarations"
        assert all(other == first for other in others), "the parsers do not agree"
        del first, others
        times: dict[str, list[float]] = {variant: [] for variant in parsers}
        for _ in range(repetitions):
            for variant, parser in parsers.items():
                times[variant].append(seconds(parser, text))
        stock = times["Lark, contextual lexer"]
        for variant, own in times.items():
            best, median = min(own), statistics.median(own)
            rows.append(
                (
                    f"{lines:,} lines, {variant}",
                    f"{lines / best:,.0f}",
                    f"{lines / median:,.0f}",
                    f"{min(stock) / best:.2f}",
                    f"{statistics.median(stock) / median:.2f}",
                    f"{peaks[variant, lines]:,.0f}",
                )
            )
    return table(("parser", "lines/s, best", "median", "times Lark, best", "median", "peak MiB"), rows)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps(memory(sys.argv[1], int(sys.argv[2]))))
    else:
        count = int(sys.argv[1]) if len(sys.argv) == 2 else 7
        print(f"Parsing, best and median of {count} interleaved repetitions; {environment()}\n")
        print(run(count))
