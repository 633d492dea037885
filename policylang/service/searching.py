"""The three searches: who, to what, and what."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
from msgspec import UNSET

from policylang.service.deciding import Interpreter, Turn
from policylang.service.wire import ActionSearch, AskedAction, Page, RefusedRequest, ResourceSearch, SubjectSearch

_Limit = Annotated[int, msgspec.Meta(ge=0)]

Search = SubjectSearch | ResourceSearch | ActionSearch


class Searcher:
    """Answers searches about a policy set, a page at a time."""

    def __init__(self, interpreter: Interpreter, most: int) -> None:
        self._interpreter = interpreter
        self._most = most

    def search(self, turn: Turn, wanted: Search, content: dict[str, Any]) -> dict[str, Any]:
        """A page of the results of a request, and where the next one begins; ``content`` is that request as it came.
        Raises `RefusedRequest`, `StoreError`, `LateError` and `UnsupportedError`.
        """
        asked = _hash(content)
        limit, after = _begin(wanted.page, asked)
        most = self._most if limit is None else min(limit, self._most)
        found = list(itertools.islice(self._keys(turn, wanted, after, most + 1), most + 1))
        token = _token(asked, limit, found[most - 1] if most else after) if len(found) > most else ""
        results = [_result(wanted, key) for key in found[:most]]
        return {"page": {"next_token": token, "count": len(results)}, "results": results}

    def _keys(self, turn: Turn, wanted: Search, after: str | None, most: int) -> Iterator[str]:
        """In order, from the one behind ``after`` on; at least ``most`` where there are as many."""
        match wanted:
            case SubjectSearch():
                return self._subjects(turn, wanted, after)
            case ResourceSearch():
                return self._resources(turn, wanted, after, most)
            case _:
                return self._actions(turn, wanted, after)

    def _subjects(self, turn: Turn, wanted: SubjectSearch, after: str | None) -> Iterator[str]:
        by, policies, action = self._interpreter, turn.policies, wanted.action.name
        index, resource = policies.index, by.resource(wanted.resource.type)
        if not by.is_subject(wanted.subject.type) or action not in index.actions.get(resource, ()):
            return
        record = by.record(turn, action, wanted.resource)
        if record is None:
            return
        now, request = by.now(turn, wanted.context), by.request(turn, wanted.action, wanted.context)
        for user in index.requesters:
            if (after is None or user > after) and by.knows(policies, wanted.subject.type, user):
                turn.deadline.check()
                if policies.allows(user, action, resource, record, now=now, request=request):
                    yield user

    def _resources(self, turn: Turn, wanted: ResourceSearch, after: str | None, most: int) -> Iterator[str]:
        by, index, action = self._interpreter, turn.policies.index, wanted.action.name
        resource, subject, store = by.resource(wanted.resource.type), wanted.subject, by.store
        if not by.knows(turn.policies, subject.type, subject.id) or action not in index.actions.get(resource, ()):
            return
        if store is None or not store.holds(index, resource) or index.kind(resource, action) == "create":
            return  # what is to be created is in no store yet
        trusting = by.trusting(turn.policies, subject)
        if trusting is None:
            return
        now, request = by.now(turn, wanted.context), by.request(turn, wanted.action, wanted.context)
        found = trusting.filter(subject.id, action, resource, now=now, request=request)
        if not found.nothing:
            yield from store.search(index, found, after, most, turn.deadline)

    def _actions(self, turn: Turn, wanted: ActionSearch, after: str | None) -> Iterator[str]:
        by, policies, subject = self._interpreter, turn.policies, wanted.subject
        resource = by.resource(wanted.resource.type)
        if resource not in policies.index.resources or not by.knows(policies, subject.type, subject.id):
            return
        trusting = by.trusting(policies, subject)
        if trusting is None:
            return
        now, request = by.now(turn, wanted.context), by.request(turn, AskedAction(""), wanted.context)
        names = policies.actions(resource)
        for name in names[names.index(after) + 1 if after in names else 0 :]:
            turn.deadline.check()
            record = by.record(turn, name, wanted.resource)
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
