"""What PostgreSQL cannot express in a policy set, beyond whole constructs."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.ir import nodes as ir
from policylang.model import conditions as c
from policylang.model.types import Duration, IpType
from policylang.targets.target import Refusals

LONGEST_MONTHS = 12 * 1000
"""Of a duration. Longer ones lead out of the calendar."""


def refuse_zone(written: c.Constant, at: str, refuse: Refusals) -> None:
    if isinstance(written.type, IpType) and "%" in str(written.value):
        message = f"`{written.value}`: PostgreSQL's addresses have no zones"
        refuse("PL803", message, at, "leave the zone behind `%` out")


def fitting_length(test: c.Time, refuse: Refusals) -> Duration | None:
    """How long a time test reaches; null if that is refused."""
    if not isinstance(test.duration, c.Constant):
        message = "PostgreSQL cannot express a duration that is an attribute"
        refuse("PL801", message, test.at, "write the duration into the policy")
        return None
    length = test.duration.value
    assert isinstance(length, Duration)
    months = {"months": 1.0, "days": 12 / 365, "minutes": 12 / 365 / 24 / 60}[length.unit] * length.amount
    if months > LONGEST_MONTHS:
        refuse("PL803", f"{length} lead out of PostgreSQL's calendar", test.at, "write 1,000 years at most")
        return None
    return length


def refuse_texts(policy_set: ir.PolicySet, refuse: Refusals) -> None:
    """PostgreSQL's texts hold everything but NUL."""
    named: list[tuple[str, str]] = [(user.id, user.at) for user in policy_set.users]
    named += [(place.name, place.at) for place in policy_set.places]
    for user in policy_set.users:
        for given in user.attributes:
            for value in given.values:
                refuse_zone(value, given.at, refuse)
                named.append((str(value.value), given.at))
    named += [(str(v.value), v.at) for each in _conditions(policy_set) for v in each.constants()]
    for text, at in named:
        if "\0" in text:
            refuse("PL803", "PostgreSQL's texts hold no NUL character", at, "leave it out")


def _conditions(policy_set: ir.PolicySet) -> Iterator[c.Condition]:
    yield from (instance.condition for instance in policy_set.policy_instances)
    yield from (deny.condition for deny in policy_set.every_deny() if deny.condition is not None)
