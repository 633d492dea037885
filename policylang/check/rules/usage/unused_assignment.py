"""PL415: a role or group whose holder has used nothing of it."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.check.finding import Finding
from policylang.check.used import UnusedAssignment, UsageAnalysis, place_of
from policylang.diagnostics import Rule

RULE = Rule(
    code="PL415",
    name="unused-assignment",
    family="privilege",
    severity="warning",
    security="low",
    summary="a role or group given to somebody who has used nothing of it",
    why=(
        "Others need the role, this person does not, or not any more: people change their work, and what they were "
        "given stays. It is found where a usage log is given, `check --usage`, if the log goes back far enough."
    ),
    log="""\
user,action,resource,time
ann,view,doc,2026-08-01T08:00:00Z
ann,view,doc,2026-11-20T08:00:00Z
ben,view,doc,2026-11-20T09:00:00Z
ben,delete,doc,2026-11-20T10:00:00Z
""",
    bad="""\
resource doc { level : int  actions view, delete }
role clerk { grant view on doc }
role cleaner { grant delete on doc }
user "ann" {
  assign role clerk
  assign role cleaner   #! PL415
}
user "ben" { assign role clerk  assign role cleaner }
""",
    good="""\
resource doc { level : int  actions view, delete }
role clerk { grant view on doc }
role cleaner { grant delete on doc }
user "ann" {
  assign role clerk
}
user "ben" { assign role clerk  assign role cleaner }
""",
    near="""\
resource doc { level : int  actions view, delete }
role clerk { grant view on doc }
role cleaner { grant delete on doc }
user "ann" {
  assign role clerk
  assign role cleaner from 2026-11-15
}
user "ben" { assign role clerk  assign role cleaner }
""",
    since="0.1.0",
)


def check(analysis: UsageAnalysis) -> Iterator[Finding]:
    """One finding for each role or group; one for a user who has done nothing at all."""
    dormant: dict[str, list[UnusedAssignment]] = {}
    for each in analysis.unused_assignments():
        if each.dormant:
            dormant.setdefault(each.user, []).append(each)
            continue
        last = "" if each.last is None else f"; last on {each.last.date().isoformat()}"
        source = each.holding.source
        yield Finding(
            code="PL415",
            message=f"`{each.user}` has used nothing of {source.in_words}"
            f"{place_of(analysis.index, each.holding)} for {each.days} days{last}",
            at=each.holding.at[0],
            help="take it away, or say in `policylang.yaml` under `usage` how seldom it is needed",
            users=(each.user,),
        )
    for user, unused in dormant.items():
        names = ", ".join(f"`{each.holding.source.name}`" for each in unused)
        record = analysis.done.get(user)
        last = "" if record is None or record.last is None else f"; last on {record.last.date().isoformat()}"
        declared = analysis.index.users.get(user) or analysis.index.integrations[user]
        yield Finding(
            code="PL415",
            message=f"`{user}` has done nothing for {max(each.days for each in unused)} days, and has {names}{last}",
            at=declared.at,
            help="take it away, or mark the user as terminated",
            users=(user,),
        )
