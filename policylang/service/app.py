"""The application: an address a method, each from bytes to an answer."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import json
import logging
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as AsgiScope

from policylang.runtime.dialects import UnsupportedError
from policylang.service.deciding import Interpreter, Turn
from policylang.service.gateway import PREFIX, GatewayReader
from policylang.service.journal import DecisionLogger
from policylang.service.metrics import Metrics
from policylang.service.openapi import openapi
from policylang.service.searching import Search, Searcher
from policylang.service.security import Guard
from policylang.service.stores.store import Deadline, LateError, Store, StoreError
from policylang.service.tracing import RequestSpan, Traces
from policylang.service.watching import PoliciesInForce
from policylang.service.wire import (
    ActionSearch,
    Evaluation,
    Evaluations,
    RefusedRequest,
    ResourceSearch,
    SubjectSearch,
    check_length,
    convert,
    read_body,
    with_whole_limit,
)
from policylang.settings.service import Scope, ServiceConfig

log = logging.getLogger("policylang.service")

_T = TypeVar("_T")
_JSON = "application/json"
_JSON_TYPE = _JSON.encode()
_encode = msgspec.json.Encoder().encode

EVALUATION = "/access/v1/evaluation"
EVALUATIONS = "/access/v1/evaluations"
_SEARCH_SUBJECT = "/access/v1/search/subject"
_SEARCH_RESOURCE = "/access/v1/search/resource"
_SEARCH_ACTION = "/access/v1/search/action"
_METADATA = "/.well-known/authzen-configuration"

_NOT_ASKABLE = "the record store cannot answer that"
_NO_STORE = "the record store does not answer"
_LATE = "it took too long"
_LONGEST_WAIT = 10.0
"""Seconds until a record store is tried again."""


class _Service:
    """Everything behind the addresses."""

    def __init__(
        self, config: ServiceConfig, policies: PoliciesInForce, store: Store | None, metrics: Metrics, traces: Traces
    ) -> None:
        self.config, self.policies, self.store, self.metrics, self.traces = config, policies, store, metrics, traces
        self._guard = Guard(config)
        self._interpreter = Interpreter(config, store)
        self._searcher = Searcher(self._interpreter, config.bounds.page)
        self._threads = ThreadPoolExecutor(config.bounds.threads, thread_name_prefix="store")
        self._room = asyncio.Semaphore(config.bounds.threads)
        self._blocking = store is not None and store.blocking
        self._told = config.answer
        self._unreached = None if store is None else store.server
        self.gateway_reader = None if config.gateway is None else GatewayReader(config.gateway)
        self.log = None if config.log is None else DecisionLogger(config.log, self._interpreter)

    def close(self) -> None:
        self.traces.close()
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self.log is not None:
            self.log.writer.close()
        if self.store is not None:
            self.store.close()

    # --- decisions -------------------------------------------------------------------------------------------

    async def evaluation(self, request: Request) -> Response:
        content = await self._content(request, "evaluate")
        return _json(await self._evaluated(convert(Evaluation, content), request))

    async def evaluations(self, request: Request) -> Response:
        content = await self._content(request, "evaluate")
        wanted = convert(Evaluations, content)
        if not wanted.evaluations:
            return _json(await self._evaluated(convert(Evaluation, content), request))
        if len(wanted.evaluations) > self.config.bounds.batch:
            raise RefusedRequest(400, f"more than {self.config.bounds.batch} evaluations")
        check_length(content, self.config.bounds.body_bytes)
        return _json({"evaluations": await self._several(wanted, request)})

    async def _evaluated(self, wanted: Evaluation, request: Request) -> dict[str, Any]:
        turn, request_id = self._begin(), request.headers.get("x-request-id")
        answer = await self._perhaps_in_thread(lambda: self._decide(turn, wanted, request_id), turn.deadline)
        _span(request).note(digest=turn.policies.digest, decision=answer["decision"])
        return answer

    async def _several(self, wanted: Evaluations, request: Request) -> list[dict[str, Any]]:
        turn, request_id = self._begin(), request.headers.get("x-request-id")
        stop_at = {"deny_on_first_deny": False, "permit_on_first_permit": True}.get(wanted.options.evaluations_semantic)

        def decide() -> list[dict[str, Any]]:
            answers = []
            for each in wanted.evaluations:
                turn.deadline.check()
                try:
                    answers.append(self._decide(turn, wanted.completed(each), request_id))
                except RefusedRequest as error:
                    answers.append(_failed(error))
                if answers[-1]["decision"] is stop_at:
                    break
            return answers

        found = await self._perhaps_in_thread(decide, turn.deadline)
        allowed = sum(each["decision"] for each in found)
        _span(request).note(digest=turn.policies.digest, decisions=len(found), allowed=allowed)
        return found

    def _decide(self, turn: Turn, wanted: Evaluation, request_id: str | None) -> dict[str, Any]:
        """A decision as it is sent."""
        begun = time.perf_counter()
        decided = self._interpreter.decide(turn, wanted)
        decision = decided.decision
        if self.log is not None:
            self.log.log(turn, wanted, decided, time.perf_counter() - begun, request_id)
        self.policies.note(wanted.subject.id, wanted.action.name, self._interpreter.resource(wanted.resource.type))
        self.metrics.decided(decision.allowed)
        answer: dict[str, Any] = {"decision": decision.allowed}
        if self._told:
            answer["context"] = {
                name: turn.policies.digest if name == "digest" else getattr(decision, name) for name in self._told
            }
        return answer

    async def gateway(self, request: Request) -> Response:
        self._guard.check(_headers(request), "evaluate")
        assert self.gateway_reader is not None
        wanted = self.gateway_reader.question(request.method, request.scope["raw_path"], request.headers)
        answer = await self._evaluated(wanted, request)
        return Response(status_code=200 if answer["decision"] else 403)

    # --- searches --------------------------------------------------------------------------------------------

    async def search(self, type_: type[Search], request: Request) -> Response:
        content = await self._content(request, "search")
        wanted = convert(type_, with_whole_limit(content))
        turn = self._begin()
        try:
            found = await self._in_thread(lambda: self._searcher.search(turn, wanted, content), turn.deadline)
        except UnsupportedError as error:
            if _holds_nul(content):
                raise RefusedRequest(400, "no text in the record store holds the character U+0000") from None
            log.warning("a search that the store cannot be asked: %s", error)
            raise RefusedRequest(501, _NOT_ASKABLE) from None
        return _json(found)

    # --- about the service -----------------------------------------------------------------------------------

    async def metadata(self, request: Request) -> Response:
        base = self.config.base
        content = {
            "policy_decision_point": base,
            "access_evaluation_endpoint": base + EVALUATION,
            "access_evaluations_endpoint": base + EVALUATIONS,
            "search_subject_endpoint": base + _SEARCH_SUBJECT,
            "search_resource_endpoint": base + _SEARCH_RESOURCE,
            "search_action_endpoint": base + _SEARCH_ACTION,
        }
        return Response(_encode(content), media_type=_JSON, headers={"Cache-Control": "max-age=300"})

    async def openapi(self, request: Request) -> Response:
        return _json(openapi(self.config))

    async def health(self, request: Request) -> Response:
        return _json({"status": "alive"})

    async def ready(self, request: Request) -> Response:
        state = self.policies.state
        since = datetime.datetime.fromtimestamp(state.since, datetime.UTC).isoformat(timespec="seconds")
        found = {
            "status": "ready",
            "digest": state.policies.digest,
            "since": since.replace("+00:00", "Z"),
            "newer_refused": state.refused is not None,
        }
        if self._unreached is None:
            return _json(found)
        reason = f"the record store, {self._unreached}, has not been reached yet"
        return _json({**found, "status": "not ready", "reason": reason}, 503)

    async def reach(self) -> None:
        """Try the record store until it can be reached once; the service is not ready until then."""
        store, wait, is_told = self.store, 0.25, False
        while store is not None and self._unreached is not None:
            deadline = Deadline(self.config.bounds.seconds)
            try:
                await self._in_thread(lambda: store.reach(deadline), deadline)  # noqa: B023
            except (StoreError, LateError) as error:
                if not is_told:
                    reason = str(error) or _LATE
                    log.error("the record store, %s, cannot be reached, so this is not ready: %s", store.server, reason)
                is_told = True
                await asyncio.sleep(wait * random.uniform(0.8, 1.2))  # noqa: S311
                wait = min(2 * wait, _LONGEST_WAIT)
            else:
                self._unreached = None
                if is_told:
                    log.info("the record store, %s, is reached", store.server)

    async def show_metrics(self, request: Request) -> Response:
        self._guard.check(_headers(request), "admin")
        content, type_ = self.metrics.page(self.policies.state, None if self.log is None else self.log.writer)
        return Response(content, headers={"Content-Type": type_})

    # --- requests --------------------------------------------------------------------------------------------

    async def _content(self, request: Request, scope: Scope) -> dict[str, Any]:
        """The object that a client sends. Raises `RefusedRequest`."""
        headers = _headers(request)
        self._guard.check(headers, scope)
        if headers.get(b"content-type", b"").partition(b";")[0].strip().lower() != _JSON_TYPE:
            raise RefusedRequest(400, f"the content type is not {_JSON}")
        if headers.get(b"content-encoding", b"identity").lower() != b"identity":
            raise RefusedRequest(400, "the body is encoded")
        try:
            async with asyncio.timeout(self.config.bounds.read_seconds):
                body = await self._body(request, headers.get(b"content-length", b"0"))
        except TimeoutError:
            raise RefusedRequest(408, "the body takes too long") from None
        except ClientDisconnect:
            raise RefusedRequest(400, "the client left") from None
        return read_body(body, self.config.bounds.depth)

    async def _body(self, request: Request, length: bytes) -> bytes:
        most, body = self.config.bounds.body_bytes, bytearray()
        if not length.isdigit() or int(length[:20]) > most:
            raise RefusedRequest(413, f"the body is larger than {most} bytes")
        async for part in request.stream():
            body += part
            if len(body) > most:
                raise RefusedRequest(413, f"the body is larger than {most} bytes")
        return bytes(body)

    def _begin(self) -> Turn:
        return Turn(self.policies.now, datetime.datetime.now(datetime.UTC), Deadline(self.config.bounds.seconds))

    async def _perhaps_in_thread(self, work: Callable[[], _T], deadline: Deadline) -> _T:
        return await self._in_thread(work, deadline) if self._blocking else work()

    async def _in_thread(self, work: Callable[[], _T], deadline: Deadline) -> _T:
        """What a function returns that may wait for the store, or search for long. Nothing waits in line behind a store
        that hangs: a thread is free again when what it runs has ended.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(deadline.left):
                await self._room.acquire()
                running: Future[_T] = self._threads.submit(work)
                running.add_done_callback(lambda _: _soon(loop, self._room.release))
                return await asyncio.wrap_future(running)
        except TimeoutError:
            deadline.expire()
            raise LateError from None


