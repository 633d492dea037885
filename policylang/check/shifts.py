"""Assignments of some hours or days that lie beside the hours of the policies on what they give."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.analysis.formula import all_true
from policylang.analysis.query import DeclaredUser, Query
from policylang.analysis.satisfiability import UNKNOWN, UNSAT
from policylang.check.finding import Finding, counted, related
from policylang.check.limits import Questions
from policylang.check.world import UserClass, World
from policylang.diagnostics import listed
from policylang.ir import nodes as ir
from policylang.model import conditions as c
from policylang.runtime.access import dates_in_words
from policylang.runtime.clock import begin_of, end_of
from policylang.runtime.grants import Granted
from policylang.runtime.sources import RightsSource


def missed_shifts(world: World, questions: Questions, kind: UserClass) -> Iterator[Finding]:
    """The assignments of users in whose time no record satisfies the limits of a grant, which has others."""
    for each in kind.declared.assignments:
        lost = kind.declared.terminated and not world.index.roles[each.role].essential
        if each.start is not None and each.until is not None and not lost:
            for resource, found in _by_resource(world, each).items():
                yield from _missed(world, questions, kind, each, resource, found)


def _by_resource(world: World, each: ir.Assignment) -> dict[str, list[Granted]]:
    """What the role brings that is limited by the clock."""
    found: dict[str, list[Granted]] = {}
    for grant in world.grants(RightsSource("role", each.role)):
        conditions = (world.index.instances[limit.instance].condition for limit in grant.limits)
        if any(isinstance(test, c.Hours | c.Weekdays) for condition in conditions for test in condition.tests()):
            found.setdefault(grant.grant.resource, []).append(grant)
    return found


def _missed(
    world: World, questions: Questions, kind: UserClass, each: ir.Assignment, resource: str, found: list[Granted]
) -> Iterator[Finding]:
    begin, end = begin_of(each, world.index.timezone), end_of(each, world.index.timezone)
    if begin is None or end is None:
        return
    who = DeclaredUser(kind.first)
    missed: dict[tuple[ir.Limit, ...], list[str]] = {}
    doubt = False
    for grant in found:
        formula = all_true(world.index.instances[limit.instance].condition for limit in grant.limits)
        if questions.anybody(formula, resource) is UNSAT:
            continue  # told of the limits themselves
        answer = world.prover.settle(Query(formula, resource, begin, questions.assumed, who, begin, end))
        if answer in (UNSAT, UNKNOWN):
            doubt = doubt or answer is UNKNOWN
            missed.setdefault(grant.limits, []).append(grant.action)
    for limits, actions in missed.items():
        names = listed(list(dict.fromkeys(f"`{limit.instance}`" for limit in limits)), "and")
        yield Finding(
            code="PL201",
            message=f"no `{resource}` can satisfy {names} while `{each.role}` is assigned to {counted(kind.users)}, "
            f"{dates_in_words(each)}, so {', '.join(dict.fromkeys(actions))} reaches none",
            at=each.at,
            users=kind.users,
            help="change the times of the assignment or the hours of the policies",
            related=tuple(related(limit.at, "limited here") for limit in limits),
            unproved=doubt,
            proved=None if doubt else "at no instant of the assignment does a record make them true",
        )
