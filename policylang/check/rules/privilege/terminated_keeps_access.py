"""PL412: a terminated user who still has a group or a role that is not essential."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.check.finding import Finding, counted
from policylang.check.privileges import several, ticked
from policylang.check.world import World
from policylang.diagnostics import Rule
from policylang.ir import nodes as ir
from policylang.runtime.sources import RightsSource

RULE = Rule(
    code="PL412",
    name="terminated-keeps-access",
    family="privilege",
    severity="error",
    security="high",
    summary="a terminated user who still has a group or a role that is not essential",
    why=(
        "Decisions ignore whatever a terminated user has besides essential roles, but other systems that read "
        "the same list may not, and all of it is back the moment somebody removes `terminated`."
    ),
    bad="""\
resource doc { level : int  actions view }
group office { grant view on doc }
terminated user "bob@acme.test" in office   #! PL412
""",
    good="""\
resource doc { level : int  actions view }
group office { grant view on doc }
terminated user "bob@acme.test"
""",
    near="""\
resource doc { level : int  actions view }
role clerk { grant view on doc }
essential role former_employee
terminated user "bob@acme.test" {
  assign role former_employee
  assign role clerk until 2026-03-31
}
""",
    since="0.1.0",
)


def check(world: World) -> Iterator[Finding]:
    """The group, the roles of the job, assignments, and roles that are not essential inside those
    that are: these even count in decisions. One finding for all users who have the same.
    """
    for each in world.user_classes:
        if each.declared.terminated:
            kept = _kept(world, each.declared)
            if kept:
                verb = "keeps" if len(each.users) == 1 else "keep"
                yield Finding(
                    code="PL412",
                    message=f"terminated, {counted(each.users)} {verb} {several(kept)}",
                    at=each.declared.at,
                    users=each.users,
                    subjects=tuple(kept),
                    help="remove these; a terminated user has essential roles only",
                )


def _kept(world: World, user: ir.User) -> list[str]:
    index = world.index
    kept: list[str] = []
    if user.group is not None:
        kept.append(f"the group `{user.group.name}`")
    job = [] if user.job is None else [ref.name for ref in index.jobs[user.job.name].roles]
    given = [a.role for a in user.assignments]
    for name in dict.fromkeys((*job, *given)):
        if index.roles[name].owner is not None:
            kept += ["grants of their own"] if index.roles[name].grants else []
        elif index.roles[name].essential:
            inside = (chain[-1] for chain in world.chains(RightsSource("role", name)))
            loose = dict.fromkeys(r.name for r in inside if isinstance(r, ir.Role) and not r.essential)
            kept += [f"the role {role} inside `{name}`" for role in ticked(loose)]
        else:
            kept.append(f"the role `{name}`" + (f" of the job `{user.job.name}`" if user.job and name in job else ""))
    return list(dict.fromkeys(kept))
