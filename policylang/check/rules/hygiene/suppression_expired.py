"""PL706: a comment that ignores a finding until a date that has passed."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator

from policylang.check.finding import Finding
from policylang.check.suppress.suppression import Suppression
from policylang.diagnostics import Rule

RULE = Rule(
    code="PL706",
    name="suppression-expired",
    family="hygiene",
    severity="error",
    security="medium",
    summary="a comment that ignores a finding until a date that has passed",
    why=(
        "Somebody accepted the finding for a time, and that time is over: the comment no longer ignores it. "
        "What was planned may not have happened."
    ),
    bad="""\
role guard   # policylang: ignore PL701 because "label to come" until 2026-03-31 #! PL706
""",
    good="""\
role guard "Guard"
""",
    near="""\
role guard   # policylang: ignore PL701 because "label to come" until 2126-03-31
""",
    since="0.1.0",
)


def check(suppressions: Iterable[Suppression], today: datetime.date) -> Iterator[Finding]:
    """The last day counts as a whole, in the policy set's timezone."""
    for each in suppressions:
        if each.is_over(today):
            yield Finding(
                code="PL706",
                message=f"this comment expired after {each.until}, so it ignores nothing",
                at=str(each.at),
                help="fix what was ignored and delete the comment, or set a new date",
            )
