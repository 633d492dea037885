"""What PostgreSQL cannot express in a policy set, beyond whole constructs."""

from __future__ import annotations

from policylang.model import conditions as c
from policylang.model.types import Duration, IpType
from policylang.runtime.index import Index
from policylang.targets.needs import asked_conditions
from policylang.targets.postgres.names import MAX_BYTES
from policylang.targets.target import Refusals

_LONGEST_MONTHS = 12 * 1000
"""Of a duration. Longer ones lead out of the calendar."""


def refuse_rows(step: str, at: str, refuse: Refusals, help: str) -> None:
    """Refuses to follow an attribute of a user or of the request to a record."""
    refuse("PL801", f"PostgreSQL cannot follow `{step}`: users and requests hold no rows", at, help)


def refuse_unmapped(does: str, resource: str, at: str, refuse: Refusals) -> None:
    """Refuses a resource without a table; ``does``: what the condition does with it."""
    message = f"the condition {does} `{resource}`, which is not in the database"
    refuse("PL801", message, at, "name its table in `targets: postgres: tables:` in `policylang.yaml`")


def refuse_long(name: str, at: str, refuse: Refusals, help: str) -> None:
    refuse("PL803", f"PostgreSQL cuts names after {MAX_BYTES} bytes: `{name}`", at, help)


def refuse_zone(written: c.Constant, at: str, refuse: Refusals) -> None:
    if isinstance(written.type, IpType) and "%" in str(written.value):
        message = f"`{written.value}`: PostgreSQL's addresses have no zones"
        refuse("PL803", message, at, "remove the zone after `%`")


def fitting_length(test: c.Time, refuse: Refusals) -> Duration | None:
    """How long a time test reaches; null if that is refused."""
    if not isinstance(test.duration, c.Constant):
        message = "PostgreSQL cannot express a duration that is an attribute"
        refuse("PL801", message, test.at, "write the duration into the policy")
        return None
    length = test.duration.value
    assert isinstance(length, Duration)
    months = {"months": 1.0, "days": 12 / 365, "minutes": 12 / 365 / 24 / 60}[length.unit] * length.amount
    if months > _LONGEST_MONTHS:
        refuse("PL803", f"{length} exceed PostgreSQL's calendar", test.at, "write 1,000 years at most")
        return None
    return length


def refuse_texts(index: Index, refuse: Refusals) -> None:
    """PostgreSQL's texts hold everything but NUL."""
    policy_set = index.policy_set
    named: list[tuple[str, str]] = [(user.id, user.at) for user in policy_set.users]
    named += [(place.name, place.at) for place in policy_set.places]
    for user in policy_set.users:
        for given in user.attributes:
            for value in given.values:
                refuse_zone(value, given.at, refuse)
                named.append((str(value.value), given.at))
    conditions = asked_conditions(index, attached=False)
    named += [(str(v.value), v.at) for _, condition, _ in conditions for v in condition.constants()]
    for text, at in named:
        if "\0" in text:
            refuse("PL803", "text in PostgreSQL cannot contain a NUL character", at, "leave it out")
