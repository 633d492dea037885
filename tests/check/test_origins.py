"""What a role or group says of an action is just what its origin says of it."""

from __future__ import annotations

import datetime

from hypothesis import given

from policylang.check.engine import run_checks
from policylang.check.world import World
from policylang.ir import nodes as ir
from policylang.runtime.grants import Profile
from policylang.runtime.plan import PlacedDeny, make_plan
from policylang.runtime.sources import RightsSource
from tests.helpers import compiled
from tests.runtime.test_sources import nested

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)


@given(nested())
def test_an_origin_says_the_same(policy_set: ir.PolicySet) -> None:
    world = World(policy_set, NOW)
    for source, _ in world.bundles:
        about = world.about(source.bundle_name)
        said = {
            (each.resource, action)
            for chain in world.chains(source)
            for each in (*chain[-1].grants, *chain[-1].denies)
            for action in each.actions
        }
        assert about.keys() == said
        for (resource, action), (kind, name) in about.items():
            assert _says(world, RightsSource(kind, name), action, resource) == _says(world, source, action, resource)


def _says(
    world: World, source: RightsSource, action: str, resource: str
) -> tuple[list[tuple[ir.Grant, tuple[ir.Limit, ...]]], tuple[PlacedDeny, ...]]:
    grants = [(each.grant, each.limits) for each in world.grants(source, {(resource, action)})]
    return grants, make_plan(world.index, Profile((source,)), action, resource).denies


def test_the_origin_is_the_innermost() -> None:
    world = World(
        compiled("""\
resource doc { owner : user  actions view, modify, delete, print }
policy mine on doc { owner is assigned user }
resource note { actions view }
role first { grant view on doc  grant view on note }
role second { grant modify on doc }
role both { role first, second  grant delete on doc }
role limited { role both  policy mine }
role again { role both, first  grant print on doc }
"""),
        NOW,
    )

    def origins(name: str) -> dict[str, str]:
        return {f"{action} {res}": origin for (res, action), (_, origin) in world.about(("role", name)).items()}

    assert origins("both") == {"view doc": "first", "view note": "first", "modify doc": "second", "delete doc": "both"}
    assert origins("limited") == {
        "view doc": "limited",
        "view note": "first",
        "modify doc": "limited",
        "delete doc": "limited",
    }
    assert origins("again") == {
        "view doc": "again",
        "view note": "again",
        "modify doc": "second",
        "delete doc": "both",
        "print doc": "again",
    }


def test_what_an_action_requires_may_come_from_around_its_origin() -> None:
    policy_set = compiled("""\
resource doc {
  owner : user
  action view
  action modify requires view on doc
}
role inner { grant modify on doc }
role outer { role inner  grant view on doc }
""")
    assert [(each.code, each.at) for each in run_checks(policy_set, NOW, ["PL402"])] == [
        ("PL402", "0.policy:6:14-6:33")
    ]
