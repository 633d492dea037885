"""Many decisions at a time: about a list of records in one go, or else one by one, in a loop in which a request is
spared what it has in common with the one before it.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from datetime import UTC
from itertools import chain
from typing import Any

from policylang.runtime.compiled import NOT_CLEAR, Engine, Kept, UnclearError
from policylang.runtime.reference import Decision

_ARGUMENTS = frozenset(("user", "action", "resource", "record", "now", "request", "field", "changes"))
_COMMON = ("user", "action", "resource", "now", "request")


def decide_many(
    engine: Engine,
    requests: Iterable[Mapping[str, Any]],
    user: str | None,
    action: str | None,
    resource: str | None,
    now: datetime.datetime | None,
    request: Any,
) -> list[Decision]:
    """The other arguments are those of the requests that do not say their own."""
    if type(requests) is list and user is not None and action is not None and resource is not None:
        # nothing in a list changes between reading it and deciding
        found = _of_one_plan(engine, requests, user, action, resource, now, request)
        if found is not None:
            return found
    return _one_by_one(engine, requests, user, action, resource, now, request)


def _of_one_plan(
    engine: Engine, requests: list[Any], user: str, action: str, resource: str, now: Any, request: Any
) -> list[Decision] | None:
    """The decisions, if the requests bring nothing but records, and nothing about them is unusual or new."""
    if not (type(user) is type(action) is type(resource) is str and isinstance(now, datetime.datetime)):
        return None
    if not (_is_plain(now) and _is_usual(request)):
        return None
    try:
        kept = engine.quick[user][resource, action]
        records = [
            record
            for each in requests
            if type(each) is dict and len(each) == 1 and type(record := each["record"]) is dict
        ]
        if len(records) < len(requests) or not _have_plain_names(records):
            return None
        numbers = kept[1]
        found = [kept[numbers[key]] for key in kept[2]()(records, user, request, now)]
    except (LookupError, *NOT_CLEAR):
        return None
    return found if all(found) else None


def _one_by_one(
    engine: Engine,
    requests: Iterable[Mapping[str, Any]],
    common_user: Any,
    common_action: Any,
    common_resource: Any,
    common_now: Any,
    request: Any,
) -> list[Decision]:
    given = zip(_COMMON, (common_user, common_action, common_resource, common_now, request), strict=True)
    common = {name: value for name, value in given if value is not None}
    found: list[Decision] = []
    usual = _is_usual(request)
    user = action = resource = checked = None
    kept: Kept = ()
    for each in requests:
        answer = None
        if usual and type(each) is dict:
            try:
                record, count = each["record"], len(each)
                if count == 1:
                    asks, what, about, now = common_user, common_action, common_resource, common_now
                else:
                    asks, what, about = each["user"], each["action"], each["resource"]
                    now = common_now if count == 4 else each["now"]
                if count > 5 or type(record) is not dict:
                    raise UnclearError
                if now is not checked:
                    if now.tzinfo is not UTC or not 1 < now.year < 9999:
                        raise UnclearError
                    checked = now
                if asks is not user or what is not action or about is not resource:
                    if not type(asks) is type(what) is type(about) is str:
                        raise UnclearError
                    kept = engine.quick[asks][about, what]
                    user, action, resource = asks, what, about
                for name in record:
                    if type(name) is not str:
                        raise UnclearError
                answer = kept[kept[1][kept[0](record, asks, request, now)]]
            except (LookupError, TypeError, AttributeError, *NOT_CLEAR):
                pass
        if answer is None:
            answer = _decide(engine, each, common)
            user = None  # more may be kept by now
        found.append(answer)
    return found


def _decide(engine: Engine, given: Mapping[str, Any], common: Mapping[str, Any]) -> Decision:
    if not _ARGUMENTS.issuperset(given):
        raise TypeError(f"a request has no {', '.join(sorted(map(repr, given.keys() - _ARGUMENTS)))}")
    asked = {**common, **given}
    if asked.get("now") is None:
        raise ValueError("a request without `now`, and no `now` for all of them")
    user, action, resource = asked["user"], asked["action"], asked["resource"]
    record, request, field, changes = map(asked.get, ("record", "request", "field", "changes"))
    return engine.decide(user, action, resource, record, asked["now"], request, field, changes)


def _is_plain(now: Any) -> bool:
    """Whether it is an instant in UTC, and none at the very ends of the calendar."""
    return now.tzinfo is UTC and 1 < now.year < 9999


def _is_usual(request: Any) -> bool:
    """Whether there is none, or it is a dictionary with plain names."""
    return request is None or (type(request) is dict and _have_plain_names([request]))


def _have_plain_names(mappings: Iterable[Mapping[Any, Any]]) -> bool:
    """Whether all names are of the very type of texts."""
    return {str}.issuperset(map(type, chain.from_iterable(mappings)))
