"""PL402: modify or delete on every record, with no policy to limit it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set

import msgspec

from policylang.analysis.decision import denied, unhindered, way_open
from policylang.analysis.formula import AllOf, Formula
from policylang.analysis.query import ANYTHING, COMPLETE, Answer, Assumed, Sat
from policylang.analysis.questions import policy_always_true, unlimited_change
from policylang.analysis.satisfiability import SATISFIABLE, UNKNOWN, UNSAT, Satisfiability, either
from policylang.check.finding import Finding, Shown, related, show, somebody_with
from policylang.check.limits import of_complete_records
from policylang.check.privileges import several, ticked
from policylang.check.world import World
from policylang.diagnostics import Related, Rule
from policylang.ir import nodes as ir
from policylang.ir.nesting import Name, name_of
from policylang.runtime.caching import cached_method
from policylang.runtime.grants import Profile, limiting
from policylang.runtime.index import Permission
from policylang.runtime.parts import grant_fields
from policylang.runtime.plan import PlacedDeny, Plan, Way
from policylang.runtime.sources import RightsSource
from policylang.source import Location

RULE = Rule(
    code="PL402",
    name="unlimited-change",
    family="privilege",
    severity="warning",
    security="medium",
    summary="modify or delete on every record, with no policy to limit it",
    why=(
        "One mistake, or one stolen password, reaches every record there is. Hardly anybody has to change all "
        "of them: their own, those of one place, recent ones or open ones are enough."
    ),
    bad="""\
resource doc { owner : user  actions view, modify }
policy mine on doc { owner is assigned user }
group office {
  grant view, modify on doc   #! PL402
  policy mine for view
}
""",
    good="""\
resource doc { owner : user  actions view, modify }
policy mine on doc { owner is assigned user }
group office {
  grant view, modify on doc
  policy mine for modify
}
""",
    near="""\