def _headers(request: Request) -> dict[bytes, bytes]:
    """By name, the first of each."""
    return dict(reversed(request.scope["headers"]))


def _soon(loop: asyncio.AbstractEventLoop, call: Callable[[], object]) -> None:
    with contextlib.suppress(RuntimeError):  # the service has ended
        loop.call_soon_threadsafe(call)


def _failed(error: RefusedRequest) -> dict[str, Any]:
    """The answer to one question of several that is no question."""
    return {"decision": False, "context": {"error": {"status": error.status, "message": error.message}}}


def _holds_nul(content: Any) -> bool:
    """Whether a text in it holds U+0000. A backslash that is written out is two in JSON, and says nothing of it."""
    return "\\u0000" in json.dumps(content, default=str).replace("\\\\", "")


def _json(content: Any, status: int = 200) -> Response:
    return Response(_encode(content), status, media_type=_JSON)


def _error(status: int, message: str) -> Response:
    """An error; the body is the message, as a JSON string."""
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    if status == 503:
        headers["Retry-After"] = "1"
    if status in (408, 413):
        headers["Connection"] = "close"
    return Response(_encode(message), status, media_type=_JSON, headers=headers)


_Endpoint = Callable[[Request], Awaitable[Response]]


def _span(request: Request) -> RequestSpan:
    found: RequestSpan = getattr(request.state, "span", _UNTRACED)
    return found


