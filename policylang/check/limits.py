"""Questions about limits that several rules ask, each answered once for the same policies."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import cached_property

import msgspec

from policylang.analysis.asker import ANYTHING, COMPLETE, Assumed
from policylang.analysis.canonical import Key
from policylang.analysis.formula import AllOf, Formula, NotOf, all_true, true
from policylang.analysis.search import UNPROVED, Found
from policylang.analysis.witness import Witness
from policylang.check.finding import Finding, of_complete_records
from policylang.check.parts import Verdict
from policylang.check.world import World
from policylang.ir import nodes as ir
from policylang.model import conditions as c
from policylang.model.types import DateTimeType, DateType, UserType
from policylang.runtime.periods import ALWAYS, Period
from policylang.runtime.sources import Bundle, RightsSource, sources
from policylang.source import Location


class Looks(msgspec.Struct, frozen=True):
    """What a formula looks at: whether at time, at attributes of users, and which users it names."""

    time: bool
    attributes: frozenset[str]
    users: frozenset[str]


class Questions:
    """Questions about everybody, and about one user, that share their answers: about every record there can be, or
    about those that are ``assumed``.
    """

    def __init__(self, world: World, assumed: Assumed = ANYTHING) -> None:
        self.world, self.assumed = world, assumed
        self._looks: dict[c.Condition, Looks] = {}
        self._verdicts: dict[Key, Verdict] = {}
        self._anybody: dict[Key, Found] = {}
        self._together: dict[frozenset[str], Verdict] = {}
        self._implied: dict[tuple[frozenset[str], str], Verdict] = {}

    # --- formulas ----------------------------------------------------------------------------------------

    def anybody(self, formula: Formula, resource: str) -> Verdict:
        """Whether the formula can hold, whoever asks: somebody made up or a user whom the formula names, in each case
        with any attributes.
        """
        return self._settled(self.world.canonical.key(formula, resource), formula, resource)

    def _settled(self, canonical: Key | None, formula: Formula, resource: str) -> Verdict:
        key = canonical or (formula, resource)
        if key not in self._verdicts:
            self._verdicts[key] = self._possible(formula, resource)
        return self._verdicts[key]

    def _possible(self, formula: Formula, resource: str) -> Verdict:
        if self.assumed == ANYTHING and self.world.once(for_complete).anybody(formula, resource) is True:
            return True  # a complete record mostly settles it
        return self.world.parts.possible(
            formula, resource, self.world.now, lambda part: self._by_anybody(part.formula, resource)
        )

    def _by_anybody(self, formula: Formula, resource: str) -> Found:
        key = self.world.canonical.key(formula, resource) or (formula, resource)
        if key not in self._anybody:
            self._anybody[key] = self._ask_anybody(formula, resource)
        return self._anybody[key]

    def _ask_anybody(self, formula: Formula, resource: str) -> Found:
        found = self.world.find(formula, resource, assumed=self.assumed)
        doubt = found is UNPROVED
        for user in () if isinstance(found, Witness) else sorted(self.looks(formula).users):
            found = self.world.find(formula, resource, user, assumed=self.assumed, anyhow=True)
            if isinstance(found, Witness):
                return found
            doubt = doubt or found is UNPROVED
        return found if isinstance(found, Witness) else UNPROVED if doubt else None

    def of_user(self, formula: Formula, resource: str, user: str, period: Period = ALWAYS) -> Verdict:
        """Whether the formula can hold for the user, in the period."""
        key = self.world.canonical.key(formula, resource)
        found = self._settled(key, formula, resource)
        if found is None or (key is not None and period == ALWAYS):
            return found
        looks = self.looks(formula)
        if not looks.attributes and not looks.users and not (looks.time and period != ALWAYS):
            return found
        when = None if period == ALWAYS else period
        if self.assumed == ANYTHING and self.world.possible(formula, resource, user, when) is True:
            return True
        return self.world.possible(formula, resource, user, when, self.assumed)

    def looks(self, formula: Formula) -> Looks:
        each = [self._look(condition) for condition in formula.conditions()]
        return Looks(
            any(looks.time for looks in each),
            frozenset().union(*(looks.attributes for looks in each)),
            frozenset().union(*(looks.users for looks in each)),
        )

    def _look(self, condition: c.Condition) -> Looks:
        if condition not in self._looks:
            users = {str(constant.value) for constant in condition.constants() if isinstance(constant.type, UserType)}
            time = any(isinstance(operand.type, DateType | DateTimeType) for operand in condition.operands())
            attributes = frozenset(name for path in condition.paths() for name in self._of_user(path))
            self._looks[condition] = Looks(time, attributes, frozenset(users))
        return self._looks[condition]

    def _of_user(self, path: c.Path) -> Iterator[str]:
        """The attributes of users that a path may go through."""
        if path.root == "subject":
            yield from path.steps
        else:
            yield from (step for step in path.steps[1:] if step in self.world.index.subject)

    @cached_property
    def holders(self) -> dict[str, tuple[str, ...]]:
        """Roles, and the users who have them now from any source, in order."""
        found: dict[str, list[str]] = {}
        for user in sorted(self.world.index.users):
            sources_now = sources(self.world.index, user, self.world.now)
            inside = (chain[-1] for source in sources_now for chain in self.world.chains(source))
            for name in {bundle.name for bundle in inside if isinstance(bundle, ir.Role)}:
                found.setdefault(name, []).append(user)
        return {role: tuple(users) for role, users in found.items()}

    # --- sets of policies --------------------------------------------------------------------------------

    def together(self, instances: Iterable[str]) -> Verdict:
        """``None``: no record makes all of these policies on one resource true."""
        key = frozenset(instances)
        if key not in self._together:
            first = self.world.index.instances[min(key)]
            self._together[key] = self.anybody(all_true(self._conditions(key)), first.resource)
        return self._together[key]

    def implied(self, others: Iterable[str], one: str) -> Verdict:
        """``None``: wherever all the others are true, the one is."""
        key = (frozenset(others), one)
        if one in key[0]:
            return None
        if key not in self._implied:
            wanted = self.world.index.instances[one]
            formula = AllOf((*(true(each) for each in self._conditions(key[0])), NotOf(true(wanted.condition))))
            self._implied[key] = self.anybody(formula, wanted.resource)
        return self._implied[key]

    def _conditions(self, instances: frozenset[str]) -> Iterator[c.Condition]:
        return (self.world.index.instances[each].condition for each in sorted(instances))


def for_complete(world: World) -> Questions:
    """Questions about complete records. ``world.once(for_complete)``"""
    return Questions(world, COMPLETE)


def claims(
    world: World,
    rule: Callable[[Questions], Iterable[Finding]],
    about: Callable[[Finding], Hashable] = lambda finding: finding.at,
) -> Iterator[Finding]:
    """What a rule finds about complete records: as it is what holds for every record, request and user there can be,
    the rest as what it is. ``about``: what the findings are told apart by.
    """
    found = list(rule(world.once(for_complete)))
    if not found:
        return
    certain = {about(each): each for each in rule(world.once(Questions)) if not each.unproved}
    for finding in found:
        yield finding if finding.unproved else certain.get(about(finding)) or of_complete_records(finding)


def inner_first(world: World) -> Iterator[tuple[RightsSource, Bundle]]:
    """Every role after the roles inside it, then every group."""
    roles = {bundle.name: (source, bundle) for source, bundle in world.bundles if source.kind == "role"}
    done: set[str] = set()
    for name in roles:
        waiting = [(name, False)]
        while waiting:
            role, inside_done = waiting.pop()
            if inside_done:
                yield roles[role]
            elif role not in done:
                done.add(role)
                waiting.append((role, True))
                waiting += [(ref.name, False) for ref in reversed(roles[role][1].roles)]
    yield from ((source, bundle) for source, bundle in world.bundles if source.kind == "group")


def uses(policy_set: ir.PolicySet) -> dict[str, list[str]]:
    """Policy instances, and the places where they are attached to roles, groups and users."""
    found: dict[str, list[str]] = {}
    for bundles in (policy_set.roles, policy_set.groups):
        for bundle in bundles:
            for limit in bundle.limits:
                found.setdefault(limit.instance, []).append(limit.at)
    for user in policy_set.users:
        for policy in (*user.appends, *user.overrides):
            found.setdefault(policy.limit.instance, []).append(policy.limit.at)
    for places in found.values():
        places.sort(key=Location.parse)
    return found
