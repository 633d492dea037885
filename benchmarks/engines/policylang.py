"""policylang itself, by its public functions."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

import policylang
from benchmarks.engines.workload import Form, Request

FROM_JSON = "allows, times as text"


def forms(policy_set: policylang.PolicySet, requests: Sequence[Request]) -> dict[str, Form]:
    """One decision at a time, as an object and as a yes or no; many at a time; and with records as JSON gives them."""
    decide, allows, decide_many = policy_set.decide, policy_set.allows, policy_set.decide_many
    mappings = [request._asdict() for request in requests]
    as_text = [request._replace(record=_as_text(request)) for request in requests]

    def one_by_one(begin: int, end: int) -> list[bool]:
        return [decide(u, a, resource, r, now=now).allowed for u, a, resource, r, now in requests[begin:end]]

    def yes_or_no(begin: int, end: int) -> list[bool]:
        return [allows(u, a, resource, r, now=now) for u, a, resource, r, now in requests[begin:end]]

    def many(begin: int, end: int) -> list[bool]:
        return [decision.allowed for decision in decide_many(mappings[begin:end])]

    def from_json(begin: int, end: int) -> list[bool]:
        return [allows(u, a, resource, r, now=now) for u, a, resource, r, now in as_text[begin:end]]

    return {"decide": one_by_one, "allows": yes_or_no, "decide_many": many, FROM_JSON: from_json}


def _as_text(request: Request) -> dict[str, Any]:
    """The record with times as in JSON."""
    return {
        name: value.isoformat() if isinstance(value, datetime.datetime) else value
        for name, value in request.record.items()
    }
