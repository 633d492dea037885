"""Requests that a policy set can be asked at once: for READMEs, and for tests where a policy set has no scenarios."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from itertools import islice

from policylang.ir import nodes as ir
from policylang.model.types import UserType
from policylang.runtime.grants import granted, profile
from policylang.runtime.index import Index
from policylang.runtime.reference import answer
from policylang.runtime.request import Request
from policylang.targets.target import Scenario

NOW = datetime.datetime(2026, 1, 31, 8, tzinfo=datetime.UTC)
"""When they are asked, if nothing else is said."""
NOBODY = "nobody"

_MOST = 20


def example_request(index: Index) -> Request:
    """The first that is allowed, or the first of all."""
    every = list(islice(_requests(index, NOW), _MOST))
    return next((each for each in every if answer(index, each).allowed), every[0])


def example_scenarios(policy_set: ir.PolicySet, now: datetime.datetime | None) -> tuple[Scenario, ...]:
    """A few such requests, and one of somebody whom the policy set does not know, with the reference's answers."""
    index = Index(policy_set)
    at = now or NOW
    asked = list(islice(_requests(index, at), _MOST))
    known = index.requesters
    strangers = [Request(NOBODY, each.action, each.resource, {}, at, {}) for each in asked[:1] if NOBODY not in known]
    return tuple(
        Scenario(f"example: {each.user} {each.action} {each.resource}", each, answer(index, each).allowed)
        for each in (*strangers, *asked)
    )


def _requests(index: Index, now: datetime.datetime) -> Iterator[Request]:
    """One for each action that somebody is granted; for each that there is, if nobody is granted anything."""
    some = False
    for user in index.requesters:
        permissions = {
            (each.grant.resource, each.action): None
            for source in profile(index, user, now).sources
            for each in granted(index, source)
        }
        for resource, action in permissions:
            some = True
            yield Request(user, action, resource, _record(index, user, action, resource, now), now, {})
    if not some:
        for resource, actions in index.actions.items():
            for action in actions:
                yield Request(NOBODY, action, resource, {}, now, {})


def _record(index: Index, user: str, action: str, resource: str, now: datetime.datetime) -> dict[str, str]:
    """A record of which nothing is known or, where that is not open, one of the user's own, if that is."""
    named = {name: user for name, each in index.attributes[resource].items() if isinstance(each.type, UserType)}
    for record in ({}, named):
        if answer(index, Request(user, action, resource, record, now, {})).allowed:
            return record
    return {}
