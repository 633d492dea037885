"""PL507: an assignment or requirement at a kind of place where it has no effect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from policylang.check.finding import Finding, counted, related
from policylang.check.holding import Holdings
from policylang.check.privileges import few
from policylang.check.world import UserClass, World
from policylang.diagnostics import Rule, listed
from policylang.ir import nodes as ir
from policylang.ir.requirements import grants_required
from policylang.runtime.access import can_cover
from policylang.runtime.caching import cached_method
from policylang.runtime.grants import Profile
from policylang.runtime.sources import RightsSource

RULE = Rule(
    code="PL507",
    name="place-of-wrong-kind",
    family="administration",
    severity="error",
    summary="an assignment or requirement at a kind of place where it has no effect",
    why=(
        "A role assigned at a place reaches the records at that place or below it. If the records have no "
        "place, or one higher up, the grant has no effect: it is ticked, and the page stays closed. A "
        "requirement at such a place is never met."
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

    Else each grant of the role that is of no use from the place: the records cannot live there, no action requires the
    grant, and the user has it from no other source, at some time, from which it is. A line about many resources is one
    that is of no use for any of them. A deny likewise, if the user is granted what it would take away. One finding for
    a line, with the users.

    A requirement at a kind of place, if the records live nowhere, or at a place that is larger or in another tree.
    """
    yield from _requirements(world)
    yield from _assignments(world)
    yield from _Lines(world).findings()


def _requirements(world: World) -> Iterator[Finding]:
    for resource in world.policy_set.resources:
        kind = world.index.place_kind(resource.name)
        for action in resource.actions:
            for atom in grants_required(action.requires):
                if atom.place_kind is None:
                    continue
                if kind is None:
                    fault = f"records of `{resource.name}` have no place"
                elif not world.index.is_kind_or_above(atom.place_kind, kind):
                    fault = f"records of `{resource.name}` are at a {kind}, which is never inside a {atom.place_kind}"
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
                        f"remove `at {atom.place_kind}`, or add an attribute that says where a record is"
                        if kind is None
                        else f"name `{kind}` or a kind of place above it"
                    ),
                    related=(related(resource.at, "the resource"),),
                )


def _assignments(world: World) -> Iterator[Finding]:
    held, index = world.once(Holdings), world.index
    for users in world.user_classes:
        told: set[tuple[str, str]] = set()
        for each in users.declared.assignments:
            if each.place is None or (each.role, each.place) in told:
                continue
            key = each.role, index.places[each.place].kind
            if not _fits(held, *key):
                told.add((each.role, each.place))
                resources = [said.resource for said in _statements(held, each.role)]
                yield Finding(
                    code="PL507",
                    message=(
                        f"`{each.role}` is assigned to {counted(users.users)} at {key[1]} `{each.place}`, where "
                        f"it reaches nothing: {_where(world, resources)}"
                    ),
                    at=users.declared.at,
                    users=users.users,
                    subjects=tuple(resources),
                    help="assign the role without a place, or at a place where such records are",
                    related=(related(each.at, "assigned here"), related(index.roles[each.role].at, "the role")),
                )


def _statements(held: Holdings, role: str) -> list[ir.Grant | ir.Deny]:
    found: list[ir.Grant | ir.Deny] = []
    for bundle in held.inside(("role", role)):
        found += (*bundle.grants, *bundle.denies)
    return found


def _reaches(world: World, kind: str, resource: str) -> bool:
    """Whether records of the resource can live at a kind of place, or below it."""
    lives = world.index.place_kind(resource)
    return lives is not None and world.index.is_kind_or_above(kind, lives)


def _fits(held: Holdings, role: str, kind: str) -> bool:
    """Whether a role does something at a kind of place."""
    said = _statements(held, role)
    if any(_reaches(held.world, kind, each.resource) for each in said):
        return True
    granted = held.granted(("role", role))
    return not said or (bool(granted) and granted <= held.world.required.keys())


def _where(world: World, resources: Iterable[str]) -> str:
    resources = list(dict.fromkeys(resources))
    kinds = list(dict.fromkeys(kind for name in resources if (kind := world.index.place_kind(name)) is not None))
    what = listed([f"`{name}`" for name in resources[:3]], "and")
    more = f" and {len(resources) - 3} more" if len(resources) > 3 else ""
    where = f"at a {listed(kinds, 'or')}" if kinds else "without a place"
    return f"records of {what}{more} are {where}"


