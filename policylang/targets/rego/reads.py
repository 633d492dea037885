"""What conditions look at: what requests have to bring, and what the tables have to know."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from policylang.model import conditions as c
from policylang.model.types import Duration
from policylang.runtime.index import Index
from policylang.targets.rego.conditions import brought_as
from policylang.targets.ways import is_way, with_ways


class RegoReads(msgspec.Struct):
    """What conditions look at: of records by resource and path, of requests by path, and of users by the
    steps of the path.
    """

    record: dict[str, dict[str, c.Path]]
    request: dict[str, c.Path]
    users: dict[tuple[str, ...], c.Path]


def reads(index: Index) -> RegoReads:
    """What requests have to bring, and what the tables have to know of users."""
    found = RegoReads({name: {} for name in index.resources}, {}, {})
    for resource, condition in index.conditions():
        for whole in _paths(with_ways(condition)):
            path, then = index.to_user(resource, whole)
            if then and is_way(then[-1]):
                continue  # refused
            if then:
                found.users[then] = c.Path("subject", then, whole.type, whole.at)
            if path.root == "record":
                found.record[resource][brought_as(path)] = path
            elif path.root == "request":
                found.request[brought_as(path)] = path
    for resource, declared in index.resources.items():
        if declared.place is not None:
            type_ = index.attributes[resource][declared.place].type
            found.record[resource][declared.place] = c.Path("record", (declared.place,), type_, declared.at)
    found.record = {name: dict(sorted(paths.items())) for name, paths in found.record.items()}
    found.request = dict(sorted(found.request.items()))
    return found


def _paths(condition: c.Condition) -> Iterator[c.Path]:
    return (side for side in condition.operands() if isinstance(side, c.Path))


def months(index: Index) -> set[int]:
    """The months that conditions and users' attributes count; requests bring what lies that long away."""
    written = [each.value for _, condition in index.conditions() for each in condition.constants()] + [
        v.value for user in index.users.values() for given in user.attributes for v in given.values
    ]
    return {each.amount for each in written if isinstance(each, Duration) and each.unit == "months"}
