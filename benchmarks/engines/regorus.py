"""Rego, by regorus: one small program, and the groups as a data document that it looks things up in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import regorus

from benchmarks.engines.workload import Form, Request, microseconds, numeric
from benchmarks.generate import Group

_RULE = "data.access.allow"
# A missing attribute makes a limit undefined, which is not true. The deny must not depend on one: `denied` is whatever
# is not known to be harmless.
_PROGRAM = """
package access

default allow := false

allow if {
    limit := data.groups[data.users[input.user]][input.resource][input.action]
    holds(limit)
    not denied
}

holds(limit) if limit.kind == "none"

holds(limit) if {
    limit.kind == "own"
    input.record.sales_rep == input.user
}

holds(limit) if {
    limit.kind == "within"
    input.record.created <= input.now
    input.record.created >= input.now - limit.age
}

denied if {
    input.action == "delete"
    input.resource == "customer"
    not harmless
}

harmless if input.record.status != "active"
"""


def forms(groups: Iterable[Group], requests: Sequence[Request]) -> dict[str, Form]:
    """The interpreter and the virtual machine, with input as objects, as text made before, and as text made on the way.

    The virtual machine takes nothing but text.
    """
    data = _data(groups)
    document = json.dumps(data)
    engine = regorus.Engine()
    engine.add_policy("access.rego", _PROGRAM)
    engine.add_data(data)
    machine = regorus.Rvm()
    machine.load_program(regorus.Program.compile_from_modules(document, [("access.rego", _PROGRAM)], [_RULE]))
    machine.set_data_json(document)
    objects = [_input(request) for request in requests]
    encode = msgspec.json.Encoder().encode
    texts = [encode(value).decode() for value in objects]

    def by_object(value: Any) -> bool:
        engine.set_input(value)
        return bool(engine.eval_rule(_RULE))

    def by_text(text: str) -> bool:
        engine.set_input_json(text)
        return bool(engine.eval_rule(_RULE))

    def compiled(text: str) -> bool:
        machine.set_input_json(text)
        return bool(machine.execute() == "true")

    return {
        "interpreter, objects": lambda begin, end: [by_object(value) for value in objects[begin:end]],
        "interpreter, ready JSON": lambda begin, end: [by_text(text) for text in texts[begin:end]],
        "virtual machine, ready JSON": lambda begin, end: [compiled(text) for text in texts[begin:end]],
        "virtual machine, JSON made": lambda begin, end: [
            compiled(encode(value).decode()) for value in objects[begin:end]
        ],
    }


def _data(groups: Iterable[Group]) -> dict[str, Any]:
    users: dict[str, str] = {}
    tables: dict[str, dict[str, dict[str, Any]]] = {}
    for group in groups:
        users[group.user] = group.name
        tables[group.name] = {
            grant.resource: dict.fromkeys(grant.actions, _limit(grant.limit)) for grant in group.grants
        }
    return {"users": users, "groups": tables}


def _limit(limit: str | int | None) -> dict[str, Any]:
    if limit is None:
        return {"kind": "none"}
    return {"kind": "within", "age": limit * 86_400_000_000} if isinstance(limit, int) else {"kind": limit}


def _input(request: Request) -> dict[str, Any]:
    return {
        "user": request.user,
        "action": request.action,
        "resource": request.resource,
        "record": numeric(request),
        "now": microseconds(request.now),
    }
