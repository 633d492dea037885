"""Decisions as dependencies of FastAPI."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

from fastapi import Depends, HTTPException
from pydantic import BaseModel

from policylang.api.policy_set import PolicySet
from policylang.runtime.filter import Filter
from policylang.runtime.reference import Decision

_Dependency = Callable[..., Any]


def _nothing() -> None:
    return None


def _clock() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


class RouteGuard:
    """Makes dependencies that answer 403 unless the policies allow what a route is about to do."""

    def __init__(
        self,
        policies: Callable[[], PolicySet],
        user: _Dependency,
        *,
        request: _Dependency = _nothing,
        clock: Callable[[], datetime.datetime] = _clock,
    ) -> None:
        """``policies``: called for each request, so that it may return newer ones. ``user`` and ``request``:
        dependencies, for the id of who asks and the attributes of the request.
        """
        self._policies, self._user, self._request, self._clock = policies, user, request, clock

    def __call__(
        self, action: str, resource: str, record: _Dependency | None = None, *, changes: _Dependency = _nothing
    ) -> _Dependency:
        """A dependency that returns the `Decision`, or answers 403. ``record`` and ``changes``: dependencies, for the
        record and what would be written, of a model what was set; without a record that is found the answer is 404.
        """

        def decided(
            user: Any = Depends(self._user),
            found: Any = Depends(record or _nothing),
            request: Any = Depends(self._request),
            written: Any = Depends(changes),
        ) -> Decision:
            if record is not None and found is None:
                raise HTTPException(404)
            if isinstance(written, BaseModel):
                written = written.model_dump(exclude_unset=True)
            decision = self._policies().decide(
                user, action, resource, found, now=self._clock(), request=request, changes=written
            )
            if not decision.allowed:
                raise HTTPException(403)
            return decision

        return decided

    def filter(self, action: str, resource: str) -> _Dependency:
        """A dependency that returns the `Filter` of the records that the user may do that to."""

        def filtered(user: Any = Depends(self._user), request: Any = Depends(self._request)) -> Filter:
            return self._policies().filter(user, action, resource, now=self._clock(), request=request)

        return filtered
