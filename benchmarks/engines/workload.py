"""The requests, and whether the engines agree about them."""

from __future__ import annotations

import datetime
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from benchmarks.generate import ACTIONS, RESOURCES, STATUSES, Group

# Decides the requests from the first index up to the second one.
Form = Callable[[int, int], list[bool]]

_BEGIN = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)


class Request(NamedTuple):
    """Who wants to do what with which record, and when. Datetimes are those of Python, in UTC."""

    user: str
    action: str
    resource: str
    record: dict[str, Any]
    now: datetime.datetime


def requests(groups: Sequence[Group], count: int, seed: int = 4) -> list[Request]:
    """Requests of users all over the groups, about half of them to be allowed. The same arguments, the same list.

    Nine of ten ask for something that the group grants at least on some records. One record in twenty lacks an
    attribute. Each request comes a second after the one before.
    """
    rng = random.Random(seed)
    return [_request(rng, groups, _BEGIN + datetime.timedelta(seconds=n)) for n in range(count)]


def _request(rng: random.Random, groups: Sequence[Group], now: datetime.datetime) -> Request:
    group = rng.choice(groups)
    grant = rng.choice(group.grants)
    resource, action, limit = grant.resource, rng.choice(grant.actions), grant.limit
    if rng.random() < 0.1:
        resource, action = rng.choice(list(RESOURCES)), rng.choice(ACTIONS)
    days = limit if isinstance(limit, int) else 30
    values = {
        "created": now - datetime.timedelta(seconds=rng.randrange(int(days * 2.2 * 86_400))),
        "sales_rep": group.user if rng.random() < 0.5 else rng.choice(groups).user,
        "status": rng.choice(STATUSES),
    }
    record = {name: values[name] for name in RESOURCES[resource]}
    if rng.random() < 0.05:
        del record[rng.choice(list(record))]
    return Request(group.user, action, resource, record, now)


def microseconds(instant: datetime.datetime) -> int:
    """Since 1970, exactly: the form of a time that engines without datetimes compare fastest."""
    return (instant - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)) // datetime.timedelta(microseconds=1)


def numeric(request: Request) -> dict[str, Any]:
    """The record with its times as whole microseconds."""
    return {
        name: microseconds(value) if isinstance(value, datetime.datetime) else value
        for name, value in request.record.items()
    }


def disagreement(
    asked: Sequence[Request], expected: Sequence[bool], answers: Mapping[str, Sequence[bool]]
) -> str | None:
    """The first request that an engine decides differently, in words; ``None`` where all agree.

    Each list of answers is for as many of the first requests as it is long.
    """
    for name, own in answers.items():
        for request, wanted, answer in zip(asked, expected, own, strict=False):
            if answer is not wanted:
                return f"{name} says {answer}, policylang says {wanted}: {request}"
    return None
