"""PL507"""

from __future__ import annotations

from collections.abc import Iterator

from policylang.check.finding import Finding, counted, related
from policylang.check.holding import Holding, atoms, holding
from policylang.check.world import World
from policylang.diagnostics import Rule, listed
from policylang.ir import nodes as ir
from policylang.model.types import PlaceType

RULE = Rule(
    code="PL507",
    name="place-of-wrong-kind",
    family="administration",
    severity="error",
    summary="an assignment or requirement at a kind of place that does not exist there",
    why=(
        "A role given at a place reaches the records that live at the place or below it. Where the records of a role "
        "live nowhere, or higher up, it reaches nothing, and a requirement at such a place is never met there."
    ),
    bad="""\
scope region contains site
place region "North"
place site "HQ" in "North"
resource data_lab { actions view }
role analyst { grant view on data_lab }
user "ana@acme.test" { assign role analyst at site "HQ" }   #! PL507
""",
    good="""\
scope region contains site
place region "North"
place site "HQ" in "North"
resource data_lab { actions view }
role analyst { grant view on data_lab }
user "ana@acme.test" { assign role analyst }
""",
    near="""\
scope region contains site
place region "North"
place site "HQ" in "North"
resource api { actions access }
resource dispatch { site : site  action view requires access on api }
role dispatcher { grant access on api  grant view on dispatch }
user "dora@acme.test" { assign role dispatcher at site "HQ" }
""",
    since="0.1.0",
)


def check(world: World) -> Iterator[Finding]:
    """An assignment at a place, if nothing that the role grants or denies is about records that can live there. A role
    without grants is a responsibility and the same everywhere; one whose grants are all required by other actions does
    its work wherever it is given.

    A requirement at a kind of place, if the records live nowhere, or at a place that is larger or in another tree.
    """
    yield from _requirements(world)
    yield from _assignments(world)


def _kind(world: World, resource: str) -> str | None:
    """The kind of place where records of the resource live."""
    name = world.index.resources[resource].place
    type_ = None if name is None else world.index.attributes[resource][name].type
    return type_.scope if isinstance(type_, PlaceType) else None


def _requirements(world: World) -> Iterator[Finding]:
    for resource in world.policy_set.resources:
        kind = _kind(world, resource.name)
        for action in resource.actions:
            for atom in atoms(action.requires):
                if not isinstance(atom, ir.RequiresGrant) or atom.place_kind is None:
                    continue
                if kind is None:
                    fault = f"records of `{resource.name}` live at no place"
                elif not world.index.is_kind_or_above(atom.place_kind, kind):
                    fault = f"records of `{resource.name}` live at a {kind}, and no {atom.place_kind} is around one"
                else:
                    continue
                yield Finding(
                    code="PL507",
                    message=(
                        f"{action.name} on `{resource.name}` requires {atom.action} on `{atom.resource}` at "
                        f"{atom.place_kind}, but {fault}"
                    ),
                    at=atom.at,
                    help=(
                        f"leave `at {atom.place_kind}` out, or add an attribute that says where a record lives"
                        if kind is None
                        else f"name `{kind}` or a kind of place above it"
                    ),
                    related=(related(resource.at, "the resource"),),
                )


def _assignments(world: World) -> Iterator[Finding]:
    held, index = holding(world), world.index
    fits: dict[tuple[str, str], bool] = {}
    for users in world.user_classes:
        told: set[tuple[str, str]] = set()
        for each in users.declared.assignments:
            if each.place is None or (each.role, each.place) in told:
                continue
            key = each.role, index.places[each.place].kind
            if key not in fits:
                fits[key] = _fits(held, *key)
            if not fits[key]:
                told.add((each.role, each.place))
                yield Finding(
                    code="PL507",
                    message=(
                        f"`{each.role}` is given to {counted(users.users)} at {key[1]} `{each.place}`, where it "
                        f"reaches nothing: {_where(held, each.role)}"
                    ),
                    at=users.declared.at,
                    help="give the role without a place, or at a place where such records live",
                    related=(related(each.at, "given here"), related(index.roles[each.role].at, "the role")),
                )


def _statements(held: Holding, role: str) -> list[ir.Grant | ir.Deny]:
    found: list[ir.Grant | ir.Deny] = []
    for bundle in held.inside(("role", role)):
        found += (*bundle.grants, *bundle.denies)
    return found


def _fits(held: Holding, role: str, kind: str) -> bool:
    """Whether a role does something at a kind of place."""
    said = _statements(held, role)
    for each in said:
        lives = _kind(held.world, each.resource)
        if lives is not None and held.world.index.is_kind_or_above(kind, lives):
            return True
    granted = held.granted(("role", role))
    return not said or (bool(granted) and granted <= held.required)


def _where(held: Holding, role: str) -> str:
    resources = list(dict.fromkeys(each.resource for each in _statements(held, role)))
    kinds = list(dict.fromkeys(kind for name in resources if (kind := _kind(held.world, name)) is not None))
    what = listed([f"`{name}`" for name in resources[:3]], "and")
    more = f" and {len(resources) - 3} more" if len(resources) > 3 else ""
    where = f"at a {listed(kinds, 'or')}" if kinds else "at no place"
    return f"records of {what}{more} live {where}"
