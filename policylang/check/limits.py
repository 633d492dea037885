"""Questions about limits that several rules ask, each answered once for the same policies."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import cached_property

import msgspec

from policylang.analysis.formula import Formula
from policylang.analysis.looks import Looks
from policylang.analysis.query import ANYBODY, ANYTHING, COMPLETE, Assumed, DeclaredUser
from policylang.analysis.questions import (
    contradictory_limits,
    policy_always_true,
    policy_never_true,
    redundant_policy,
)
from policylang.analysis.satisfiability import UNSAT, Satisfiability
from policylang.check.finding import Finding
from policylang.check.privileges import roles_inside
from policylang.check.world import World
from policylang.ir import nodes as ir
from policylang.model import conditions as c
from policylang.runtime.caching import cached_method
from policylang.runtime.periods import ALWAYS, Period
from policylang.runtime.sources import Bundle, RightsSource, sources


class Questions:
    """Questions about everybody, and about one user: about every record there can be, or about those that are
    ``assumed``.
    """

    def __init__(self, world: World, assumed: Assumed = ANYTHING) -> None:
        self.world, self.assumed = world, assumed

    # --- formulas ----------------------------------------------------------------------------------------

    def anybody(self, formula: Formula, resource: str) -> Satisfiability:
        """Whether the formula can hold, whoever asks: somebody made up or a user whom the formula names, in each case
        with any attributes.
        """
        return self.world.settle(formula, resource, ANYBODY, None, self.assumed)

    def of_user(self, formula: Formula, resource: str, user: str, period: Period = ALWAYS) -> Satisfiability:
        """Whether the formula can hold for the user, in the period."""
        when = None if period == ALWAYS else period
        return self.world.settle(formula, resource, DeclaredUser(user), when, self.assumed)

    def looks(self, formula: Formula) -> Looks:
        return self.world.prover.looking.of(formula)

    @cached_property
    def holders(self) -> dict[str, tuple[str, ...]]:
        """Roles, and the users who have them now from any source, in order."""
        found: dict[str, list[str]] = {}
        for user in sorted(self.world.index.users):
            for name in roles_inside(self.world, *sources(self.world.index, user, self.world.now)):
                found.setdefault(name, []).append(user)
        return {role: tuple(users) for role, users in found.items()}

    # --- policies ----------------------------------------------------------------------------------------

    def true(self, instance: ir.PolicyInstance) -> Satisfiability:
        """``UNSAT``: no record makes the policy true."""
        return self._true(instance.condition, instance.resource)

    @cached_method
    def _true(self, condition: c.Condition, resource: str) -> Satisfiability:
        return self.anybody(policy_never_true(condition), resource)

    def untrue(self, instance: ir.PolicyInstance) -> Satisfiability:
        """``UNSAT``: every record makes the policy true."""
        return self._untrue(instance.condition, instance.resource)

    @cached_method
    def _untrue(self, condition: c.Condition, resource: str) -> Satisfiability:
        return self.anybody(policy_always_true(condition), resource)

    def together(self, instances: Iterable[str]) -> Satisfiability:
        """``UNSAT``: no record makes all of these policies on one resource true."""
        return self._together(frozenset(instances))

    @cached_method
    def _together(self, instances: frozenset[str]) -> Satisfiability:
        first = self.world.index.instances[min(instances)]
        if len(instances) == 1:
            return self.true(first)
        return self.anybody(contradictory_limits(self._conditions(instances)), first.resource)

    def implied(self, others: Iterable[str], one: str) -> Satisfiability:
        """``UNSAT``: wherever all the others are true, the one is."""
        return self._implied(frozenset(others), one)

    @cached_method
    def _implied(self, others: frozenset[str], one: str) -> Satisfiability:
        wanted = self.world.index.instances[one]
        if one in others:
            return UNSAT
        if not others:
            return self.untrue(wanted)
        return self.anybody(redundant_policy(self._conditions(others), wanted.condition), wanted.resource)

    def _conditions(self, instances: frozenset[str]) -> Iterator[c.Condition]:
        return (self.world.index.instances[each].condition for each in sorted(instances))


def for_complete(world: World) -> Questions:
    """Questions about complete records. ``world.once(for_complete)``"""
    return Questions(world, COMPLETE)


def claims(
    world: World,
    rule: Callable[[World, Questions], Iterable[Finding]],
    about: Callable[[Finding], Hashable] = lambda finding: finding.at,
) -> Iterator[Finding]:
    """What a rule finds about complete records: as it is what holds for every record, request and user there can be,
    the rest as what it is. ``about``: what the findings are told apart by.
    """
    found = list(rule(world, world.once(for_complete)))
    if not found:
        return
    certain = {about(each): each for each in rule(world, world.once(Questions)) if not each.unproved}
    for finding in found:
        yield finding if finding.unproved else certain.get(about(finding)) or of_complete_records(finding)


def of_complete_records(finding: Finding) -> Finding:
    """The finding as one that holds for complete records only."""
    return msgspec.structs.replace(
        finding,
        message=f"for complete records, {finding.message}",
        help=None if finding.help is None else f"{finding.help}; ignore this if records may lack required attributes",
        proved=None if finding.proved is None else f"for complete records: {finding.proved}",
        complete_only=True,
    )


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
