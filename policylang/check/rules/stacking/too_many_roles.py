"""PL309"""

from __future__ import annotations

from collections.abc import Iterator

from policylang.check.finding import Finding, counted, related
from policylang.check.stacks import Stacks, name_of
from policylang.check.world import World
from policylang.diagnostics import Related, Rule, listed
from policylang.ir import nodes as ir

RULE = Rule(
    code="PL309",
    name="too-many-roles",
    family="stacking",
    severity="warning",
    summary="more roles on one user than anybody can survey",
    why=(
        "What several roles do together has to be worked out anew for each combination. Beyond three nobody does, and "
        "the user's access is what happens to come of it."
    ),
    bad="""\
resource doc { actions view, create, modify, delete }
role a { grant view on doc }
role b { grant create on doc }
role c { grant modify on doc }
role d { grant delete on doc }
user "ada@acme.test" { assign role a  assign role b  assign role c  assign role d }   #! PL309
""",
    good="""\
resource doc { actions view, create, modify, delete }
role editor { grant view, create, modify, delete on doc }
user "ada@acme.test" { assign role editor }
""",
    near="""\
resource doc { actions view, create, modify, delete }
role a { grant view on doc }
role b { grant create on doc }
role c { grant modify on doc }
role d { grant delete on doc }
group everything { role a, b, c, d }
user "ada@acme.test" in everything { assign role a  assign role b }
user "ben@acme.test" {
  assign role a
  assign role b
  assign role c until 2027-06-30
  assign role d from 2027-07-01
}
""",
    since="0.1.0",
)


def check(world: World) -> Iterator[Finding]:
    """The group, the roles of the job and those given directly that a user has at one time, now or
    to come. A role that is given at several places counts once, and roles inside others do not count: they are
    looked at where they are put together. `roles_per_user` is the most that is fine. One finding for a class of users.
    """
    stacks = world.once(Stacks)
    most = world.thresholds.roles_per_user
    for users in world.user_classes:
        names: tuple[tuple[str, str], ...] = ()
        for _, who in stacks.periods(users, least=most + 1):
            found = tuple(dict.fromkeys(name_of(source) for source in who.sources))
            names = max(names, found, key=len)
        if len(names) > most:
            what = [f"group `{name}`" if kind == "group" else f"`{name}`" for kind, name in names]
            has = "has" if len(users.users) == 1 else "have"
            yield Finding(
                code="PL309",
                message=f"{counted(users.users)} {has} {len(names)} sources at once: {listed(what, 'and')}",
                at=users.declared.at,
                help=f"make one role of what the work takes; {most} at once are the most",
                related=_given(users.declared),
            )


def _given(user: ir.User) -> tuple[Related, ...]:
    return tuple(related(each.at, f"gives `{each.role}`") for each in user.assignments[:5])
