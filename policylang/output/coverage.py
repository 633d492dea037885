"""Coverage by scenario tests: a table and what is missing for people, and as a value for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from policylang.diagnostics import cut, listed, visible
from policylang.output.tables import table
from policylang.testing.coverage.report import (
    ConditionCoverage,
    Count,
    Coverage,
    StatementCoverage,
    TestCoverage,
)
from policylang.text.readable import json_bytes

_LONGEST = 70


def text(coverage: Coverage) -> Iterator[str]:
    """A line for each file, the total, and everything that is not covered, in the order of the files."""
    files = coverage.files()
    rows = [_row(path, count) for path, count in files.items()]
    yield from table(("file", "statements", "outcomes", "covered"), [*rows, _row("all", coverage.count())])
    missing = list(_missing(coverage))
    if missing:
        yield ""
        yield click.style("missing", bold=True)
        yield from (f"  {visible(line)}" for line in missing)


def _row(name: str, count: Count) -> tuple[str, str, str, str]:
    outcomes = f"{count.seen} of {count.possible}"
    return name, f"{count.decisive} of {count.statements}", outcomes, f"{count.percent:g} %"


def _missing(coverage: Coverage) -> Iterator[str]:
    found = [(each.path, each.line, each.column, line) for each in coverage.statements for line in _of_statement(each)]
    found += [
        (test.path, test.line, test.column, line)
        for each in coverage.conditions
        for test in each.all
        for line in _of_test(each, test)
    ]
    yield from dict.fromkeys(line for *_, line in sorted(found))


def _of_statement(each: StatementCoverage) -> Iterator[str]:
    where = f"{each.words} ({each.path}:{each.line})"
    if not each.reached:
        yield f"no case reaches {where}"
    elif not each.decisive:
        cases = "the one case that reaches" if each.reached == 1 else f"none of the {each.reached} cases that reach"
        yield f"{where} decides {cases} it" if each.reached > 1 else f"{where} does not decide {cases} it"
    else:
        never = [action for action, count in each.actions.items() if not count]
        if never:
            yield f"{where} never decides {listed(never)}"


def _of_test(condition: ConditionCoverage, test: TestCoverage) -> Iterator[str]:
    if not condition.cases:
        if test is condition.whole:
            yield f"{condition.name} ({test.path}:{test.line}) is never evaluated"
        return
    never = [outcome for outcome in test.possible if not test.outcomes[outcome]]
    if never:
        words = cut(test.words, _LONGEST)
        what = condition.name if test is condition.whole else f"`{words}` in {condition.name}"
        yield f"{what} ({test.path}:{test.line}) is never {listed(never)}"


def as_value(coverage: Coverage) -> dict[str, Any]:
    """For JSON: counts of all and of each file, statements, conditions."""
    counts = {path: _counts(count) for path, count in coverage.files().items()}
    return {
        "cases": coverage.cases,
        **_counts(coverage.count()),
        "files": counts,
        "statements": coverage.statements,
        "conditions": coverage.conditions,
    }


def _counts(count: Count) -> dict[str, Any]:
    return {"percent": count.percent, "counts": count}


def json(coverage: Coverage) -> bytes:
    """One JSON object."""
    return json_bytes(as_value(coverage))
