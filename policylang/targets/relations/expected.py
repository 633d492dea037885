"""What the bundle's own tests ask and expect."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import msgspec

from policylang.runtime.reference import answer
from policylang.runtime.request import Request
from policylang.targets.relations.objects import Tuple
from policylang.targets.relations.plan import RelationPlan
from policylang.targets.relations.request import Check, question
from policylang.targets.relations.validity import validity
from policylang.targets.target import Input

_MOST = 200
_ANY = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)


class Expected(msgspec.Struct, frozen=True):
    """Checks of records that only tests know, with the context that they are asked with, the answer and a name."""

    name: str
    tuples: tuple[Tuple, ...]
    checks: tuple[Check, ...]
    context: Mapping[str, Any]
    allowed: bool


def expected(plan: RelationPlan, input: Input) -> list[Expected]:
    """The scenarios that can be said in checks, then what each user may do with a record without attributes.

    A denial is said only where one check decides it: of several, some may hold.
    """
    found = []
    since, until = validity(plan.index, input.now)
    for number, scenario in enumerate(input.scenarios):
        asked = scenario.asked
        if (since is not None and asked.now < since) or (until is not None and asked.now >= until):
            continue
        try:
            made = question(plan, id=f"scenario {number}", **msgspec.structs.asdict(asked))
        except ValueError:
            continue
        if scenario.allowed or len(made.checks) == 1:
            found.append(Expected(scenario.name, made.tuples, made.checks, made.context, scenario.allowed))
    return [*found[:_MOST], *_without_attributes(plan, input.now or _ANY)]


def _without_attributes(plan: RelationPlan, now: datetime.datetime) -> list[Expected]:
    asked = [
        (user, action.name, resource.name)
        for user in plan.index.requesters
        for resource in plan.index.policy_set.resources
        for action in resource.actions
    ]
    step = -(-len(asked) // _MOST) or 1
    found = []
    for user, action, resource in asked[::step]:
        made = question(plan, user, action, resource, {}, now=now, id="a record without attributes")
        allowed = answer(plan.index, Request(user, action, resource, {}, now)).allowed
        found.append(Expected("records without attributes", made.tuples, made.checks, made.context, allowed))
    return found
