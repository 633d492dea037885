"""What conditions look at: what requests have to bring, and what the tables have to know."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from policylang.model import conditions as c
from policylang.model.types import Duration
from policylang.runtime.index import Index
from policylang.runtime.sources import Bundle
from policylang.runtime.truth import operands
from policylang.targets.rego.conditions import split


class Reads(msgspec.Struct):
    """What conditions look at: of records by resource and path, of requests by path, and paths of users' attributes."""

    record: dict[str, dict[str, c.Path]]
    request: dict[str, c.Path]
    users: set[tuple[str, ...]]


def reads(index: Index) -> Reads:
    """What requests have to bring, and what the tables have to know of users."""
    found = Reads({name: {} for name in index.resources}, {}, set())
    for resource, condition in conditions(index):
        for operand in operands_of(condition):
            if isinstance(operand, c.Path):
                path, then = split(index, resource, operand)
                if then:
                    found.users.add(then)
                if path.root == "record":
                    found.record[resource][".".join(path.steps)] = path
                elif path.root == "request":
                    found.request[".".join(path.steps)] = path
    for resource, declared in index.resources.items():
        if declared.place is not None:
            type_ = index.attributes[resource][declared.place].type
            found.record[resource][declared.place] = c.Path("record", (declared.place,), type_, declared.at)
    found.record = {name: dict(sorted(paths.items())) for name, paths in found.record.items()}
    found.request = dict(sorted(found.request.items()))
    return found


def conditions(index: Index) -> Iterator[tuple[str, c.Condition]]:
    """The conditions that decisions depend on, each with the resource it is about."""
    bundles: tuple[Bundle, ...] = (*index.groups.values(), *index.roles.values())
    limits = [limit for bundle in bundles for limit in bundle.limits]
    limits += [policy.limit for user in index.users.values() for policy in (*user.appends, *user.overrides)]
    for name in dict.fromkeys(limit.instance for limit in limits):
        yield index.instances[name].resource, index.instances[name].condition
    for deny in (*index.denies, *(deny for bundle in bundles for deny in bundle.denies)):
        if deny.condition is not None:
            yield deny.resource, deny.condition


def operands_of(condition: c.Condition) -> Iterator[c.Operand]:
    """All that the tests of a condition look at."""
    match condition:
        case c.And(items) | c.Or(items):
            for item in items:
                yield from operands_of(item)
        case c.Not(item):
            yield from operands_of(item)
        case c.In(operand, values):
            yield operand
            yield from (c.Constant(operand.type, each, condition.at) for each in values)
        case _:
            yield from operands(condition)


def months(index: Index) -> set[int]:
    """The months that conditions and users' attributes count; requests bring what lies that long away."""
    written = [each.value for _, x in conditions(index) for each in operands_of(x) if isinstance(each, c.Constant)] + [
        v.value for user in index.users.values() for given in user.attributes for v in given.values
    ]
    return {each.amount for each in written if isinstance(each, Duration) and each.unit == "months"}
