"""Whether a change may be merged without somebody looking at it."""

from __future__ import annotations

from typing import Literal

from policylang.diff.report import SetReport

FailOn = Literal["gained", "widened", "any"]


def fails(report: SetReport, fail_on: FailOn) -> bool:
    """Whether there is a change of that kind which nobody allowed. What is not proved counts as a change."""
    changes = [change for change in report.changes if change.because is None]
    statements = [statement for statement in report.statements if statement.because is None]
    if fail_on == "any":
        return bool(changes or statements)
    up = [change for change in changes if change.kind in ("gained", "widened")]
    if fail_on == "widened":
        return bool(up) or any(statement.widens for statement in statements)
    return any(change.kind == "gained" or change.unproved for change in up) or any(
        statement.topic == "granted" and statement.widens and not statement.removed for statement in statements
    )
