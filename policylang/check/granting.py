"""Every grant that anybody could get: roles can be given to anybody, whoever has them today."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from policylang.analysis.formula import AllOf, Formula, all_true
from policylang.analysis.questions import append_does_nothing
from policylang.analysis.satisfiability import UNSAT, Satisfiability
from policylang.check.limits import Questions
from policylang.check.world import World
from policylang.ir import nodes as ir
from policylang.ir.nesting import Name
from policylang.runtime.grants import granted_by, limiting
from policylang.runtime.index import Index, Permission
from policylang.runtime.parts import grant_fields
from policylang.runtime.sources import layers


class Granting(msgspec.Struct, frozen=True):
    """An action that a role or group grants, under the limits that it says itself: what is around it only narrows that.
    ``user``: whose overriding policies stand in place of the limits, if anybody's do. ``owner``: in whose block it
    stands, where it is in one.
    """

    by: Name
    resource: str
    action: str
    limits: frozenset[str]
    fields: frozenset[str]
    user: str | None = None
    owner: str | None = None

    def beside(self, index: Index, other: Name | None) -> bool:
        """Whether somebody could have this and the other role or group, or what is for everyone. Nobody is in two
        groups, or has the blocks of two users.
        """
        if other is None or self.by == other:
            return True
        if self.owner is not None and _owner(index, other) is not None:
            return False
        return "role" in (self.by[0], other[0])

    def reach(self, index: Index) -> Formula:
        """The records that it reaches."""
        return all_true(index.instances[limit].condition for limit in sorted(self.limits))

    def settle(self, questions: Questions, formula: Formula) -> Satisfiability:
        """Whether the formula about these records can hold for whoever has it."""
        if self.user is None:
            return questions.anybody(formula, self.resource)
        return questions.of_user(formula, self.resource, self.user)


def _owner(index: Index, name: Name) -> str | None:
    """The user whose block a role is."""
    return index.roles[name[1]].owner if name[0] == "role" else None


def _grants_by_anybody(world: World) -> Iterator[Granting]:
    """Every grant in every role and group, each once, and those of groups that users override the limits of."""
    found: dict[Granting, None] = {}
    for source, _bundle in world.bundles:
        for each in granted_by(world.index, source, layers(world.index, source)[0]):
            limits = frozenset(limit.instance for limit in each.limits)
            fields = grant_fields(world.index, each.grant)
            by, owner = source.bundle_name, _owner(world.index, source.bundle_name)
            found[Granting(by, each.grant.resource, each.action, limits, fields, None, owner)] = None
    yield from found
    for kind in world.user_classes:
        resources = dict.fromkeys(world.instance(policy.limit).resource for policy in kind.declared.overrides)
        if kind.declared.group is None or not resources:
            continue
        group: Name = ("group", kind.declared.group.name)
        for who in dict.fromkeys(who for _, who in world.all_periods(kind.first)):
            for resource in resources:
                for action in world.index.actions[resource]:
                    for way in world.plan(who, action, resource).ways:
                        if way.source.kind == "group":
                            yield Granting(group, resource, action, way.limit_ids, way.fields, kind.first)


def grants_by_permission(world: World) -> dict[Permission, list[Granting]]:
    """Resource and action, and every grant of it. ``world.once(grants_by_permission)``"""
    found: dict[Permission, list[Granting]] = {}
    for granting in _grants_by_anybody(world):
        found.setdefault((granting.resource, granting.action), []).append(granting)
    return found


def may_narrow(questions: Questions, user: str, append: ir.UserPolicy, left: Sequence[ir.UserPolicy]) -> bool:
    """Whether an append of a user, beside those that are left, would keep something away that a role grants which the
    user could be given.
    """
    world = questions.world
    instance = world.instance(append.limit)
    for granting in world.once(_by_roles):
        resource, action = granting.resource, granting.action
        could_have = granting.owner in (None, user)
        if could_have and limiting(world.index, (append.limit,), resource, action):
            others = limiting(world.index, (each.limit for each in left), resource, action)
            rest = all_true(world.instance(limit).condition for limit in others)
            formula = append_does_nothing(AllOf((granting.reach(world.index), rest)), instance.condition)
            if questions.of_user(formula, instance.resource, user) is not UNSAT:
                return True
    return False


def _by_roles(world: World) -> tuple[Granting, ...]:
    """What bypasses policies is not limited."""
    return tuple(
        each
        for each in _grants_by_anybody(world)
        if each.by[0] == "role" and not world.index.actions[each.resource][each.action].bypasses_policies
    )
