"""A quarter of decisions about the people of `policies/tracktik`, for examples of `policylang usage`.

`python -m tools.quarter policies/tracktik quarter.jsonl` writes the log, the same each time.
"""

from __future__ import annotations

import datetime
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import policylang
from policylang.decisionlog.entry import FORMAT, LoggedDecision, encode
from policylang.model import types

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
WEEKS = 13
NEVER = frozenset({("data_lab", "view"), ("conditional_report", "design"), ("role_assignment", "revoke")})
"""What nobody does, though some may."""
IDLE = frozenset({"pia@guard.test", "evan@guard.test"})
"""Who does nothing."""
OPEN_ONLY = frozenset({("dora@guard.test", "view", "incident")})
"""Of these nobody asks for what is closed, though they may."""
TRIED = (("gita@guard.test", "view", "employee"), ("dora@guard.test", "create", "shift"))
"""What is tried each week in vain."""

_PEOPLE = ("gita@guard.test", "hugo@guard.test", "rex@guard.test", "cleo@client.test")
_DAYS = (-1, 3, -40, 100, -80, 7, -200)
_VARIANTS = 10
_OFFICE = {"ip": "10.1.2.3"}

Record = dict[str, Any]


def write_quarter(policies: Path, log: Path) -> None:
    """Write the log: each week everybody does once, at each site, what they may do, to some kind of record."""
    policy_set = policylang.load(policies)
    begin = NOW - datetime.timedelta(weeks=WEEKS, hours=1)
    asked = [*_usual(policy_set), *((*each, [0], "Harbour Tower") for each in TRIED)]
    with log.open("wb") as file:
        for number in range(WEEKS * len(asked)):
            week, which = divmod(number, len(asked))
            user, action, resource, variants, site = asked[which]
            time = begin + datetime.timedelta(weeks=week, seconds=which * 37)
            record = _record(policy_set, resource, user, site, variants[week % len(variants)], time)
            allowed = policy_set.allows(user, action, resource, record, now=time, request=_OFFICE)
            if not allowed and (user, action, resource) not in TRIED:
                continue  # what somebody may do now and might not yet
            said = time.isoformat().replace("+00:00", "Z")
            entry = LoggedDecision(
                FORMAT, said, str(number), policy_set.digest, user, action, resource, allowed, (), 9, said,
                record=record, request=_OFFICE,
            )  # fmt: skip
            file.write(encode(entry) + b"\n")


def _usual(policy_set: policylang.PolicySet) -> Iterator[tuple[str, str, str, list[int], str]]:
    """What somebody may do at a site, and to which kinds of records."""
    whole = policy_set.index.policy_set
    sites = [place.name for place in whole.places if place.kind == "site"]
    users = sorted({*policy_set.users, *(each.name for each in whole.integrations)} - IDLE)
    actions = [(resource, action) for resource in policy_set.resources for action in policy_set.actions(resource)]
    for user in users:
        for resource, action in actions:
            if (resource, action) not in NEVER:
                for site in sites if "site" in policy_set.index.attributes[resource] else sites[:1]:
                    variants = _allowed(policy_set, user, action, resource, site)
                    if variants:
                        yield user, action, resource, variants, site


def _allowed(policy_set: policylang.PolicySet, user: str, action: str, resource: str, site: str) -> list[int]:
    found = []
    for variant in range(_VARIANTS):
        record = _record(policy_set, resource, user, site, variant, NOW)
        is_asked = (user, action, resource) not in OPEN_ONLY or record["status"] == "open"
        if is_asked and policy_set.allows(user, action, resource, record, now=NOW, request=_OFFICE):
            found.append(variant)
    return found


def _record(
    policy_set: policylang.PolicySet, resource: str, user: str, site: str, variant: int, now: datetime.datetime
) -> Record:
    """A record with everything that it must have, and nothing sensitive."""
    found: Record = {}
    for name, each in policy_set.index.attributes[resource].items():
        if not each.sensitive and (not each.optional or isinstance(each.type, types.UserType)):
            found[name] = _value(each.type, user, site, variant, now)
    return found


def _value(type: types.Type, user: str, site: str, variant: int, now: datetime.datetime) -> Any:
    day = now + datetime.timedelta(days=_DAYS[variant % len(_DAYS)])
    match type:
        case types.UserType():
            return (user, *_PEOPLE)[variant % 5]
        case types.DateTimeType():
            return day.isoformat()
        case types.DateType():
            return day.date().isoformat()
        case types.BoolType():
            return variant % 2 == 1
        case types.EnumType():
            return type.values[variant // 2 % len(type.values)]
        case types.PlaceType():
            return site
        case types.MoneyType():
            return 100 * (1 + variant)
        case types.RecordType():
            return {"name": f"{type.resource} {variant}"}
        case _:
            return f"text {variant}"


if __name__ == "__main__":
    write_quarter(*map(Path, sys.argv[1:]))
