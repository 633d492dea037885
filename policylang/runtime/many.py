"""Many decisions at a time. Requests of a list that one plan decides are decided together, by the function of the plan
for many records; all others one by one, each spared what it has in common with the one before it.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from datetime import UTC
from itertools import chain
from operator import itemgetter
from typing import Any

from policylang.runtime.compiled import NOT_CLEAR, Engine, Kept, UnclearError
from policylang.runtime.reference import Decision

_COMMON = ("user", "action", "resource", "now", "request")
_ARGUMENTS = frozenset((*_COMMON, "record", "field", "changes"))
_TELLS = frozenset(("user", "action", "resource", "now"))
"""What requests can be put together by."""

_FEW, _OFTEN = 16, 5
"""How many requests of a list are looked at first, and how often what they say has to come up there on average for
putting them together to pay.
"""

_record_of = itemgetter("record")


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
    found = None
    listed: list[Any] = requests if type(requests) is list else []  # in which nothing changes while it is read
    if listed and user is not None and action is not None and resource is not None and now is not None:
        found = _of_one_plan(engine, listed, 1, user, action, resource, now, request)
    if found is None:
        given = zip(_COMMON, (user, action, resource, now, request), strict=True)
        common = {name: value for name, value in given if value is not None}
        found = _by_plans(engine, listed, common) or _one_by_one(engine, requests, common)
    return found


def _of_one_plan(
    engine: Engine,
    requests: Iterable[Any],
    count: int,
    user: Any = None,
    action: Any = None,
    resource: Any = None,
    now: Any = None,
    request: Any = None,
) -> list[Decision] | None:
    """The decisions, if nothing about the requests is unusual or new, and each says as many things as told: its record,
    and what all of them have in common.
    """
    if not (type(user) is type(action) is type(resource) is str):
        return None
    try:
        if now.tzinfo is not UTC or not 1 < now.year < 9999 or not _is_usual(request):
            return None
        kept = engine.quick[user][resource, action]
        names: list[str] = []
        found: list[Decision] | None = kept[2]()(requests, count, user, request, now, kept[1], kept, names)
        usual = found is not None and all(found) and _are_texts(names)
    except (LookupError, TypeError, AttributeError, *NOT_CLEAR):
        return None
    return found if usual else None


def _by_plans(engine: Engine, requests: list[Any], common: dict[str, Any]) -> list[Decision] | None:
    """The decisions, if all requests say things of the same names, and many say the same."""
    first: dict[str, Any] = requests[0] if requests and type(requests[0]) is dict else {}
    names = [name for name in first if name != "record"]
    if not names or not _TELLS.issuperset(names):
        return None
    told = itemgetter(*names)
    try:
        if len(set(map(told, requests[:_FEW]))) * _OFTEN > len(requests[:_FEW]):
            return None
        keys = [*map(told, requests)]
        groups: dict[Any, list[Any]] = {key: [] for key in dict.fromkeys(keys)}
    except (KeyError, TypeError):
        return None
    for key, each in zip(keys, requests, strict=True):
        groups[key].append(each)
    found = {}
    for key, group in groups.items():
        own = dict(zip(names, key if len(names) > 1 else (key,), strict=True))
        decisions = _of_one_plan(engine, group, len(first), **{**common, **own})
        found[key] = iter(_one_by_one(engine, group, common) if decisions is None else decisions)
    return [*map(next, map(found.__getitem__, keys))]


def _one_by_one(engine: Engine, requests: Iterable[Mapping[str, Any]], common: dict[str, Any]) -> list[Decision]:
    found: list[Decision] = []
    common_now: Any = common.get("now")
    request = common.get("request")
    few = {name: value for name, value in common.items() if name != "request"}
    whole = not few.keys() - {"now"}
    usual = _is_usual(request)
    user = action = resource = None
    checked: Any = object()  # the instant that was looked at last
    kept: Kept = ()
    plain = type(requests) is list and _bring_records(requests)
    for each in requests:
        answer = None
        if usual and type(each) is dict:
            try:
                asked = each if whole else {**few, **each}
                asks, what, about, record = asked["user"], asked["action"], asked["resource"], asked["record"]
                count = len(asked)
                now = common_now if count == 4 else asked["now"]
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
                if not plain:
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


def _bring_records(requests: list[Any]) -> bool:
    """Whether each has a record that is a dictionary with texts for names: all at once is quicker than one by one."""
    try:
        records = [*map(_record_of, requests)]
    except (LookupError, TypeError):
        return False
    return {dict}.issuperset(map(type, records)) and _are_texts(chain.from_iterable(records))


def _is_usual(request: Any) -> bool:
    """Whether there is none, or it is a dictionary with texts for names."""
    return request is None or (type(request) is dict and _are_texts(request))


def _are_texts(names: Iterable[Any]) -> bool:
    """Whether all are texts: what is only equal to one is none."""
    try:
        "".join(names)  # the quickest way to see that
    except TypeError:
        return False
    return True
