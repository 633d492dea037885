"""PL303: a role or group that adds nothing to what a user already has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import msgspec

from policylang.analysis.formula import Formula
from policylang.analysis.questions import role_adds_creation, role_adds_nothing, role_adds_ways
from policylang.analysis.satisfiability import SATISFIABLE, UNKNOWN, UNSAT, Satisfiability, either
from policylang.check.finding import Finding, people
from policylang.check.limits import Questions, claims
from policylang.check.stacks import Stacks
from policylang.check.world import UserClass, World
from policylang.diagnostics import Rule, listed
from policylang.ir import nodes as ir
from policylang.ir.nesting import Name
from policylang.runtime.caching import cached_method
from policylang.runtime.grants import Profile
from policylang.runtime.index import Permission
from policylang.runtime.periods import Period
from policylang.runtime.plan import Plan, Way
from policylang.runtime.sources import RightsSource
from policylang.source import Location

RULE = Rule(
    code="PL303",
    name="role-adds-nothing",
    family="stacking",
    severity="warning",
    security="low",
    summary="a role or group that adds nothing to what a user already has",
    why=(
        "It looks as if it mattered. If the other role is removed, the access stays; if this one is removed to "
        "restrict the user, nothing changes."
    ),
    bad="""\
resource doc { owner : user  actions view, modify }
policy mine on doc { owner is assigned user }
role reader { grant view on doc  policy mine }
role editor { grant view, modify on doc }
user "ada@acme.test" { assign role reader  assign role editor }   #! PL303
""",
    good="""\
resource doc { owner : user  actions view, modify }
role editor { grant view, modify on doc }
user "ada@acme.test" { assign role editor }
""",
    near="""\
