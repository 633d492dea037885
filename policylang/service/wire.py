"""What clients send: JSON read strictly, and the requests of the Authorization API."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from policylang.files.json_source import JsonError, is_deeper, read_json

_Semantic = Literal["execute_all", "deny_on_first_deny", "permit_on_first_permit"]


MOST_LIMIT = 2**53 - 1
"""The largest integer that every JSON reader keeps exactly. No page has so many results."""


_MOST_BODIES = 10
"""To how many of the largest bodies the evaluations of a request may come, with all that they leave out."""


class RefusedRequest(Exception):  # noqa: N818
    """A request that is answered with an error: its status, and a message that repeats nothing of what was sent."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class Entity(msgspec.Struct, frozen=True):
    """A subject or a resource."""

    type: str
    id: str
    properties: dict[str, Any] = {}


class _Kind(msgspec.Struct, frozen=True):
    """A subject or a resource that is searched for: whatever else is said of it is ignored."""

    type: str


class AskedAction(msgspec.Struct, frozen=True):
    name: str
    properties: dict[str, Any] = {}

    def __post_init__(self) -> None:
        if not self.properties:
            return
        for name, type_ in (("field", str), ("changes", dict)):
            if not isinstance(self.properties.get(name), type_ | None):
                raise ValueError(f"`properties.{name}`")  # which becomes a mistake of the request


class Page(msgspec.Struct, frozen=True):
    """Which part of the results is wanted."""

    token: str | UnsetType = UNSET
    limit: Annotated[int, msgspec.Meta(ge=0, le=MOST_LIMIT)] | UnsetType = UNSET


class Evaluation(msgspec.Struct, frozen=True):
    """One question."""

    subject: Entity
    action: AskedAction
    resource: Entity
    context: dict[str, Any] = {}


class _PartialEvaluation(msgspec.Struct, frozen=True):
    """One question of several, or what stands at the top for those that leave it out."""

    subject: Entity | UnsetType = UNSET
    action: AskedAction | UnsetType = UNSET
    resource: Entity | UnsetType = UNSET
    context: dict[str, Any] | UnsetType = UNSET


class _Options(msgspec.Struct, frozen=True):
    evaluations_semantic: _Semantic = "execute_all"


class Evaluations(_PartialEvaluation, frozen=True):
    """Several questions; what one of them leaves out stands at the top."""

    evaluations: list[dict[str, Any]] = []
    options: _Options = _Options()

    def completed(self, part: dict[str, Any]) -> Evaluation:
        """One of the questions. Raises `RefusedRequest`."""
        own = convert(_PartialEvaluation, part)
        context = self.context if own.context is UNSET else own.context
        return Evaluation(
            _said(own.subject, self.subject, "subject"),
            _said(own.action, self.action, "action"),
            _said(own.resource, self.resource, "resource"),
            {} if context is UNSET else context,
        )


class SubjectSearch(msgspec.Struct, frozen=True):
    """Who may do that."""

    subject: _Kind
    action: AskedAction
    resource: Entity
    context: dict[str, Any] = {}
    page: Page = Page()


class ResourceSearch(msgspec.Struct, frozen=True):
    """To what the subject may do that."""

    subject: Entity
    action: AskedAction
    resource: _Kind
    context: dict[str, Any] = {}
    page: Page = Page()


class ActionSearch(msgspec.Struct, frozen=True):
    """What the subject may do to that."""

    subject: Entity
    resource: Entity
    context: dict[str, Any] = {}
    page: Page = Page()


_T = TypeVar("_T")
_MOST_DIGITS = 400
"""Of a number, so that none takes long to read: enough for any double written out."""


def read_body(body: bytes, depth: int) -> dict[str, Any]:
    """The object in a body. Raises `RefusedRequest`."""
    if not body:
        raise RefusedRequest(400, "the body is empty")
    try:
        text = body.decode("utf-8")
        if is_deeper(text, depth):
            raise RefusedRequest(400, f"the body has more than {depth} levels")
        found = read_json(text, _MOST_DIGITS)
    except UnicodeDecodeError:
        raise RefusedRequest(400, "the body is not UTF-8") from None
    except JsonError:
        raise RefusedRequest(400, "the body is not JSON that can be used") from None
    if not isinstance(found, dict):
        raise RefusedRequest(400, "the body is not a JSON object")
    return found


def with_whole_limit(content: dict[str, Any]) -> dict[str, Any]:
    """A search whose limit is an integer where it is written with a fraction of zeros: 10.0 is 10."""
    page = content.get("page")
    limit = page.get("limit") if isinstance(page, dict) else None
    if not isinstance(limit, Decimal) or limit != limit.to_integral_value():
        return content
    return {**content, "page": {**page, "limit": int(limit)}}  # type: ignore[dict-item]


def convert(type_: type[_T], content: dict[str, Any]) -> _T:
    """A request. Raises `RefusedRequest` for what is missing in it or of another type."""
    try:
        return msgspec.convert(content, type_)
    except msgspec.ValidationError as error:
        raise RefusedRequest(400, _in_words(type_, content, str(error))) from None


def check_length(content: dict[str, Any], body_bytes: int) -> None:
    """Raise `RefusedRequest` for several questions that are too much together. What they leave out stands at the top
    once, but is decided and logged with each of them.
    """
    parts, most = content["evaluations"], _MOST_BODIES * body_bytes
    length = 0
    for name in ("subject", "action", "resource", "context"):
        if name in content:
            written = json.dumps(content[name], ensure_ascii=False, default=str)
            length += len(written.encode()) * sum(name not in part for part in parts)
    if length > most:
        raise RefusedRequest(400, f"what the evaluations leave out is more than {most} bytes, written out for each")


def _said(own: _T | UnsetType, at_the_top: _T | UnsetType, name: str) -> _T:
    if own is not UNSET:
        return own
    if at_the_top is UNSET:
        raise RefusedRequest(400, f"`{name}` is missing")
    return at_the_top


_NAMES = (
    *("properties.field", "properties.changes", "type", "id", "name", "properties"),
    *("token", "limit", "evaluations_semantic"),
)


def _in_words(type_: type[Any], content: dict[str, Any], error: str) -> str:
    """Which part of a request is wrong. The library's own message may repeat what was sent."""
    for field in msgspec.structs.fields(type_):
        if field.required and field.name not in content:
            return f"`{field.name}` is missing"
        inner = content.get(field.name)
        if f"$.{field.name}" not in error:
            continue
        if not isinstance(inner, dict):
            return f"`{field.name}` has the wrong form"
        for name in _NAMES:
            if f"`{name}`" in error or f".{name}`" in error:
                return f"`{field.name}.{name}` is missing or has the wrong form"
        return f"`{field.name}` has the wrong form"
    return "the request has the wrong form"
