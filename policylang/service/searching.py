"""The three searches: who, to what, and what."""

from __future__ import annotations

import base64
import datetime
import hashlib
import itertools
import json
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
from msgspec import UNSET

from policylang.api.policy_set import PolicySet
from policylang.service.deciding import Interpreter
from policylang.service.stores.store import Deadline
from policylang.service.wire import ActionSearch, AskedAction, Page, RefusedRequest, ResourceSearch, SubjectSearch

_Limit = Annotated[int, msgspec.Meta(ge=0)]

Search = SubjectSearch | ResourceSearch | ActionSearch


class Searcher:
    """Answers searches about a policy set, a page at a time."""

    def __init__(self, interpreter: Interpreter, most: int) -> None:
        self._interpreter = interpreter
        self._most = most

    def search(
        self, policies: PolicySet, wanted: Search, content: dict[str, Any], clock: datetime.datetime, deadline: Deadline
    ) -> dict[str, Any]:
        """A page of the results of a request, and where the next one begins; ``content`` is that request as it came.
        Raises `RefusedRequest`, `StoreError`, `LateError` and `UnsupportedError`.
        """
        asked = _hash(content)
        limit, after = _begin(wanted.page, asked)
        most = self._most if limit is None else min(limit, self._most)
        found = list(itertools.islice(self._keys(policies, wanted, after, most + 1, clock, deadline), most + 1))
        token = _token(asked, limit, found[most - 1] if most else after) if len(found) > most else ""
        results = [_result(wanted, key) for key in found[:most]]
        return {"page": {"next_token": token, "count": len(results)}, "results": results}

    def _keys(
        self,
        policies: PolicySet,
        wanted: Search,
        after: str | None,
        most: int,
        clock: datetime.datetime,
        deadline: Deadline,
    ) -> Iterator[str]:
        """In order, from the one behind ``after`` on; at least ``most`` where there are as many."""
        match wanted:
            case SubjectSearch():
                return self._subjects(policies, wanted, after, clock, deadline)
            case ResourceSearch():
                return self._resources(policies, wanted, after, most, clock, deadline)
            case _:
                return self._actions(policies, wanted, after, clock, deadline)

    def _subjects(
        self,
        policies: PolicySet,
        wanted: SubjectSearch,
        after: str | None,
        clock: datetime.datetime,
        deadline: Deadline,
    ) -> Iterator[str]:
        by, index, action = self._interpreter, policies.index, wanted.action.name
        resource = by.resource(wanted.resource.type)
        if not by.is_subject(wanted.subject.type) or action not in index.actions.get(resource, ()):
            return
        record = by.record(policies, action, wanted.resource, deadline)
        if record is None:
            return
        now, request = by.now(policies, wanted.context, clock), by.request(policies, wanted.action, wanted.context)
        for user in index.requesters:
            if (after is None or user > after) and by.knows(policies, wanted.subject.type, user):
                deadline.check()
                if policies.allows(user, action, resource, record, now=now, request=request):
                    yield user

    def _resources(
        self,
        policies: PolicySet,
        wanted: ResourceSearch,
        after: str | None,
        most: int,
        clock: datetime.datetime,
        deadline: Deadline,
    ) -> Iterator[str]:
        by, index, action = self._interpreter, policies.index, wanted.action.name
        resource, subject, store = by.resource(wanted.resource.type), wanted.subject, by.store
        if not by.knows(policies, subject.type, subject.id) or action not in index.actions.get(resource, ()):
            return
        if store is None or not store.holds(index, resource) or index.kind(resource, action) == "create":
            return  # what is to be created is in no store yet
        trusting = by.trusting(policies, subject)
        if trusting is None:
            return
        now, request = by.now(policies, wanted.context, clock), by.request(policies, wanted.action, wanted.context)
        found = trusting.filter(subject.id, action, resource, now=now, request=request)
        if not found.nothing:
            yield from store.search(index, found, after, most, deadline)

    def _actions(
        self, policies: PolicySet, wanted: ActionSearch, after: str | None, clock: datetime.datetime, deadline: Deadline
    ) -> Iterator[str]:
        by, subject = self._interpreter, wanted.subject
        resource = by.resource(wanted.resource.type)
        if resource not in policies.index.resources or not by.knows(policies, subject.type, subject.id):
            return
        trusting = by.trusting(policies, subject)
        if trusting is None:
            return
        now, request = by.now(policies, wanted.context, clock), by.request(policies, AskedAction(""), wanted.context)
        names = policies.actions(resource)
        for name in names[names.index(after) + 1 if after in names else 0 :]:
            deadline.check()
            record = by.record(policies, name, wanted.resource, deadline)
            if record is not None and trusting.allows(subject.id, name, resource, record, now=now, request=request):
                yield name


def _result(wanted: Search, key: str) -> dict[str, str]:
    match wanted:
        case SubjectSearch():
            return {"type": wanted.subject.type, "id": key}
        case ResourceSearch():
            return {"type": wanted.resource.type, "id": key}
        case _:
            return {"name": key}


# --- pages -----------------------------------------------------------------------------------------------------


def _hash(content: dict[str, Any]) -> str:
    """Of everything that has to be the same for all pages of a search."""
    same = {name: content[name] for name in ("subject", "action", "resource", "context") if name in content}
    return hashlib.sha256(json.dumps(same, sort_keys=True, default=str).encode()).hexdigest()[:32]


def _begin(page: Page, asked: str) -> tuple[int | None, str | None]:
    """The limit, and the key behind which a page begins. Raises `RefusedRequest` for a token of another search. There
    is nothing secret in a token, and nobody gets more by making one up.
    """
    limit_now = None if page.limit is UNSET else page.limit
    if page.token is UNSET or not page.token:
        return limit_now, None
    try:
        content = base64.b64decode(page.token.encode("ascii"), b"-_", validate=True)
        of, limit, after = msgspec.json.decode(content, type=tuple[str, _Limit | None, str | None])
    except (ValueError, msgspec.MsgspecError):
        raise RefusedRequest(400, "`page.token` is not one that was given here") from None
    if of != asked or limit_now not in (None, limit):
        raise RefusedRequest(400, "`page.token` belongs to another search")
    return limit, after


def _token(asked: str, limit: int | None, after: str | None) -> str:
    return base64.urlsafe_b64encode(json.dumps([asked, limit, after]).encode()).decode("ascii")
