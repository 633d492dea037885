"""PL211: a role, group or user with permissions that must be kept apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

import msgspec

from policylang.check.finding import Finding, people, related
from policylang.check.holding import Holdings
from policylang.check.limits import inner_first
from policylang.check.privileges import taken
from policylang.check.world import World
from policylang.diagnostics import Rule, listed, quoted
from policylang.ir import nodes as ir
from policylang.ir.nesting import Name
from policylang.runtime.access import can_cover
from policylang.runtime.caching import cached_method
from policylang.runtime.grants import Profile, profile
from policylang.runtime.index import Permission
from policylang.runtime.periods import Period
from policylang.runtime.sources import Bundle, RightsSource
from policylang.source import Location

RULE = Rule(
    code="PL211",
    name="separation-of-duties",
    family="conflicts",
    severity="error",
    security="high",
    summary="a role, group or user with permissions that must be kept apart",
    why=(
        "Two people should be involved, and one person can do it all. It is rarely a single role: roles add up "
        "until somebody holds both. A finding on a role or group speaks of what that brings by itself, and names all "
        "who have it, even where a deny in another of their roles takes some of it away."
    ),
    bad="""\
resource invoice { actions create, approve }
separate create on invoice from approve on invoice "four eyes"
role clerk { grant create on invoice }
role boss { grant approve on invoice }
user "amy@acme.test" {   #! PL211
  assign role clerk
  assign role boss
}
""",
    good="""\
resource invoice { actions create, approve }
separate create on invoice from approve on invoice "four eyes"
role clerk { grant create on invoice }
role boss { grant approve on invoice }
user "amy@acme.test" { assign role clerk }
user "bob@acme.test" { assign role boss }
""",
    near="""\
scope site
place site "North"
place site "South"
resource invoice { site : site  actions create, approve }
separate create on invoice from approve on invoice "four eyes"
role clerk { grant create on invoice }
role boss { grant approve on invoice }
user "amy@acme.test" { assign role clerk until 2027-05-31  assign role boss from 2027-06-01 }
user "bob@acme.test" { assign role clerk at site "North"  assign role boss at site "South" }
""",
    since="0.1.0",
)


class _Holds(msgspec.Struct):
    """Of the permissions that must be apart the first grant of each in a source; and all that a deny of everything, in
    the source or for everyone, takes away.
    """

    granted: dict[Permission, str]
    denied: Set[Permission]


class _Side(msgspec.Struct, frozen=True):
    source: RightsSource
    grant: str


class _Broken(msgspec.Struct, frozen=True):
    """What must be apart, and the permissions that come together, with the grants of them where these are a user's."""

    separation: ir.Separation
    held: tuple[Permission, ...]
    sides: tuple[_Side, ...] = ()


class _Holders(msgspec.Struct, frozen=True):
    """Who has the same, where that is declared, and what at which times."""

    users: tuple[str, ...]
    at: str
    periods: Sequence[tuple[Period, Profile]]


def check(world: World) -> Iterator[Finding]:
    """A permission is held where it is granted, whatever limits the grant and whatever it requires, unless a deny
    without a condition takes all of it away. Grants of one user count together where their dates overlap and one of
    their places is the other's, or around it. At a place where no record of the resource can be nothing is held.

    The finding stands where the two come together: on the role or group whose own grants and roles do, at the later of
    these; else on the user. A user who holds both only by such a role is not reported again. One finding for a role or
    group, whatever it breaks, with the users who have it, and one for users with the same sources.
    """
    if not world.policy_set.separations:
        return
    checker = _Checker(world)
    yield from checker.bundles()
    yield from checker.users()


def _pairs(separation: ir.Separation) -> tuple[Permission, ...]:
    return tuple((each.resource, each.action) for each in separation.permissions)


