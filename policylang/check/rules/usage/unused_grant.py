"""PL407: a grant that nobody has used."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.check.finding import Finding, people
from policylang.check.privileges import by_resource, several
from policylang.check.used import UnusedGrant, UsageAnalysis
from policylang.diagnostics import Rule

RULE = Rule(
    code="PL407",
    name="unused-grant",
    family="privilege",
    severity="warning",
    security="low",
    summary="a grant that none of its holders has used for longer than its time",
    why=(
        "What nobody needs can only do harm: by mistake, or in the hands of somebody who has taken over an account. It "
        "is found where a usage log is given, `check --usage`, and only if the log goes back far enough."
    ),
    log="""\
user,action,resource,time
ann,view,doc,2026-08-01T08:00:00Z
ann,view,doc,2026-11-20T08:00:00Z
ben,view,doc,2026-11-20T09:00:00Z
""",
    bad="""\
resource doc { level : int  actions view, delete }
role clerk {
  grant view on doc
  grant delete on doc   #! PL407
}
user "ann" { assign role clerk }
user "ben" { assign role clerk }
""",
    good="""\
resource doc { level : int  actions view, delete }
role clerk {
  grant view on doc
}
user "ann" { assign role clerk }
user "ben" { assign role clerk }
""",
    near="""\
resource doc { level : int  actions view, delete }
role clerk { grant view on doc }
role cleaner { grant delete on doc }
user "ann" { assign role clerk }
user "ben" {
  assign role clerk
  assign role cleaner from 2026-11-01
}
""",
    since="0.1.0",
)


_SELDOM = "what is seldom needed has a place under `usage` in `policylang.yaml`: `break_glass` or `periods`"


def check(analysis: UsageAnalysis) -> Iterator[Finding]:
    """A finding for each statement with something unused; one for a role or group of which nothing is used."""
    yield from map(_finding, analysis.unused_grants())


def _finding(unused: UnusedGrant) -> Finding:
    by = f"{unused.kind} `{unused.bundle.name}`"
    if unused.whole:
        what, at, help = f"anything that {by} grants", unused.bundle.at, "take its grants out, or the whole"
    else:
        what, at, help = f"{several(by_resource(unused.actions))} of {by}", unused.grants[0].at, "take it out"
    last = "" if unused.last is None else f", the last time on {unused.last.date().isoformat()}"
    have = f"{people(unused.holders)} {'has' if len(unused.holders) == 1 else 'have'} it"
    return Finding(
        code="PL407",
        message=f"nobody has used {what} for {unused.days} days{last}; {have}",
        at=at,
        help=f"{help}; {_SELDOM}",
        users=unused.holders,
        subjects=() if unused.whole else tuple(f"{action} on {resource}" for resource, action in unused.actions),
    )
