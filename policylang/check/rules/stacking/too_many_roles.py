"""PL309: more roles for one user than anybody can keep track of."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.check.finding import Finding, people, related
from policylang.check.stacks import Stacks
from policylang.check.world import UserClass, World
from policylang.diagnostics import Rule, listed
from policylang.ir.nesting import Name
from policylang.source import Location

RULE = Rule(
    code="PL309",
    name="too-many-roles",
    family="stacking",
    severity="warning",
    security="low",
    summary="more roles for one user than anybody can keep track of",
    why=(
        "What several roles do together has to be worked out for each combination. Beyond three nobody does "
        "that, and the user's access is whatever happens to result."
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
    looked at where they are put together. `roles_per_user` is the most that is fine. One finding for the same sources,
    with all users who have them, on the first of these.
    """
    stacks = world.once(Stacks)
    most = world.thresholds.roles_per_user
    found: dict[frozenset[Name], list[tuple[UserClass, tuple[Name, ...]]]] = {}
    for users in world.user_classes:
        names: tuple[Name, ...] = ()
        for _, who in stacks.periods(users, least=most + 1):
            names = max(names, tuple(dict.fromkeys(source.bundle_name for source in who.sources)), key=len)
        if len(names) > most:
            found.setdefault(frozenset(names), []).append((users, names))
    for given in found.values():
        first, names = min(given, key=lambda each: Location.parse(each[0].declared.at))
        users_ = sorted(user for each, _ in given for user in each.users)
        what = [f"group `{name}`" if kind == "group" else f"`{name}`" for kind, name in names]
        yield Finding(
            code="PL309",
            message=f"{people(users_)} {'has' if len(users_) == 1 else 'have'} {len(names)} sources at once: "
            f"{listed(what, 'and')}",
            at=first.declared.at,
            help=f"make one role of what the work needs; the limit is {most} at once",
            related=tuple(related(each.at, f"brings `{each.role}`") for each in first.declared.assignments[:5]),
            users=tuple(users_),
            held=names,
        )
