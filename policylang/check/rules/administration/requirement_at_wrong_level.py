"""PL502: a requirement at a region that is met only at a site."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policylang.check.finding import Finding, counted, related
from policylang.check.holding import HolderClass, Holdings
from policylang.check.world import World
from policylang.diagnostics import Rule
from policylang.ir.requirements import grants_required, requirement_in_words
from policylang.runtime.index import Permission
from policylang.runtime.plan import Met, fold_met
from policylang.runtime.sources import RightsSource

RULE = Rule(
    code="PL502",
    name="requirement-at-wrong-level",
    family="administration",
    severity="error",
    summary="a requirement at a region that is met only at a site",
    why=(
        "The user has the grant and what it requires, but too far down the tree of places. The action stays "
        "blocked, although everything on the user's page looks right."
    ),
    bad="""\
scope region contains site
place region "North"
place site "HQ" in "North"
resource report_template {
  site : site
  actions view
  action create requires create on report_template at region
}
role template_editor { grant view, create on report_template }
user "tess@acme.test" { assign role template_editor at site "HQ" }   #! PL502
""",
    good="""\
scope region contains site
place region "North"
place site "HQ" in "North"
resource report_template {
  site : site
  actions view
  action create requires create on report_template at region
}
role template_editor { grant view, create on report_template }
user "remy@acme.test" { assign role template_editor at region "North" }
""",
    near="""\
scope region contains site
place region "North"
place site "HQ" in "North"
resource report_template {
  site : site
  actions view
  action create requires create on report_template at region
}
role template_editor { grant view, create on report_template }
role template_owner { grant create on report_template }
user "olga@acme.test" { assign role template_editor at site "HQ"  assign role template_owner }
""",
    since="0.1.0",
)


def check(world: World) -> Iterator[Finding]:
    """A finding about users, for what they hold at one place, if it is so in every period in which they hold it.
    What they do not have at all is PL501.
    """
    held = world.once(Holdings)
    levelled = [
        (resource.name, action.name)
        for resource in world.policy_set.resources
        if resource.place is not None
        for action in resource.actions
        if any(each.place_kind is not None for each in grants_required(action.requires))
    ]
    if not levelled:
        return
    by_users: dict[str, list[HolderClass]] = {}
    for holder in held.holders:
        if any(source.place is not None for source in holder.profile.sources):
            by_users.setdefault(holder.first, []).append(holder)
    for holders in by_users.values():
        closed: dict[tuple[Permission, RightsSource], bool] = {}
        for holder in holders:
            for each, shut in _closed(held, holder, levelled):
                closed[each] = closed.get(each, True) and shut
        yield from _findings(world, holders[0], [each for each, shut in closed.items() if shut])


def _closed(
    held: Holdings, holder: HolderClass, levelled: Iterable[Permission]
) -> Iterator[tuple[tuple[Permission, RightsSource], bool]]:
    """What a holder is granted by a source, and whether it is closed everywhere just because of where the rest is."""
    granted = held.granted_to(holder.profile)
    for resource, action in levelled:
        required = held.world.index.actions[resource][action].requires
        if (resource, action) not in granted or not held.satisfies(required, granted, holder.profile.superuser):
            continue
        requirement = held.world.plan(holder.profile, action, resource).requirement
        for source in dict.fromkeys(holder.profile.sources):
            if (resource, action) in held.granted(source.bundle_name):
                places = _places(held.world, resource, source.place)
                if places:
                    shut = not any(_is_met(held.world, requirement, place) for place in places)
                    yield ((resource, action), source), shut


def _places(world: World, resource: str, at: str | None) -> tuple[str, ...]:
    """The places where records of the resource live that a place, or everywhere, covers."""
    kind = world.index.place_kind(resource)
    assert kind is not None
    return tuple(world.index.places_of(kind)) if at is None else world.index.homes(resource, at)


def _is_met(world: World, met: Met, place: str) -> bool:
    return fold_met(met, lambda places: any(world.index.covers(at, place) for at in places))


def _findings(world: World, holder: HolderClass, closed: list[tuple[Permission, RightsSource]]) -> Iterator[Finding]:
    """One for each place where a user is granted something that is closed."""
    by_source: dict[RightsSource, list[Permission]] = {}
    for permission, source in closed:
        by_source.setdefault(source, []).append(permission)
    for source, permissions in by_source.items():
        where = "everywhere" if source.place is None else f"at `{source.place}`"
        what = ", ".join(f"{action} on `{resource}`" for resource, action in permissions)
        required = [world.index.actions[resource][action].requires for resource, action in permissions]
        asked = list(dict.fromkeys(requirement_in_words(each) for each in required if each is not None))
        given = [] if holder.declared is None else holder.declared.assignments
        yield Finding(
            code="PL502",
            message=(
                f"{counted(holder.users)} cannot use {what}, held {where} from {source.in_words}: "
                f"it requires {'; '.join(asked)}"
            ),
            at=holder.at,
            users=holder.users,
            help="grant the required permission at such a place, above it, or everywhere",
            related=(
                *(
                    related(each.at, "assigned here")
                    for each in given
                    if (each.role, each.place) == (source.name, source.place)
                ),
                *(related(each.at, "required here") for each in required[:1] if each is not None),
            ),
        )
