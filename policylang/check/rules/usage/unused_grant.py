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


def check(analysis: UsageAnalysis) -> Iterator[Finding]:
    """A finding for each statement with something unused; one for a role or group of which nothing is used."""
    for unused in analysis.unused_grants():
        yield _whole(unused) if unused.whole else _statement(unused)


def _statement(unused: UnusedGrant) -> Finding:
    what = several(by_resource(unused.actions))
    return Finding(
        code="PL407",
        message=f"nobody has used {what} of {unused.kind} `{unused.bundle.name}` for {unused.days} days"
        f"{_last(unused)}; {_holders(unused)}",
        at=unused.grants[0].at,
        help=_help("take it out"),
        users=unused.holders,
        subjects=tuple(f"{action} on {resource}" for resource, action in unused.actions),
    )


def _whole(unused: UnusedGrant) -> Finding:
    return Finding(
        code="PL407",
        message=f"nobody has used anything that {unused.kind} `{unused.bundle.name}` grants for {unused.days} days"
        f"{_last(unused)}; {_holders(unused)}",
        at=unused.bundle.at,
        help=_help("take its grants out, or the whole"),
        users=unused.holders,
    )


def _last(unused: UnusedGrant) -> str:
    return "" if unused.last is None else f", the last time on {unused.last.date().isoformat()}"


def _holders(unused: UnusedGrant) -> str:
    return f"{people(unused.holders)} {'has' if len(unused.holders) == 1 else 'have'} it"


def _help(what: str) -> str:
    return f"{what}; what is seldom needed has a place under `usage` in `policylang.yaml`: `break_glass` or `periods`"
