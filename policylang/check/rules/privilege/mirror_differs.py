"""PL411: a mirror role that sees more or less than its integration."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from policylang.analysis.query import Sat
from policylang.analysis.questions import mirror_differs
from policylang.analysis.satisfiability import UNKNOWN, UNSAT
from policylang.check.finding import Finding, Shown, related, somebody_with
from policylang.check.privileges import data_objects, several, show_if_possible, target
from policylang.check.world import World
from policylang.diagnostics import Rule
from policylang.runtime.grants import Profile
from policylang.runtime.plan import Plan
from policylang.runtime.sources import RightsSource

RULE = Rule(
    code="PL411",
    name="mirror-differs",
    family="privilege",
    severity="warning",
    security="medium",
    summary="a mirror role that sees more or less than its integration",
    why=(
        "The person with the mirror role finds out what went wrong in a transfer. With less access, the missing "
        "record is invisible to them too; with more, the mirror is a back door to data that nobody meant to show."
    ),
    bad="""\
resource doc { created : datetime  actions view }
policy recent on doc { created within 30 days }
role exporter { grant view on doc  policy recent }
role looker { grant view on doc }
integration export { role exporter  objects doc  mirror role looker }   #! PL411
""",
    good="""\
resource doc { created : datetime  actions view }
policy recent on doc { created within 30 days }
role exporter { grant view on doc  policy recent }
role looker { grant view on doc  policy recent }
integration export { role exporter  objects doc  mirror role looker }
""",
    near="""\
resource doc { created : datetime  actions view }
resource api { actions access }
policy recent on doc { created within 30 days }
policy some on doc { created within 30 days and (created older than 7 days or created within 7 days) }
role exporter { grant access on api  grant view on doc  policy recent }
role looker { grant view on doc  policy some }
integration export { role exporter  objects doc  mirror role looker }
""",
    since="0.1.0",
    proof=True,
)


class _Side(msgspec.Struct):
    """What one role may do and the other one may not."""

    sources: tuple[RightsSource, ...]
    others: tuple[RightsSource, ...]
    what: dict[str, list[str]] = {}
    shown: tuple[Shown, ...] = ()
    unproved: bool = False


def check(world: World) -> Iterator[Finding]:
    """Somebody with just the mirror role and somebody with just the integration's roles, otherwise alike, are compared
    on every resource with attributes, action by action: on which records it is open, and where that is the same, which
    attributes it covers there. One finding for an integration. How the grants are written does not matter.
    """
    for integration in world.policy_set.integrations:
        names = [ref.name for ref in integration.roles]
        if not names or integration.mirror is None or names == [integration.mirror.name]:
            continue
        mine = tuple(RightsSource("role", name) for name in names)
        mirror = RightsSource("role", integration.mirror.name)
        more, less = _Side((mirror,), mine), _Side(mine, (mirror,))
        for resource in data_objects(world.index):
            for action in world.index.actions[resource]:
                for side in (more, less):
                    _compare(world, side, action, resource)
        sides = [(word, side) for word, side in (("more", more), ("less", less)) if side.what]
        if sides:
            (word, first), *rest = sides
            than = f"the mirror role `{mirror.name}` sees {word} than the integration `{integration.name}`"
            yield Finding(
                code="PL411",
                message="; ".join([f"{than}: {_words(first)}", *(f"{word}: {_words(side)}" for word, side in rest)]),
                at=integration.at,
                subjects=tuple(
                    f"{word}: {action} on {what}"
                    for word, side in sides
                    for what, actions in side.what.items()
                    for action in actions
                ),
                help="give both roles the same grants and policies on these resources",
                related=(
                    related(world.index.roles[mirror.name].at, "the mirror role"),
                    *(related(world.index.roles[name].at, "the integration's role") for name in names),
                ),
                shown=(*more.shown, *less.shown),
                unproved=any(side.unproved and not side.shown for _, side in sides),
            )


def _words(side: _Side) -> str:
    return several([f"{', '.join(actions)} on {what}" for what, actions in side.what.items()])


def _compare(world: World, side: _Side, action: str, resource: str) -> None:
    """Note what the side has that the other one has not."""
    first = world.plan(Profile(side.sources), action, resource)
    second = world.plan(Profile(side.others), action, resource)
    if not first.ways or first.requirement is False or _shape(first) == _shape(second):
        return
    fields: list[str] = []
    for name in (None, *(() if first.kind == "delete" else world.index.attributes[resource])):
        if name is not None and not any(name in way.fields for way in first.ways):
            continue
        formula = mirror_differs(world.index, first, second, name)
        found = world.ask(formula, resource)
        if found is UNSAT:
            continue
        side.unproved = side.unproved or found is UNKNOWN
        if isinstance(found, Sat) and not side.shown:
            claims = ((somebody_with(*side.sources), True), (somebody_with(*side.others), False))
            side.shown = show_if_possible(world, claims, action, found.witness, name)
        if name is None:
            side.what.setdefault(target(resource), []).append(action)
            return
        fields.append(name)
    if fields:
        side.what.setdefault(target(resource, fields), []).append(action)


def _shape(plan: Plan) -> object:
    """What decides, without where it comes from."""
    ways = frozenset((way.limit_ids, way.fields) for way in plan.ways)
    return ways, plan.requirement, frozenset(each.deny.at for each in plan.denies)
