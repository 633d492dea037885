"""PL406: a role or group that nobody can ever hold."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.check.finding import Finding
from policylang.check.privileges import can_be_held
from policylang.check.world import World
from policylang.diagnostics import Rule
from policylang.runtime.sources import sources

RULE = Rule(
    code="PL406",
    name="never-held",
    family="privilege",
    severity="info",
    summary="a role or group that nobody can ever hold",
    why=(
        "It looks like access that people have, but nobody does. It is read, reviewed and maintained for "
        "nothing, or the assignment it was made for has been forgotten."
    ),
    bad="""\
resource doc { level : int  actions view, modify }
role reader { grant view on doc }
role editor { grant modify on doc }   #! PL406
user "ann@acme.test" { assign role reader }
""",
    good="""\
resource doc { level : int  actions view, modify }
role reader { grant view on doc }
role editor { grant modify on doc }
user "ann@acme.test" { assign role reader  assign role editor }
""",
    near="""\
resource doc { level : int  actions view, modify }
role reader { grant view on doc  may assign editor }
role editor { grant modify on doc  may assign chief }
role chief { role checker }
role checker { grant view on doc }
user "ann@acme.test" { assign role reader }
""",
    since="0.1.0",
)


def check(world: World) -> Iterator[Finding]:
    """What a user or an integration has, what lies inside it, and what may be assigned by whoever has it or comes to
    have it. Superusers may hand out protected roles. An assignment that is over counts: that is another finding, PL307.

    Grants and the policies attached to a role or group are held where that is, so they are told with it; a policy that
    is attached nowhere is unused, PL702. Without any user nothing can be said.
    """
    if not world.policy_set.users:
        return
    index = world.index
    had = (source for requester in index.requesters for source in sources(world.whole, requester, None))
    reached = can_be_held(world, (index.bundle(source.bundle_name) for source in had))
    for source, bundle in world.bundles:
        if bundle.at not in reached and getattr(bundle, "owner", None) is None:
            what = [
                _count(len({g.at for g in bundle.grants}), "grant"),
                _count(len(bundle.limits), "policy", "policies"),
            ]
            lost = " and ".join(word for word in what if word)
            yield Finding(
                code="PL406",
                message=f"nobody can ever hold the {source.in_words}" + (f", with its {lost}" if lost else ""),
                at=bundle.at,
                help=f"give the {source.kind} to somebody, or delete it",
            )


def _count(number: int, one: str, many: str | None = None) -> str:
    return "" if not number else f"{one}" if number == 1 else f"{number} {many or one + 's'}"
