"""The OpenAPI document of the service."""

from __future__ import annotations

from typing import Any

from policylang import __version__
from policylang.service.wire import MOST_LIMIT
from policylang.settings.service import ServiceConfig

_Schema = dict[str, Any]


def openapi(config: ServiceConfig) -> dict[str, Any]:
    """What can be asked where, and what is answered."""
    bounds = config.bounds
    secured: list[dict[str, list[str]]] = [{"bearer": []}] if config.tokens else []
    posts = {
        "/access/v1/evaluation": ("Decide a request.", "Evaluation", "Decision"),
        "/access/v1/evaluations": ("Decide several requests.", "Evaluations", "Decisions"),
        "/access/v1/search/subject": ("Find who may do that.", "SubjectSearch", "Subjects"),
        "/access/v1/search/resource": ("Find to what the subject may do that.", "ResourceSearch", "Resources"),
        "/access/v1/search/action": ("Find what the subject may do to that.", "ActionSearch", "Actions"),
    }
    gets = {
        "/.well-known/authzen-configuration": "Where things are.",
        "/openapi.json": "This document.",
        "/healthz": "Whether the process is alive.",
        "/readyz": "Which policies are in force.",
    }
    paths: dict[str, Any] = {}
    for path, (summary, asked, answered) in posts.items():
        paths[path] = {"post": _post(summary, asked, answered)}
    for path, summary in gets.items():
        paths[path] = {"get": _get(summary, _content({"type": "object"}))}
    paths["/readyz"]["get"]["responses"]["503"] = {
        "description": "The record store has not been reached yet.",
        "content": _content({"type": "object"}),
    }
    paths["/metrics"] = {
        "get": _get("What was counted.", {"text/plain": {"schema": {"type": "string"}}}) | {"security": [*secured]}
    }
    paths["/metrics"]["get"]["responses"] |= {str(code): _error(text) for code, text in _ERRORS.items() if code != 408}
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "policylang", "version": __version__, "license": {"name": "Apache-2.0"}},
        "servers": [{"url": config.base}],
        "paths": paths,
        "components": {"schemas": _schemas(bounds.batch)},
    }
    if secured:
        document["security"] = secured
        document["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
        for path in gets:
            paths[path]["get"]["security"] = []
    return document


_ERRORS = {
    400: "The request is malformed.",
    401: "Nobody known asks.",
    403: "The client may not ask that.",
    408: "The body took too long.",
    413: "The body is too large.",
    500: "A mistake in the service.",
    501: "The record store cannot answer that.",
    503: "There is no answer now: the record store does not answer, or it took too long.",
}


def _content(schema: _Schema) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _error(text: str) -> dict[str, Any]:
    return {"description": text, "content": _content({"type": "string"})}


def _reference(name: str) -> _Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _post(summary: str, asked: str, answered: str) -> dict[str, Any]:
    identifier = {"name": "X-Request-ID", "in": "header", "required": False, "schema": {"type": "string"}}
    return {
        "summary": summary,
        "parameters": [identifier],
        "requestBody": {"required": True, "content": _content(_reference(asked))},
        "responses": {
            "200": {"description": "The answer.", "content": _content(_reference(answered))},
            **{str(code): _error(text) for code, text in _ERRORS.items()},
        },
    }


def _get(summary: str, content: dict[str, Any]) -> dict[str, Any]:
    return {"summary": summary, "responses": {"200": {"description": "The answer.", "content": content}}}


def _object(required: list[str], **properties: _Schema) -> _Schema:
    return {"type": "object", "required": required, "properties": properties}


def _schemas(batch: int) -> dict[str, _Schema]:
    text, free = {"type": "string"}, {"type": "object"}
    entity, kind, action = _reference("Entity"), _reference("Kind"), _reference("Action")
    page = {"page": _reference("Page")}
    asked = {"subject": entity, "action": action, "resource": entity, "context": free}
    asked_of = _object([], field={"type": ["string", "null"]}, changes={"type": ["object", "null"]})
    token = {**text, "format": "page-token"}
    next_token = {**token, "description": "Where the next page begins; empty on the last."}
    page_said = _object(["next_token"], next_token=next_token, count={"type": "integer"})
    token_asked = {**token, "description": "`next_token` of the page before. Any other text but an empty one gets 400."}
    return {
        "Entity": _object(["type", "id"], type=text, id=text, properties=free),
        "Kind": _object(["type"], type=text),
        "Action": _object(["name"], name=text, properties=asked_of),
        "Page": _object([], token=token_asked, limit={"type": "integer", "minimum": 0, "maximum": MOST_LIMIT}),
        "Evaluation": _object(["subject", "action", "resource"], **asked),
        "Evaluations": {
            **_object(
                [],
                **asked,
                evaluations={"type": "array", "maxItems": batch, "items": free},
                options=_object(
                    [],
                    evaluations_semantic={"enum": ["execute_all", "deny_on_first_deny", "permit_on_first_permit"]},
                ),
            ),
            "anyOf": [
                {"required": ["subject", "action", "resource"]},
                {"required": ["evaluations"], "properties": {"evaluations": {"minItems": 1}}},
            ],
        },
        "SubjectSearch": _object(["subject", "action", "resource"], **{**asked, "subject": kind}, **page),
        "ResourceSearch": _object(["subject", "action", "resource"], **{**asked, "resource": kind}, **page),
        "ActionSearch": _object(["subject", "resource"], subject=entity, resource=entity, context=free, **page),
        "Decision": _object(["decision"], decision={"type": "boolean"}, context=free),
        "Decisions": {
            "anyOf": [
                _object(["evaluations"], evaluations={"type": "array", "items": _reference("Decision")}),
                _reference("Decision"),
            ]
        },
        "Subjects": _object(["results"], page=page_said, results={"type": "array", "items": entity}),
        "Resources": _object(["results"], page=page_said, results={"type": "array", "items": entity}),
        "Actions": _object(["results"], page=page_said, results={"type": "array", "items": action}),
    }
