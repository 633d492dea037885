"""Generated policy sets, made such that relations can say their conditions."""

from __future__ import annotations

from typing import Any
from zlib import crc32

import msgspec

from policylang.ir import nodes as ir
from policylang.model import conditions as c
from policylang.model.types import SetType, Type, UserType


def relational(policy_set: ir.PolicySet) -> ir.PolicySet:
    """The same with denies without conditions, and policies about the users in a record in place of its policies;
    limits on resources without users are left out.
    """
    users = {resource.name: _users(resource) for resource in policy_set.resources}
    instances = tuple(
        msgspec.structs.replace(each, condition=_condition(each, users[each.resource]))
        for each in policy_set.policy_instances
        if users[each.resource]
    )
    kept = {each.id for each in instances}
    return msgspec.structs.replace(
        policy_set,
        policy_instances=instances,
        groups=tuple(_bundle(each, kept) for each in policy_set.groups),
        roles=tuple(_bundle(each, kept) for each in policy_set.roles),
        denies=tuple(msgspec.structs.replace(each, condition=None) for each in policy_set.denies),
    )


def _users(resource: ir.Resource) -> list[tuple[str, Type]]:
    found = [(a.name, a.type) for a in resource.attributes]
    return [
        (name, type_)
        for name, type_ in found
        if isinstance(type_.of if isinstance(type_, SetType) else type_, UserType)
    ]


def _bundle(bundle: Any, kept: set[str]) -> Any:
    denies = tuple(msgspec.structs.replace(each, condition=None) for each in bundle.denies)
    limits = tuple(each for each in bundle.limits if each.instance in kept)
    return msgspec.structs.replace(bundle, denies=denies, limits=limits)


def _condition(instance: ir.PolicyInstance, users: list[tuple[str, Type]]) -> c.Condition:
    """About one or two of the users, by the id of the policy."""
    chosen = crc32(instance.id.encode())
    tests = [_test(users[(chosen + number) % len(users)], instance.at) for number in range(2)]
    match chosen // 7 % 3:
        case 0:
            return tests[0]
        case 1:
            return c.And(tuple(tests), instance.at)
    return c.Or(tuple(tests), instance.at)


def _test(user: tuple[str, Type], at: str) -> c.Condition:
    name, type_ = user
    path = c.Path("record", (name,), type_, at)
    assigned = c.Path("subject", (), UserType(None), at)
    if isinstance(type_, SetType):
        return c.Contains(path, assigned, at)
    return c.Compare("eq", path, assigned, at) if len(name) % 2 else c.Compare("eq", assigned, path, at)
