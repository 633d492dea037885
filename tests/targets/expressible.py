"""What is left of a policy set when the statements are taken out that a target refuses."""

from __future__ import annotations

import datetime
from typing import Any

import msgspec

from policylang.ir import nodes as ir
from policylang.model import conditions as c
from policylang.pipelines.compile import compile_for
from policylang.source import Location
from policylang.targets import find_target
from policylang.targets.target import Input, TargetBundle


def expressible(target: str, policy_set: ir.PolicySet, now: datetime.datetime | None) -> tuple[ir.PolicySet, list[str]]:
    """The policy set without refused policies and denies, and why they were: code and message, each once a statement.

    Fails where something else is refused.
    """
    said: list[str] = []
    while not isinstance(found := compile_for(find_target(target), Input(policy_set, now)), TargetBundle):
        said += [f"{each.code} {each.message}" for each in found]
        refused = {each.location for each in found}
        instances = {i.id for i in policy_set.policy_instances if refused & _places(i.condition, i.at)}
        left = _without(policy_set, instances, refused)
        assert left != policy_set, said
        policy_set = left
    return policy_set, said


def _places(condition: c.Condition | None, at: str) -> set[Location]:
    found = {Location.parse(at)}
    waiting = [condition]
    while waiting:
        each = waiting.pop()
        match each:
            case None:
                continue
            case c.And(items) | c.Or(items):
                waiting += items
            case c.Not(item):
                waiting.append(item)
        found.add(Location.parse(each.at))
    return found


def _without(policy_set: ir.PolicySet, instances: set[str], refused: set[Location]) -> ir.PolicySet:
    def limits(of: tuple[ir.Limit, ...]) -> tuple[ir.Limit, ...]:
        return tuple(limit for limit in of if limit.instance not in instances)

    def policies(of: tuple[ir.UserPolicy, ...]) -> tuple[ir.UserPolicy, ...]:
        return tuple(policy for policy in of if policy.limit.instance not in instances)

    def denies(of: tuple[ir.Deny, ...]) -> tuple[ir.Deny, ...]:
        return tuple(deny for deny in of if not refused & _places(deny.condition, deny.at))

    def bundle(of: Any) -> Any:
        return msgspec.structs.replace(of, limits=limits(of.limits), denies=denies(of.denies))

    users = (
        msgspec.structs.replace(user, appends=policies(user.appends), overrides=policies(user.overrides))
        for user in policy_set.users
    )
    return msgspec.structs.replace(
        policy_set,
        groups=tuple(bundle(group) for group in policy_set.groups),
        roles=tuple(bundle(role) for role in policy_set.roles),
        users=tuple(users),
        denies=denies(policy_set.denies),
    )
