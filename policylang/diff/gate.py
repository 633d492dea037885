"""Which changes may not be merged without somebody looking at them."""

from __future__ import annotations

from typing import Literal

from policylang.diff.report import Change, SetReport, Statement

FailOn = Literal["gained", "widened", "any"]


def failing(report: SetReport, fail_on: FailOn) -> tuple[Change | Statement, ...]:
    """The changes of that kind which nobody allowed. What is not proved counts as a change."""
    changes = [change for change in report.changes if change.because is None]
    statements = [statement for statement in report.statements if statement.because is None]
    if fail_on == "any":
        return (*changes, *statements)
    up = [change for change in changes if change.kind in ("gained", "widened")]
    if fail_on == "widened":
        return (*up, *(statement for statement in statements if statement.widens))
    return (
        *(change for change in up if change.kind == "gained" or change.unproved),
        *(each for each in statements if each.topic == "granted" and each.widens and not each.removed),
    )