_UNTRACED = RequestSpan()


def _traced(endpoint: _Endpoint, traces: Traces, name: str) -> _Endpoint:
    """With a span for each answer, where there is somebody to tell."""
    if not traces.are_on:
        return endpoint

    async def traced(request: Request) -> Response:
        with traces.request(request.method, name, request.headers) as span:
            request.state.span = span
            response = await endpoint(request)
            span.answered(response.status_code)
            return response

    return traced


def _answering(endpoint: _Endpoint, metrics: Metrics, name: str) -> _Endpoint:
    """With every outcome made an answer, and counted."""

    async def answered(request: Request) -> Response:
        begun = time.perf_counter()
        try:
            response = await endpoint(request)
        except RefusedRequest as error:
            response = _error(error.status, error.message)
        except LateError:
            response = _error(503, _LATE)
        except StoreError as error:
            log.error("the record store: %s", error)
            metrics.store_failed()
            response = _error(503, _NO_STORE)
        except asyncio.CancelledError:  # the service ends, and has waited for it
            response = _error(503, _LATE)
        except Exception:
            log.exception("a mistake in policylang")
            response = _error(500, "a mistake in the service: see its log")
        metrics.answered(name, response.status_code, time.perf_counter() - begun)
        return response

    return answered


class _Headers:
    """Headers that every answer has: the id of the request, if it has one, and that the answer is just data."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        ids = [(name, value) for name, value in scope["headers"] if name == b"x-request-id"][:1]

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] += [*ids, (b"x-content-type-options", b"nosniff")]
            await send(message)

        await self._app(scope, receive, sending)


def make_app(
    config: ServiceConfig,
    policies: PoliciesInForce,
    store: Store | None,
    metrics: Metrics | None = None,
    traces: Traces | None = None,
) -> Starlette:
    """The application, in an event loop of its own. It closes the store when it ends. Raises ImportError where traces
    are wanted and their package is missing.
    """
    metrics = metrics or Metrics()
    traces = traces or (Traces.to_collector() if config.traces else Traces())
    service = _Service(config, policies, store, metrics, traces)
    reader = service.gateway_reader
    posts: dict[str, _Endpoint] = {
        EVALUATION: service.evaluation,
        EVALUATIONS: service.evaluations,
        _SEARCH_SUBJECT: partial(service.search, SubjectSearch),
        _SEARCH_RESOURCE: partial(service.search, ResourceSearch),
        _SEARCH_ACTION: partial(service.search, ActionSearch),
    }
    gets: dict[str, _Endpoint] = {
        _METADATA: service.metadata,
        "/openapi.json": service.openapi,
        "/healthz": service.health,
        "/readyz": service.ready,
        "/metrics": service.show_metrics,
    }

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        reaching = asyncio.create_task(service.reach())
        yield
        reaching.cancel()
        service.close()

    async def refused(_request: Request, error: Exception) -> Response:
        status = getattr(error, "status_code", 500)
        response = _error(status, {404: "there is nothing here", 405: "not this method"}.get(status, "an error"))
        response.headers.update(getattr(error, "headers", None) or {})  # of 405: which methods are
        return response

    def route(path: str, endpoint: _Endpoint, methods: list[str], name: str = "") -> Route:
        name = name or path
        return Route(path, _traced(_answering(endpoint, metrics, name), traces, name), methods=methods)

    app = Starlette(
        routes=[
            *(route(path, each, ["POST"]) for path, each in posts.items()),
            *(route(path, each, ["GET"]) for path, each in gets.items()),
            *([route(f"{PREFIX}/{{path:path}}", service.gateway, reader.methods, PREFIX)] if reader else ()),
        ],
        exception_handlers={404: refused, 405: refused},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.add_middleware(_Headers)
    return app
