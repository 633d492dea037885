"""Coverage in the format of lcov, which `genhtml`, editors and coverage services read.

A line counts as hit as often as the least covered thing on it: as many cases as its statements decided, or as its
conditions were asked in. Branches are the outcomes of conditions and of the tests in them: true, false, unknown. So a
line without hits never has branches that were taken, which `genhtml` would refuse.
"""

from __future__ import annotations

from collections.abc import Iterator

from policylang.diagnostics import visible
from policylang.testing.coverage.report import ConditionCoverage, Coverage, TestCoverage


def render(coverage: Coverage) -> bytes:
    """A record for each file."""
    lines = "".join(f"{line}\n" for path in coverage.files() for line in _file(coverage, path))
    return lines.encode("utf-8", "surrogateescape")  # the names of files as the system has them


def _file(coverage: Coverage, path: str) -> Iterator[str]:
    lines: dict[int, list[int]] = {}
    for each in coverage.statements:
        if each.path == path:
            lines.setdefault(each.line, []).append(each.decisive)
    tests = [(each, test) for each in coverage.conditions for test in each.all if test.path == path]
    for condition, test in tests:
        lines.setdefault(test.line, []).append(condition.cases)
    hits = {line: min(lines[line]) for line in sorted(lines)}
    branches = list(_branches(tests, hits))
    yield "TN:"
    yield f"SF:{visible(path) if len(path.splitlines()) > 1 else path}"
    yield from (f"BRDA:{line},{block},{branch},{taken}" for line, block, branch, taken in branches)
    yield f"BRF:{len(branches)}"
    yield f"BRH:{sum(1 for *_, taken in branches if taken not in ('-', '0'))}"
    yield from (f"DA:{line},{count}" for line, count in hits.items())
    yield f"LF:{len(hits)}"
    yield f"LH:{sum(1 for count in hits.values() if count)}"
    yield "end_of_record"


def _branches(
    tests: list[tuple[ConditionCoverage, TestCoverage]], hits: dict[int, int]
) -> Iterator[tuple[int, int, int, str]]:
    """Line, block, branch and how often it was taken, ``-`` for never asked. The blocks of a line are numbered."""
    blocks: dict[int, int] = {}
    for _, test in sorted(tests, key=lambda pair: pair[1].line):
        block = blocks[test.line] = blocks.get(test.line, -1) + 1
        for branch, outcome in enumerate(("true", "false", "unknown")):
            count = test.outcomes[outcome]
            if outcome in test.possible or count:
                yield test.line, block, branch, str(count) if hits[test.line] else "-"