class _Checker:
    """What each source holds, found once."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.wanted = frozenset(pair for each in world.policy_set.separations for pair in _pairs(each))
        self._of: dict[Permission, list[ir.Separation]] = {}
        for separation in world.policy_set.separations:
            for pair in _pairs(separation):
                self._of.setdefault(pair, []).append(separation)

    def holds(self, source: RightsSource) -> _Holds:
        return self._of_bundle_named(source.bundle_name)

    @cached_method
    def _of_bundle_named(self, name: Name) -> _Holds:
        source = RightsSource(*name)
        granted: dict[Permission, str] = {}
        for _chain, grant in self.world.granted(source):
            for action in grant.actions:
                if (grant.resource, action) in self.wanted:
                    granted.setdefault((grant.resource, action), grant.at)
        return _Holds(granted, taken(self.world, source)[0])

    def alone(self, source: RightsSource, separation: ir.Separation) -> tuple[Permission, ...]:
        """The permissions that the source by itself holds, if they are too many together."""
        holds = self.holds(source)
        held = tuple(pair for pair in _pairs(separation) if pair in holds.granted and pair not in holds.denied)
        return held if len(held) > separation.most else ()

    def _touched(self, held: Set[Permission]) -> Iterator[ir.Separation]:
        """The separations with too many of their permissions among these, each once."""
        counted_: dict[str, int] = {}
        for pair in sorted(held):
            for separation in self._of.get(pair, ()):
                counted_[separation.at] = counted_.get(separation.at, 0) + 1
                if counted_[separation.at] == separation.most + 1:
                    yield separation

    # --- roles and groups ----------------------------------------------------------------------------------

    def bundles(self) -> Iterator[Finding]:
        for source, bundle in inner_first(self.world):
            broken: list[_Broken] = []
            for separation in self._touched(self.holds(source).granted.keys()):
                inside = {chain[-1].name for chain in self.world.chains(source)[1:]}
                told = any(self.alone(RightsSource("role", name), separation) for name in inside)
                held = self.alone(source, separation)
                if held and not told:
                    broken.append(_Broken(separation, held))
            if broken:
                yield self._of_bundle(broken, source, bundle)

    def _of_bundle(self, broken: Sequence[_Broken], source: RightsSource, bundle: Bundle) -> Finding:
        brought = {self._brought(bundle, pair): None for each in broken for pair in each.held}
        places = sorted(brought, key=Location.parse)
        users = self._holders(source.bundle_name)
        have = "nobody has" if not users else f"{people(users)} {'has' if len(users) == 1 else 'have'}"
        is_own = isinstance(bundle, ir.Role) and bundle.owner is not None  # of one user, as its name says
        return Finding(
            code="PL211",
            message=f"{source.kind} `{bundle.name}`{'' if is_own else f', which {have},'} holds {_words(broken)}",
            at=max((self._brought(bundle, pair) for pair in broken[0].held), key=Location.parse),
            help="split it in two, or remove one of the grants",
            related=(
                *(related(at, "and this") for at in places[:_MOST_PLACES]),
                *(related(each.separation.at, "what must be kept apart") for each in broken[:_MOST_PLACES]),
            ),
            users=tuple(users),
            subjects=tuple(_said(each) for each in broken),
            held=(source.bundle_name,),
            urgency=_urgency(broken),
        )

    def _holders(self, name: Name) -> list[str]:
        """The users and integrations who have a group or role from any source, now or later."""
        held = self.world.once(Holdings).held_by.get(name, ())
        users = (user for each in held for user in each.users if each.declared is not None or self._has_any(user))
        return sorted(set(users))

    def _has_any(self, integration: str) -> bool:
        """Whether an integration is not over."""
        return any(who.sources for _period, who in self.world.periods(integration))

    def _brought(self, bundle: Bundle, pair: Permission) -> str:
        """Where the bundle says what gives it the permission: a grant, or a role inside it."""
        for grant in bundle.grants:
            if grant.resource == pair[0] and pair[1] in grant.actions:
                return grant.at
        for ref in bundle.roles:
            if pair in self.holds(RightsSource("role", ref.name)).granted:
                return ref.at
        return bundle.at

    # --- users ---------------------------------------------------------------------------------------------

    def users(self) -> Iterator[Finding]:
        """Users and integrations with the same sources, and what these break together."""
        found: dict[frozenset[RightsSource], list[tuple[_Holders, list[_Broken]]]] = {}
        for holders in self._every():
            broken = list(self._of_holders(holders))
            if broken:
                sources = frozenset(side.source for each in broken for side in each.sides)
                found.setdefault(sources, []).append((holders, broken))
        yield from (self._of_users(given) for given in found.values())

    def _every(self) -> Iterator[_Holders]:
        for kind in self.world.user_classes:
            yield _Holders(kind.users, kind.declared.at, self.world.periods(kind.first))
        for each in self.world.policy_set.integrations:
            if len(each.roles) > 1:
                yield _Holders((each.name,), each.at, self.world.periods(each.name))

    def _of_holders(self, holders: _Holders) -> Iterator[_Broken]:
        sources = profile(self.world.index, holders.users[0], None).sources
        held = {pair for source in sources for pair in self.holds(source).granted}
        for separation in self._touched(held):
            if any(self.alone(source, separation) for source in sources):
                continue
            broken = next(self._together(separation, holders), None)
            if broken is not None:
                yield broken

    def _together(self, separation: ir.Separation, holders: _Holders) -> Iterator[_Broken]:
        """Permissions that the user has at one time and place, if they are too many. Places around one another have
        the innermost in common.
        """
        for _period, who in holders.periods:
            for place in dict.fromkeys(source.place for source in who.sources):
                here = [source for source in who.sources if self.world.index.covers(source.place, place)]
                sides = ((pair, self._side(here, pair)) for pair in _pairs(separation))
                there = {pair: side for pair, side in sides if side is not None}
                if len(there) > separation.most:
                    yield _Broken(separation, tuple(there), tuple(there.values()))

    def _side(self, sources: Sequence[RightsSource], pair: Permission) -> _Side | None:
        """The first of the sources that hold the permission, if no deny takes it away there."""
        sources = [source for source in sources if can_cover(self.world.index, pair[0], source.place)]
        if any(pair in self.holds(source).denied for source in sources):
            return None
        grants = ((source, self.holds(source).granted.get(pair)) for source in sources)
        return next((_Side(source, at) for source, at in grants if at is not None), None)

    def _of_users(self, given: list[tuple[_Holders, list[_Broken]]]) -> Finding:
        first, broken = min(given, key=lambda each: Location.parse(each[0].at))
        every = list({each.separation.at: each for _, all_ in given for each in all_}.values())
        users = sorted(user for holders, _ in given for user in holders.users)
        sides = {side.grant: side.source for each in broken for side in each.sides}
        return Finding(
            code="PL211",
            message=f"{people(users)} {'holds' if len(users) == 1 else 'hold'} {_words(every)}",
            at=first.at,
            help="remove one of them, or assign them at different places or times",
            related=(
                *(related(at, f"the grant in {source.in_words}") for at, source in list(sides.items())[:_MOST_PLACES]),
                *(related(each.separation.at, "what must be kept apart") for each in every[:_MOST_PLACES]),
            ),
            users=tuple(users),
            subjects=tuple(_said(each) for each in every),
            urgency=_urgency(every),
            held=tuple(sorted({source.bundle_name for source in sides.values()})),
        )


_MOST_PLACES = 3


def _words(broken: Sequence[_Broken]) -> str:
    """``both create on `bill` and approve on `bill`, against `four eyes```, for several of them."""
    said = [_said(each) for each in broken[:_MOST_PLACES]]
    more = len(broken) - len(said)
    both = "both " if len(broken[0].held) == 2 else ""
    return both + "; ".join(said) + (f"; and {more} more that must be kept apart" if more else "")


def _said(broken: _Broken) -> str:
    permissions = listed([f"{action} on `{resource}`" for resource, action in broken.held], "and")
    label = broken.separation.label
    return permissions if label is None else f"{permissions}, against {quoted(label)}"


_URGENCY = {"high": 1, None: 0, "medium": 0, "low": -1}


def _urgency(broken: Sequence[_Broken]) -> int:
    """That of the most severe."""
    return max(_URGENCY[each.separation.severity] for each in broken)