class _Line(msgspec.Struct):
    """A grant or a deny that is of no use from some places: what it says of each resource, and whose it is."""

    said: dict[str, list[str]]
    is_deny: bool
    at: str
    users: dict[str, None] = {}
    given: dict[str, ir.Assignment] = {}


class _Lines:
    """Grants and denies of roles that do something at a place, and are of no use there themselves."""

    def __init__(self, world: World) -> None:
        self.world, self.held = world, world.once(Holdings)

    def findings(self) -> Iterator[Finding]:
        lines: dict[str, _Line] = {}
        for users in self.world.user_classes:
            if any(each.place is not None for each in users.declared.assignments):
                for _, who in self.world.periods(users.first):
                    for source in who.sources:
                        self._look(users, who, source, lines)
        for line in lines.values():
            yield self._finding(line)

    def _look(self, users: UserClass, who: Profile, source: RightsSource, lines: dict[str, _Line]) -> None:
        if source.place is None:
            return
        for idle in self._idle(source.name, self.world.index.places[source.place].kind):
            open_ = [
                (resource, action)
                for resource, actions in idle.said.items()
                for action in actions
                if self._is_open(who, action, resource)
            ]
            for resource, actions in idle.said.items():
                told = [action for action in actions if ((resource, action) in open_) == idle.is_deny]
                if told:
                    line = lines.setdefault(idle.at, _Line({}, idle.is_deny, idle.at))
                    known = line.said.setdefault(resource, [])
                    known += [action for action in told if action not in known]
                    line.users.update(dict.fromkeys(users.users))
                    for each in users.declared.assignments:
                        if (each.role, each.place) == (source.name, source.place):
                            line.given[each.at] = each

    def _is_open(self, who: Profile, action: str, resource: str) -> bool:
        """Whether some source grants the action where records of the resource can live."""
        return any(
            (resource, action) in self.held.granted(source.bundle_name)
            and can_cover(self.world.index, resource, source.place)
            for source in who.sources
        )

    @cached_method
    def _idle(self, role: str, kind: str) -> list[_Line]:
        """The lines in a role, and in those inside it, that are of no use at a kind of place."""
        found: dict[str, list[ir.Grant | ir.Deny]] = {}
        if _fits(self.held, role, kind):
            for each in _statements(self.held, role):
                found.setdefault(each.at, []).append(each)
        lines = [self._line(each, kind) for each in found.values()]
        return [line for line in lines if line.said]

    def _line(self, statements: list[ir.Grant | ir.Deny], kind: str) -> _Line:
        line = _Line({}, isinstance(statements[0], ir.Deny), statements[0].at)
        if len({each.resource for each in statements}) > 1 and any(
            _reaches(self.world, kind, each.resource) for each in statements
        ):
            return line
        for each in statements:
            if not _reaches(self.world, kind, each.resource):
                idle = [a for a in each.actions if line.is_deny or not self._is_required(a, each.resource, kind)]
                if idle:
                    line.said[each.resource] = idle
        return line

    def _is_required(self, action: str, resource: str, kind: str) -> bool:
        """Whether some action requires the grant, and one at such a place is enough."""
        needs = (need.place_kind for _, need in self.world.required.get((resource, action), ()))
        return any(at is None or self.world.index.is_kind_or_above(kind, at) for at in needs)

    def _finding(self, line: _Line) -> Finding:
        index, users = self.world.index, list(line.users)
        what = [f"{', '.join(actions)} on `{resource}`" for resource, actions in line.said.items()]
        some = few(what)
        given = list(line.given.values())
        roles = listed([f"`{role}`" for role in list(dict.fromkeys(each.role for each in given))[:3]], "and")
        place = given[0].place
        assert place is not None
        places = f"{index.places[place].kind} `{place}`" if len({each.place for each in given}) == 1 else "places"
        has = f"{'has' if len(users) == 1 else 'have'} {roles} at {places}"
        return Finding(
            code="PL507",
            message=(
                f"the deny of {some} has no effect on {counted(users)}, who {has}"
                if line.is_deny
                else f"{some} is never allowed for {counted(users)}, who {has}"
            )
            + f": {_where(self.world, line.said)}",
            at=line.at,
            users=tuple(users),
            subjects=tuple(what),
            help=f"{'say it' if line.is_deny else 'grant it'} in a role that is assigned without a place",
            related=(
                *(related(each.at, "assigned here") for each in given[:3]),
                *(related(index.resources[resource].at, "the resource") for resource in list(line.said)[:1]),
            ),
        )