resource doc { owner : user  status : one of open, closed  actions view, modify, delete }
resource settings { actions view, modify }
policy mine on doc { owner is assigned user }
group office {
  grant view, modify on settings
  grant view, delete on doc
}
deny delete on doc { status is closed }
""",
    since="0.1.0",
    proof=True,
)


class _Fact(msgspec.Struct):
    """What a role or group says that gives without bounds, and where."""

    who: str
    said_at: dict[str, None] = {}
    given: dict[str, list[str]] = {}
    idle: dict[str, Related] = {}
    together: bool = False
    shown: tuple[Shown, ...] = ()
    unproved: bool = False
    complete_only: bool = False


_Facts = dict[tuple[str, bool, bool, bool], _Fact]
"""By the place of the role or group, whether policies narrow nothing, whether it is in doubt, and whether it is so of
complete records only.
"""


def check(world: World) -> Iterator[Finding]:
    """Somebody who has just that role or group, everywhere, may modify or delete every record.

    One finding for the role or group that says it, on the first of its statements. It counts as narrowed by whatever
    keeps a record away: a policy, a deny for everyone or in the same source. Policies that are always true narrow
    nothing, and neither do policies that leave nothing out when the grants of the source are taken together; the last
    of these grants is reported then. What the role or group cannot do alone (a requirement, a deny of everything) is no
    finding here. A resource without attributes has no records.

    What a user's block grants is for that user alone: it is narrowed by what the user appends, too, and a terminated
    user does not keep it.
    """
    question = _Question(world)
    facts: _Facts = {}
    asked: set[tuple[Name, Permission]] = set()
    blocks = {ir.own_role(user.id): user for user in world.policy_set.users}
    for source, _bundle in world.bundles:
        user = blocks.get(source.name) if source.kind == "role" else None
        if user is not None and user.terminated:
            continue
        wanted = _changing(world, source) - asked
        asked |= wanted
        for (resource, action), limits in _limits(world, source, {permission for _, permission in wanted}).items():
            appends = () if user is None else limiting(world.index, (a.limit for a in user.appends), resource, action)
            appended = tuple(limit.instance for limit in appends)
            if question.narrows(appended):
                continue
            if len(limits) > 1 or not question.narrows(*limits):
                question.ask(source, world.plan(Profile((source,)), action, resource), appended, facts)
    for fact in facts.values():
        at, *others = sorted(fact.said_at, key=Location.parse)
        narrowed = "its policies exclude no record" if fact.idle or fact.together else "no policy limits it"
        finding = Finding(
            code="PL402",
            message=f"{fact.who} can {_in_words(world, fact)}: {narrowed}",
            at=at,
            subjects=tuple(f"{action} on {resource}" for resource, given in fact.given.items() for action in given),
            help="limit it with a policy, or remove the action",
            related=(*fact.idle.values(), *(related(other, "and here") for other in others[:_MOST_PLACES])),
            shown=fact.shown,
            unproved=fact.unproved,
        )
        yield of_complete_records(finding) if fact.complete_only else finding


_MOST_PLACES = 3


def _in_words(world: World, fact: _Fact) -> str:
    """``modify, delete every `doc```, or ``modify every record of 31 resources (`a`, `b` and 29 more)``, those with the
    most actions first.
    """
    by_actions: dict[tuple[str, ...], list[str]] = {}
    for resource, given in sorted(fact.given.items()):
        actions = tuple(action for action in world.index.actions[resource] if action in given)
        by_actions.setdefault(actions, []).append(resource)
    said = []
    for actions, resources in sorted(by_actions.items(), key=lambda item: (-len(item[0]), item[0])):
        names, several_ = several(ticked(resources)), len(resources) > 2
        of = f"{len(resources)} resources ({names})" if several_ else names
        said.append(f"{', '.join(actions)} every record of {of}")
    return "; ".join(said)


def _changing(world: World, source: RightsSource) -> set[tuple[Name, Permission]]:
    """What a source says about modifying or deleting records, each with its origin: nothing else is to be learned of
    what is just the same there, unless it requires something that may come from elsewhere.
    """
    found: set[tuple[Name, Permission]] = set()
    for permission, origin in world.about(source.bundle_name).items():
        resource, action = permission
        declared = world.index.actions[resource][action]
        if declared.kind in ("modify", "delete") and world.index.attributes[resource]:
            found.add((origin if declared.requires is None else source.bundle_name, permission))
    return found


def _limits(world: World, source: RightsSource, wanted: Set[Permission]) -> dict[Permission, set[frozenset[str]]]:
    """Those of the actions on resources that the source grants, with the sets of policies under which it does."""
    found: dict[Permission, set[frozenset[str]]] = {}
    for each in world.grants(source, wanted):
        limits = frozenset(limit.instance for limit in each.limits)
        found.setdefault((each.grant.resource, each.action), set()).add(limits)
    return found


class _Question:
    """Whether ways lead to every record; what is the same for many sources is asked once."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.said_by = {
            grant.at: ("{} `{}`".format(*name_of(bundle)), bundle.at)
            for bundle in world.policy_set.bundles
            for grant in bundle.grants
        }
        self._left: dict[tuple[str, frozenset[frozenset[str]], Assumed], Satisfiability] = {}

    def ask(self, source: RightsSource, plan: Plan, appended: Sequence[str], facts: _Facts) -> None:
        """Note what the ways of a plan give without bounds, with policies appended that narrow nothing."""
        hidden = _hidden(plan)
        ways = [way for way in plan.ways if plan.kind != "modify" or way.fields - hidden]
        if not ways or plan.requirement is not True:
            return
        taken = self._taken(plan, COMPLETE)
        if taken is SATISFIABLE:
            return
        unsure = [way for way in ways if self._keeps_away(way, COMPLETE) is not SATISFIABLE]
        open_ = [way for way in unsure if taken is UNSAT and self._keeps_away(way, COMPLETE) is UNSAT]
        if open_:
            beside = either((self._taken(plan, ANYTHING), *(self._outside(each, ANYTHING) for each in appended)))
            for way in open_:
                only = either((beside, self._keeps_away(way, ANYTHING))) is not UNSAT
                self._note(source, plan, way, way.statements, facts, complete_only=only)
        elif unsure:
            for way in unsure:
                self._note(source, plan, way, way.statements, facts, unproved=True)
        elif len(ways) > 1:
            found = either((self._together(plan, ways, COMPLETE), taken))
            if found is not SATISFIABLE:
                beside = either((self._taken(plan, ANYTHING), *(self._outside(each, ANYTHING) for each in appended)))
                every = either((self._together(plan, ways, ANYTHING), beside))
                statements = sorted((s for way in ways for s in way.statements), key=_place)[-1:]
                way = next(way for way in ways if statements[0] in way.statements)
                only = found is UNSAT and every is not UNSAT
                self._note(
                    source, plan, way, statements, facts, unproved=found is UNKNOWN, complete_only=only, ways=ways
                )

    def _taken(self, plan: Plan, assumed: Assumed) -> Satisfiability:
        """Whether there is a record that a deny takes away."""
        return either(self._reaches(each, assumed) for each in plan.denies if each.deny.fields is None)

    @cached_method
    def _reaches(self, each: PlacedDeny, assumed: Assumed) -> Satisfiability:
        formula = denied(self.world.index, each.deny, each.place)
        return self.world.settle(formula, each.deny.resource, assumed=assumed)

    def narrows(self, limits: Iterable[str]) -> bool:
        """Whether policies, all together, keep a record away."""
        return any(self._outside(each, COMPLETE) is SATISFIABLE for each in limits)

    def _keeps_away(self, way: Way, assumed: Assumed) -> Satisfiability:
        """Whether the limits of the way keep a record away."""
        return either(self._outside(limit.id, assumed) for limit in way.limits)

    @cached_method
    def _outside(self, instance: str, assumed: Assumed) -> Satisfiability:
        """Whether a policy keeps a record away."""
        limit = self.world.index.instances[instance]
        return self.world.settle(policy_always_true(limit.condition), limit.resource, assumed=assumed)

    def _together(self, plan: Plan, ways: Sequence[Way], assumed: Assumed) -> Satisfiability:
        """Whether there is a record that is on none of several ways."""
        key = (plan.resource, frozenset(way.limit_ids for way in ways), assumed)
        if key not in self._left:
            formula = unlimited_change(self.world.index, plan.resource, ways)
            self._left[key] = self.world.settle(formula, plan.resource, assumed=assumed)
        return self._left[key]

    def _note(
        self,
        source: RightsSource,
        plan: Plan,
        way: Way,
        statements: Sequence[ir.Grant],
        facts: _Facts,
        *,
        unproved: bool = False,
        complete_only: bool = False,
        ways: Sequence[Way] = (),
    ) -> None:
        for statement in statements:
            if plan.kind == "modify" and not grant_fields(self.world.index, statement) - _hidden(plan):
                continue
            said_by, at = self.said_by[statement.at]
            idle = {} if ways else self._idle(source, plan, way, complete_only=complete_only)
            narrowed = bool(ways or idle)
            fact = None if unproved else facts.get((at, narrowed, False, complete_only))
            found: Answer = UNKNOWN
            if fact is None:
                found = UNKNOWN if unproved else self.world.ask(self._way(plan, way), plan.resource)
                doubt = not isinstance(found, Sat)
                key = at, narrowed, doubt, complete_only
                fact = facts.setdefault(key, _Fact(said_by, unproved=doubt, complete_only=complete_only))
            actions = fact.given.setdefault(plan.resource, [])
            if plan.action in actions and statement.at in fact.said_at:
                continue
            fact.said_at[statement.at] = None
            if plan.action not in actions:
                actions.append(plan.action)
            if isinstance(found, Sat) and not fact.shown:
                fact.shown = (show(self.world, somebody_with(source), plan.action, found.witness, allowed=True),)
            fact.together = fact.together or bool(ways)
            for other in ways:
                for each in other.statements:
                    if each.at != statement.at:
                        fact.idle[each.at] = related(each.at, "this grant reaches the other records")
            fact.idle |= idle

    def _idle(self, source: RightsSource, plan: Plan, way: Way, *, complete_only: bool) -> dict[str, Related]:
        """The policies that narrow nothing."""
        names = way.limit_ids
        always = "is true of every complete record" if complete_only else "is always true"
        return {
            limit.at: related(limit.at, f"`{limit.instance}` {always}")
            for chain in self.world.chains(source)
            for bundle in (chain if names else ())
            for limit in limiting(self.world.index, bundle.limits, plan.resource, plan.action)
            if limit.instance in names
        }

    def _way(self, plan: Plan, way: Way) -> Formula:
        return AllOf((way_open(self.world.index, plan.resource, way), unhindered(self.world.index, plan)))


def _hidden(plan: Plan) -> frozenset[str]:
    """The attributes that denies take from the action on every record."""
    named = (each.deny.fields or () for each in plan.denies if each.deny.condition is None)
    return frozenset(name for fields in named for name in fields)


def _place(grant: ir.Grant) -> Location:
    return Location.parse(grant.at)
