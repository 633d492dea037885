"""PL501: a grant whose requirements its holders do not meet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from policylang.check.finding import Finding, counted, related
from policylang.check.holding import HolderClass, Holdings
from policylang.check.privileges import by_resource, few, several
from policylang.check.world import World
from policylang.diagnostics import Related, Rule
from policylang.ir import nodes as ir
from policylang.ir.nesting import Name, name_of
from policylang.ir.requirements import atoms, requirement_in_words
from policylang.runtime.index import Permission

RULE = Rule(
    code="PL501",
    name="requirement-missing",
    family="administration",
    severity="error",
    summary="a grant whose requirements its holders do not meet",
    why=(
        "The permission is ticked and the page stays closed: the 403 that nobody can explain. The users have "
        "the grant, but not what the action requires."
    ),
    bad="""\
resource api { actions access }
resource data_lab { action view requires access on api }
role district_manager {
  grant view on data_lab   #! PL501
}
user "dirk@acme.test" { assign role district_manager }
""",
    good="""\
resource api { actions access }
resource data_lab { action view requires access on api }
role district_manager {
  grant access on api
  grant view on data_lab
}
user "dirk@acme.test" { assign role district_manager }
""",
    near="""\
resource api { actions access }
resource data_lab { action view requires access on api }
role district_manager { grant view on data_lab }
role dispatcher { grant access on api }
user "dora@acme.test" { assign role district_manager  assign role dispatcher }
""",
    since="0.1.0",
)


def check(world: World) -> Iterator[Finding]:
    """The holders of a grant are the users and integrations who have, now or later, the role or group that says it. A
    holder meets a requirement who does so at some time while having the grant. Where there is no holder yet, it is
    somebody who has just that, or just one of the roles and groups around it, and who may well be a superuser.

    Where a requirement is held does not matter here, that is PL502. A feature that is off counts as on where nothing
    else could help (PL508), since what else is missing is worth knowing before the feature is bought. What no holder
    meets and what some do not are a finding each, for a line.
    """
    held = world.once(Holdings)
    for source, bundle in world.bundles:
        by_line: dict[tuple[str, bool], list[_Unmet]] = {}
        for grant in bundle.grants:
            for action in grant.actions:
                unmet = _unmet(held, name_of(bundle), grant, action)
                if unmet is not None:
                    by_line.setdefault((grant.at, unmet.by_all), []).append(unmet)
        for (at, by_all), found in by_line.items():
            yield (_by_all if by_all else _by_some)(held, source.bundle_name, at, found)


class _Unmet(msgspec.Struct, frozen=True):
    """An action that a grant opens to nobody, or not to these holders."""

    resource: str
    action: str
    requires: ir.Requirement
    asked: ir.Requirement
    """Without features where nothing else could help."""
    by_all: bool
    holders: tuple[HolderClass, ...] = ()


def _unmet(held: Holdings, name: Name, grant: ir.Grant, action: str) -> _Unmet | None:
    requires = held.world.index.actions[grant.resource][action].requires
    if requires is None:
        return None
    possible = held.satisfies(requires, held.every_permission, True)
    asked = requires if possible else _without_features(requires)
    if asked is None:
        return None
    if name in held.held_by:
        lacking = _lacking(held, held.held_by[name], asked)
        if not lacking:
            return None
        by_all = len(lacking) == len({holder.first for holder in held.held_by[name]})
        return _Unmet(grant.resource, action, requires, asked, by_all, lacking)
    if any(held.satisfies(asked, held.granted(around), True) for around in held.around[name]):
        return None
    return _Unmet(grant.resource, action, requires, asked, True)


def _lacking(held: Holdings, holders: Iterable[HolderClass], requirement: ir.Requirement) -> tuple[HolderClass, ...]:
    """Of the users and integrations the ones who never meet the requirement, each once."""
    found: dict[str, HolderClass | None] = {}
    for holder in holders:
        tagged = holder.declared is not None and holder.profile.superuser
        if held.satisfies(requirement, held.granted_to(holder.profile), tagged):
            found[holder.first] = None
        else:
            found.setdefault(holder.first, holder)
    return tuple(holder for holder in found.values() if holder is not None)


def _without_features(requirement: ir.Requirement) -> ir.Requirement | None:
    """What else a requirement asks for, if all features are on; ``None`` for nothing."""
    match requirement:
        case ir.RequiresFeature():
            return None
        case ir.RequiresAll(items=items, at=at):
            left = tuple(part for item in items if (part := _without_features(item)) is not None)
            return ir.RequiresAll(left, at) if left else None
        case ir.RequiresAny(items=items, at=at):
            parts = [_without_features(item) for item in items]
            return None if None in parts else ir.RequiresAny(tuple(part for part in parts if part is not None), at)
        case _:
            return requirement


def _by_all(held: Holdings, name: Name, at: str, found: list[_Unmet]) -> Finding:
    kind, plain = name
    who = f"no holder of {kind} `{plain}`" if kind == "role" else f"nobody in group `{plain}`"
    users = _users(found)
    grants, is_tag_missing = _missing(held, name, found)
    tag = " and tag those who should use it superuser" if is_tag_missing else ""
    return Finding(
        code="PL501",
        message=f"{who} meets what {_what(found)}",
        at=at,
        users=tuple(users),
        subjects=tuple(_whats(found)),
        help=(
            f"grant {grants} as well{tag}, or remove this grant"
            if grants
            else "only users tagged superuser can use it: tag those who should, or remove the grant"
        )
        + (f"; held by {counted(users)}" if users else ""),
        related=_required(found),
    )


def _by_some(held: Holdings, name: Name, at: str, found: list[_Unmet]) -> Finding:
    kind, plain = name
    users = _users(found)
    every = {user for holder in held.held_by[name] for user in holder.users}
    does = "does" if len(users) == 1 else "do"
    of = f"{len(users)} of {len(every)} " + (f"holders of role `{plain}`" if kind == "role" else f"in group `{plain}`")
    grants, is_tag_missing = _missing(held, name, found)
    tag = " and tag them superuser" if is_tag_missing else ""
    lacking = {holder.first: holder for each in found for holder in each.holders}
    return Finding(
        code="PL501",
        message=f"{counted(users)}, {of}, {does} not meet what {_what(found)}",
        at=at,
        users=tuple(users),
        subjects=tuple(_whats(found)),
        help=(
            f"give them {grants} as well{tag}, or remove the {kind} from them"
            if grants
            else f"tag them superuser, or remove the {kind} from them"
        ),
        related=(
            *(related(holder.at, f"`{holder.first}`") for holder in list(lacking.values())[:3]),
            *_required(found),
        ),
    )


def _users(found: list[_Unmet]) -> list[str]:
    return list(dict.fromkeys(user for each in found for holder in each.holders for user in holder.users))


def _whats(found: list[_Unmet]) -> Iterator[str]:
    return (f"{each.action} on {each.resource}" for each in found)


def _what(found: list[_Unmet]) -> str:
    """``view on `lab` requires: access on `api```"""
    what = by_resource((each.resource, each.action) for each in found)
    asked = list(dict.fromkeys(requirement_in_words(each.requires) for each in found))
    return f"{few(what)} requires: {'; '.join(asked[:3])}"


def _required(found: list[_Unmet]) -> tuple[Related, ...]:
    places = dict.fromkeys(each.requires.at for each in found)
    return tuple(related(at, "required here") for at in list(places)[:3])


def _missing(held: Holdings, name: Name, found: list[_Unmet]) -> tuple[str, bool]:
    """The grants that would do, in words, and whether the superuser tag is missing besides."""
    parts: dict[ir.Requirement, None] = {}
    for each in found:
        needed = _needed(held, name, each, each.asked)
        parts |= dict.fromkeys(needed.items if isinstance(needed, ir.RequiresAll) else (needed,) if needed else ())
    grants = [part for part in parts if not isinstance(part, ir.RequiresSuperuser)]
    words = list(dict.fromkeys(requirement_in_words(part, inner=len(grants) > 1) for part in grants))
    return several(words) if words else "", len(grants) < len(parts)


def _needed(held: Holdings, name: Name, unmet: _Unmet, requirement: ir.Requirement) -> ir.Requirement | None:
    """What of a requirement the holders lack; ``None`` for nothing. Of alternatives those that grants are enough for,
    if there are any.
    """

    def lacks(permission: Permission) -> bool:
        having = [held.granted(name), *(held.granted_to(holder.profile) for holder in unmet.holders)]
        return permission not in having[0] and not (having[1:] and all(permission in each for each in having[1:]))

    match requirement:
        case ir.RequiresAll(items=items, at=at):
            parts = [part for item in items if (part := _needed(held, name, unmet, item)) is not None]
            return None if not parts else parts[0] if len(parts) == 1 else ir.RequiresAll(tuple(parts), at)
        case ir.RequiresAny(items=items, at=at):
            choices = [_needed(held, name, unmet, item) for item in items]
            parts = [part for part in choices if part is not None]
            if len(parts) < len(choices):
                return None
            for wanted in (ir.RequiresGrant, ir.RequiresGrant | ir.RequiresSuperuser):
                if enough := [part for part in parts if all(isinstance(atom, wanted) for atom in atoms(part))]:
                    parts = enough
                    break
            return parts[0] if len(parts) == 1 else ir.RequiresAny(tuple(parts), at)
        case ir.RequiresGrant(action=action, resource=resource):
            # Where it has to be held is another rule's matter.
            return msgspec.structs.replace(requirement, place_kind=None) if lacks((resource, action)) else None
        case ir.RequiresFeature(feature=feature):
            return None if held.world.index.features[feature] else requirement
        case ir.RequiresSuperuser():
            tagged = [holder.declared is not None and holder.profile.superuser for holder in unmet.holders]
            return None if tagged and all(tagged) else requirement
