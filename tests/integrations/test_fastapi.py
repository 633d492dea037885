"""FastAPI: a route runs if the policies allow what it is about to do."""

from __future__ import annotations

import asyncio
import datetime
from typing import Any

import httpx
import pytest
from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel

from policylang.api.policy_set import PolicySet
from policylang.integrations.fastapi import RouteGuard
from tests.helpers import compiled

SOURCE = """
request { optional channel : text }
resource customer { name : text  rep : user  sensitive rate : money  actions view, modify, delete }
policy own on customer { assigned user is rep }
policy by_hand on customer for delete { request.channel is "ui" }
role rep { grant view, modify, delete on customer  policy own  policy by_hand }
user "ann" { assign role rep }
user "bob" { assign role rep }
"""
RECORDS = {"1": {"name": "A", "rep": "ann"}, "2": {"name": "B", "rep": "bob"}}


class Change(BaseModel):
    """What may be written; what is not set is not."""

    name: str | None = None
    rep: str | None = None


class Client:
    """Asks an application in this process."""

    def __init__(self, app: FastAPI) -> None:
        self._transport = httpx.ASGITransport(app)

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def answer() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._transport, base_url="http://app") as client:
                return await client.request(method, path, **more)

        return asyncio.run(answer())


def test_routes() -> None:
    policies = [PolicySet(compiled(SOURCE))]
    loaded: list[str] = []

    def user(x_user: str | None = Header(None)) -> str:
        if x_user is None:
            raise HTTPException(401)
        return x_user

    def record(key: str) -> dict[str, str] | None:
        loaded.append(key)
        return RECORDS.get(key)

    def attributes(x_channel: str | None = Header(None)) -> dict[str, Any]:
        return {"channel": x_channel}

    async def changes(change: dict[str, Any]) -> dict[str, Any]:
        return change

    guard = RouteGuard(lambda: policies[0], user, request=attributes)
    app = FastAPI()

    @app.get("/customers")
    def show_all(mine: Any = Depends(guard.filter("view", "customer"))) -> list[str]:
        return [key for key, each in RECORDS.items() if mine.matches(each)]

    @app.get("/customers/{key}")
    def show(customer: Any = Depends(record), found: Any = Depends(guard("view", "customer", record))) -> Any:
        return {name: customer[name] for name in found.fields if name in customer}

    @app.patch("/customers/{key}")
    def change(found: Any = Depends(guard("modify", "customer", record, changes=changes))) -> bool:
        return bool(found.allowed)

    async def model(change: Change) -> Change:
        return change

    @app.put("/customers/{key}", dependencies=[Depends(guard("modify", "customer", record, changes=model))])
    def change_by_model() -> bool:
        return True

    @app.delete("/customers/{key}", dependencies=[Depends(guard("delete", "customer", record))])
    def delete() -> bool:
        return True

    @app.get("/flights", dependencies=[Depends(guard("fly", "plane"))])
    def fly() -> bool:
        return True

    client = Client(app)
    ann = {"X-User": "ann"}
    assert client.ask("GET", "/customers/1", headers=ann).json() == {"name": "A", "rep": "ann"}
    assert loaded == ["1"]  # once, for the route and its guard
    assert client.ask("GET", "/customers/2", headers=ann).status_code == 403
    assert client.ask("GET", "/customers/2", headers=ann).json() == {"detail": "Forbidden"}
    assert client.ask("GET", "/customers/9", headers=ann).status_code == 404
    assert client.ask("GET", "/customers/1").status_code == 401
    assert client.ask("GET", "/customers/1", headers={"X-User": "nobody"}).status_code == 403
    assert client.ask("GET", "/customers", headers=ann).json() == ["1"]
    assert client.ask("PATCH", "/customers/1", json={"name": "C"}, headers=ann).json() is True
    assert client.ask("PATCH", "/customers/1", json={"rep": "bob"}, headers=ann).status_code == 403
    assert client.ask("PUT", "/customers/1", json={"name": "C"}, headers=ann).json() is True
    assert client.ask("PUT", "/customers/1", json={"rep": "bob"}, headers=ann).status_code == 403
    assert client.ask("PATCH", "/customers/1", json={"rate": "5"}, headers=ann).status_code == 403
    assert client.ask("DELETE", "/customers/1", headers=ann).status_code == 403
    assert client.ask("DELETE", "/customers/1", headers={**ann, "X-Channel": "ui"}).json() is True
    assert client.ask("GET", "/flights", headers=ann).status_code == 403
    policies[0] = PolicySet(compiled(SOURCE.replace('user "ann" { assign role rep }', "")))
    assert client.ask("GET", "/customers/1", headers=ann).status_code == 403


def test_the_clock_is_asked_for_each_request() -> None:
    source = """
    resource page { actions view }
    role r { grant view on page }
    user "ann" { assign role r until 2026-01-31 }
    """
    instants = iter(
        [datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.UTC), datetime.datetime(2026, 2, 2, tzinfo=datetime.UTC)]
    )
    policies = PolicySet(compiled(source))
    guard = RouteGuard(lambda: policies, lambda: "ann", clock=lambda: next(instants))
    app = FastAPI()

    @app.get("/", dependencies=[Depends(guard("view", "page"))])
    def page() -> bool:
        return True

    client = Client(app)
    assert [client.ask("GET", "/").status_code for _ in range(2)] == [200, 403]


def test_a_mistake_allows_nothing() -> None:
    def broken() -> PolicySet:
        raise RuntimeError("no policies")

    app = FastAPI()
    guard = RouteGuard(broken, lambda: "ann")

    @app.get("/", dependencies=[Depends(guard("view", "page"))])
    def page() -> bool:
        return True

    client = Client(app)
    with pytest.raises(RuntimeError, match="no policies"):
        client.ask("GET", "/")
