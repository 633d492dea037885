"""How much the rules looked at."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from policylang.ir import nodes as ir


class Extent(msgspec.Struct):
    """``statements`` as they are written, ``users``, of whom ``grouped`` are in ``groups``, and the ``questions`` that
    had to be settled by proof.
    """

    statements: int = 0
    users: int = 0
    grouped: int = 0
    groups: int = 0
    questions: int = 0

    def add(self, policy_set: ir.PolicySet, questions: int) -> None:
        """Count one policy set more."""
        grouped = [user.group.name for user in policy_set.users if user.group is not None]
        self.statements += len(set(_statements(policy_set)))
        self.users += len(policy_set.users)
        self.grouped += len(grouped)
        self.groups += len(set(grouped))
        self.questions += questions


def _statements(of: ir.PolicySet) -> Iterator[str]:
    """The places of the declarations, and of what roles, groups and users say in their blocks."""
    for declared in (
        *(of.resources, of.policies, of.features, of.places, of.tasks, of.jobs, of.roles, of.groups, of.users),
        *(of.integrations, of.separations, of.invariants, of.reviews, of.denies),
    ):
        yield from (each.at for each in declared)
    bundles: tuple[ir.Role | ir.Group, ...] = (*of.roles, *of.groups)
    for bundle in bundles:
        for said in (bundle.grants, bundle.denies, bundle.limits, bundle.roles, bundle.may_assign):
            yield from (each.at for each in said)
    for user in of.users:
        for given in (user.assignments, user.appends, user.overrides):
            yield from (each.at for each in given)
