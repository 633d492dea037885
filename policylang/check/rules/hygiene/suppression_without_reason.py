"""PL705: a comment that ignores a finding without saying why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policylang.check.finding import Finding
from policylang.check.privileges import is_explained
from policylang.check.suppress.suppression import Suppression
from policylang.diagnostics import Rule

RULE = Rule(
    code="PL705",
    name="suppression-without-reason",
    family="hygiene",
    severity="warning",
    security="low",
    summary="a comment that ignores a finding without saying why",
    why=(
        "Whoever reads the policy later, perhaps an auditor, sees that somebody knew of the problem, but not "
        "why it was left. Without the reason nobody can tell when it no longer holds."
    ),
    bad="""\
role guard   # policylang: ignore PL701 #! PL705
""",
    good="""\
role guard   # policylang: ignore PL701 because "the label comes with the rollout"
""",
    near="""\
# policylang ignores comments like this one, they are for people
role guard "Guard"
""",
    since="0.1.0",
)


def check(suppressions: Iterable[Suppression]) -> Iterator[Finding]:
    """A reason of blanks is none."""
    for each in suppressions:
        if not is_explained(each.reason):
            yield Finding(
                code="PL705",
                message="this comment does not say why the finding is ignored",
                at=str(each.at),
                help='write `because "…"` after the codes',
            )