resource doc { owner : user  author : user with role writer  actions view, modify }
policy mine on doc { owner is assigned user }
role reader { grant view on doc }
role editor { grant view, modify on doc  policy mine }
role writer { grant view on doc }
role chief { grant view, modify on doc }
user "ada@acme.test" { assign role reader  assign role editor }
user "ben@acme.test" { assign role writer  assign role chief }   # can be chosen as an author
user "eve@acme.test" { assign role reader until 2027-06-30  assign role editor from 2027-07-01 }
""",
    since="0.1.0",
    proof=True,
)


def check(world: World) -> Iterator[Finding]:
    """Without the source every request of the user is decided as it is with it, in every period in which the user has
    it: for all records, attributes and places, denies and requirements included. And nothing else depends on it: being
    eligible in an attribute that asks for a role, what may be assigned, a portal.

    A role without any grant is a responsibility: to have it is all that it is for, and it is never reported. Of sources
    that are equal the ones named last could go, and a group only where no role could. One finding for users with the
    same sources, on the first of them. What holds for complete records only is told too, but of what is created: a
    proposed record may leave out anything.
    """
    yield from claims(world, _findings)


def _findings(world: World, questions: Questions) -> Iterator[Finding]:
    rule = _Rule(world.once(Stacks), questions)
    found: dict[
        tuple[frozenset[RightsSource], frozenset[RightsSource], bool], list[tuple[UserClass, list[RightsSource]]]
    ] = {}
    for users in world.user_classes:
        certain, doubtful = rule.superfluous(users)
        for sources, unproved in ((certain, False), (doubtful, True)):
            if sources:
                every = {source for _, who in rule.stacks.periods(users) for source in who.sources}
                key = (frozenset(sources), frozenset(every), unproved)
                found.setdefault(key, []).append((users, sources))
    for (_, _, unproved), given in found.items():
        yield _finding(rule.stacks, given, unproved)


def _finding(stacks: Stacks, given: list[tuple[UserClass, list[RightsSource]]], unproved: bool) -> Finding:
    first, sources = min(given, key=lambda each: Location.parse(each[0].declared.at))
    users = sorted(user for each, _ in given for user in each.users)
    what = listed([stacks.in_words(source) for source in sources], "and")
    return Finding(
        code="PL303",
        message=f"{what} {'adds' if len(sources) == 1 else 'add'} nothing to what {people(users)} "
        f"{'has' if len(users) == 1 else 'have'} from other sources",
        at=first.declared.at,
        help=f"remove {'it' if len(sources) == 1 else 'them'}",
        proved=None if unproved else f"without {what}, every request of {people(users)} gets the same answer",
        unproved=unproved,
        users=tuple(users),
    )


class _Rule:
    def __init__(self, stacks: Stacks, questions: Questions) -> None:
        self.stacks, self.questions = stacks, questions
        self.world, self.index = stacks.world, stacks.index

    def superfluous(self, users: UserClass) -> tuple[list[RightsSource], list[RightsSource]]:
        """The sources that could go, all together, and those that it is not certain of."""
        all_periods = list(self.stacks.periods(users, least=1))
        alone = {who.sources[0] for _, who in all_periods if len(who.sources) == 1}
        periods = [each for each in all_periods if len(each[1].sources) > 1]
        every = dict.fromkeys(source for _, who in periods for source in who.sources)
        gone: list[RightsSource] = []
        doubtful: set[RightsSource] = set()
        waiting = [each for each in reversed(every) if each not in alone and self.stacks.ways(each.bundle_name)]
        while waiting:
            before = len(gone)
            for source in waiting:
                found = self._adds(users, periods, source, gone)
                if found is UNSAT:
                    gone.append(source)
                elif found is UNKNOWN:
                    doubtful.add(source)
            # Denies may have had a say only on what was granted by sources that are gone now.
            more = len(gone) > before
            waiting = [each for each in waiting if more and each not in gone and self.stacks.denied(each.bundle_name)]
        return [each for each in every if each in gone], [each for each in every if each in doubtful - {*gone}]

    def _adds(
        self, users: UserClass, periods: list[tuple[Period, Profile]], source: RightsSource, gone: list[RightsSource]
    ) -> Satisfiability:
        """``UNSAT``: the source adds nothing to what is left when others have gone."""
        return either(
            self._adds_in(users, period, who, source, gone) for period, who in periods if source in who.sources
        )

    def _adds_in(
        self, users: UserClass, period: Period, who: Profile, source: RightsSource, gone: list[RightsSource]
    ) -> Satisfiability:
        others = tuple(each for each in who.sources if each != source and each not in gone)
        if not others or self._brings_more(source, others):
            return SATISFIABLE
        left = tuple(each for each in who.sources if each not in gone)
        with_it = who if left == who.sources else msgspec.structs.replace(who, sources=left)
        without = msgspec.structs.replace(who, sources=others)
        return self._differs(users, period, source, with_it, without)

    # --- besides grants ----------------------------------------------------------------------------------------

    def _brings_more(self, source: RightsSource, others: tuple[RightsSource, ...]) -> bool:
        mine = self._brought(source.bundle_name)
        return bool(mine) and not mine <= frozenset().union(*(self._brought(each.bundle_name) for each in others))

    @cached_method
    def _brought(self, name: Name) -> frozenset[tuple[str, str]]:
        """What a group or role brings besides grants: roles that attributes ask for, portals, roles to hand out."""
        bundles = [chain[-1] for chain in self.world.chains(RightsSource(*name))]
        roles = [bundle for bundle in bundles if isinstance(bundle, ir.Role)]
        return frozenset(
            (
                *(("role", role.name) for role in roles if role.name in self.stacks.asked_roles),
                *(("portal", role.portal) for role in roles if role.portal is not None),
                *(("may assign", ref.name) for bundle in bundles for ref in bundle.may_assign),
            )
        )

    @cached_method
    def _touched(self, name: Name) -> frozenset[Permission]:
        """The permissions on which a source that does not grant them may have a say: it denies them, or grants what
        they require.
        """
        required = (self.world.required.get(permission, ()) for permission in self.stacks.permissions(name))
        return self.stacks.denied(name) | {permission for needs in required for permission, _ in needs}

    # --- decisions ---------------------------------------------------------------------------------------------

    def _differs(
        self, users: UserClass, period: Period, source: RightsSource, with_it: Profile, without: Profile
    ) -> Satisfiability:
        """A situation that is decided otherwise without the source."""
        if not with_it.appends and not with_it.overrides and self._opens_more(users, period, source, without):
            return SATISFIABLE
        name = source.bundle_name
        mine = self.stacks.permissions(name)
        theirs = frozenset[Permission]().union(*(self.stacks.permissions(each.bundle_name) for each in without.sources))
        granted = (theirs & self._touched(name)).union(mine)

        def answers() -> Iterator[Satisfiability]:
            # What nobody else grants shows it soonest.
            for permission in sorted(granted, key=lambda each: (each not in mine, each in theirs, each)):
                resource, action = permission
                first, second = self.world.plan(with_it, action, resource), self.world.plan(without, action, resource)
                if permission in mine or (first.requirement, first.denies) != (second.requirement, second.denies):
                    yield self._decided(users, period, source, first, second)

        return either(answers())

    def _opens_more(self, users: UserClass, period: Period, source: RightsSource, without: Profile) -> bool:
        """Whether the source by itself certainly opens something that none of the others grants or takes away."""
        name = source.bundle_name
        alike = self.stacks.likeness.limits(self.stacks.looks(name), users.first, period, (source.place,))
        theirs = [self.stacks.permissions(other.bundle_name) for other in without.sources]
        for permission in self.stacks.permissions(name):
            if permission in self.stacks.additive and not any(permission in each for each in theirs):
                key = (RULE.code, self.questions.assumed, name, permission, alike)
                opens = partial(self._opens, users, period, source, permission)
                if self.stacks.remembered(key, opens) is SATISFIABLE:
                    return True
        return False

    def _opens(self, users: UserClass, period: Period, source: RightsSource, permission: Permission) -> Satisfiability:
        resource, action = permission
        with_it, nothing = (self.world.plan(who, action, resource) for who in (Profile((source,)), Profile(())))
        return self._decided(users, period, source, with_it, nothing)

    def _decided(
        self, users: UserClass, period: Period, source: RightsSource, first: Plan, second: Plan
    ) -> Satisfiability:
        """A record that the plans with the source and without it decide otherwise."""
        mine = [way for way in first.ways if way.source == source]
        same = (first.requirement, set(first.denies)) == (second.requirement, set(second.denies))

        def settle() -> Satisfiability:
            differences = self._differences(mine, first, second, same)
            return either(self._ask(formula, (first, second), users, period) for formula in differences)

        if not same:
            return settle()
        alike = self.stacks.likeness.question(first, (mine, second.ways), users.first, period, fields=True)
        return self.stacks.remembered((RULE.code, self.questions.assumed, alike), settle)

    def _ask(self, formula: Formula, plans: tuple[Plan, Plan], users: UserClass, period: Period) -> Satisfiability:
        resource, user = plans[0].resource, users.first
        if plans[0].kind != "create":
            return self.questions.of_user(formula, resource, user, period)
        anything = self.world.once(Questions)
        found = anything.of_user(formula, resource, user, period)
        if found is UNSAT:
            return found
        return anything.of_user(role_adds_creation(self.index, formula, plans), resource, user, period)

    def _differences(self, mine: Sequence[Way], first: Plan, second: Plan, same: bool) -> Iterator[Formula]:
        """Where the first plan allows what the second does not, or the other way round: the action or an attribute.
        ``same``: the two do not differ in what hinders them.
        """
        if same and all(any(self._contains(other, way) for other in second.ways) for way in mine):
            return
        seen: set[Formula] = set()
        for field in (None, *self.index.attributes[first.resource]):
            if same:
                formula = role_adds_ways(self.index, second, mine, field)
            else:
                formula = role_adds_nothing(self.index, first, second, field)
            if formula not in seen:
                seen.add(formula)
                yield formula

    def _contains(self, other: Way, way: Way) -> bool:
        return (
            self.index.covers(other.place, way.place)
            and other.limit_ids <= way.limit_ids
            and other.fields >= way.fields
        )
