"""Cedar, by cedarpy: policies and entities are parsed once; the record travels in the context of the request.

There are two ways to write the groups. A policy for each grant is how Cedar is usually written, and the authoriser
looks at every policy. With grants as data, a group is an entity with a tag for each thing that it may do, and one
policy looks the tag up; the request has to bring the name of the tag, because Cedar cannot join texts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import cedarpy

from benchmarks.engines.workload import Form, Request, microseconds, numeric
from benchmarks.generate import Grant, Group

# A policy with an error is skipped, so each attribute is asked for with `has` first, and the deny takes what is missing
# for a match.
_OWN = "context has sales_rep && context.sales_rep == principal"
_WITHIN = "context has created && context.created <= context.now && context.created >= context.now - {age}"
_DENY = """\
forbid (principal, action == Action::"delete", resource is customer)
when { !(context has status) || context.status == "active" };
"""
_TAG = "principal.group.getTag(context.asked)"
_LOOK_UP = f"""\
permit (principal, action, resource) when {{
  principal.group.hasTag(context.asked) && (
    {_TAG}.kind == "none"
    || {_TAG}.kind == "own" && {_OWN}
    || {_TAG}.kind == "within" && {_WITHIN.format(age=f"{_TAG}.age")}
  )
}};
"""


def forms(groups: Sequence[Group], requests: Sequence[Request]) -> dict[str, Form]:
    """Both ways of writing the groups, one request at a time and many, with JSON made before and on the way."""
    objects = [_request(request) for request in requests]
    ready = [{**request, "context": json.dumps(request["context"])} for request in objects]
    policies = cedarpy.PolicySet.from_str("\n".join([_DENY, *_policies(groups)]))
    members = cedarpy.Entities.from_json_str(json.dumps([*_members(groups)]))
    program = cedarpy.PolicySet.from_str(_DENY + _LOOK_UP)
    tables = cedarpy.Entities.from_json_str(json.dumps([*_tables(groups)]))

    def single(asked: list[dict[str, Any]], policy_set: cedarpy.PolicySet, entities: cedarpy.Entities) -> Form:
        return lambda begin, end: [
            cedarpy.is_authorized(request, policy_set, entities).allowed for request in asked[begin:end]
        ]

    def batch(asked: list[dict[str, Any]], policy_set: cedarpy.PolicySet, entities: cedarpy.Entities) -> Form:
        return lambda begin, end: [
            result.allowed for result in cedarpy.is_authorized_batch(asked[begin:end], policy_set, entities)
        ]

    return {
        "policy per grant, batch, ready JSON": batch(ready, policies, members),
        "grants as data, one by one, ready JSON": single(ready, program, tables),
        "grants as data, batch, ready JSON": batch(ready, program, tables),
        "grants as data, batch, JSON made": batch(objects, program, tables),
    }


def _policies(groups: Iterable[Group]) -> Iterator[str]:
    """One policy for each grant."""
    for group in groups:
        for grant in group.grants:
            actions = ", ".join(f"Action::{_quoted(action)}" for action in grant.actions)
            scope = f"principal in Group::{_quoted(group.name)}, action in [{actions}], resource is {grant.resource}"
            yield f"permit ({scope}){_condition(grant)};"


def _condition(grant: Grant) -> str:
    if grant.limit is None:
        return ""
    condition = _OWN if grant.limit == "own" else _WITHIN.format(age=_age(grant.limit))
    return f" when {{ {condition} }}"


def _members(groups: Iterable[Group]) -> Iterator[dict[str, Any]]:
    """The users in their groups."""
    for group in groups:
        name = {"type": "Group", "id": group.name}
        yield {"uid": {"type": "User", "id": group.user}, "attrs": {}, "parents": [name]}
        yield {"uid": name, "attrs": {}, "parents": []}


def _tables(groups: Iterable[Group]) -> Iterator[dict[str, Any]]:
    """The users with their group, and the groups with a tag for each action on each resource."""
    for group in groups:
        name = {"type": "Group", "id": group.name}
        tags = {_asked(action, grant.resource): _tag(grant) for grant in group.grants for action in grant.actions}
        yield {"uid": {"type": "User", "id": group.user}, "attrs": {"group": {"__entity": name}}, "parents": []}
        yield {"uid": name, "attrs": {}, "parents": [], "tags": tags}


def _tag(grant: Grant) -> dict[str, Any]:
    if grant.limit is None:
        return {"kind": "none"}
    return {"kind": "own"} if grant.limit == "own" else {"kind": "within", "age": _age(grant.limit)}


def _age(days: int) -> int:
    """In microseconds."""
    return days * 86_400_000_000


def _asked(action: str, resource: str) -> str:
    return f"{action} {resource}"


def _quoted(text: str) -> str:
    """The names here are plain: JSON's strings are Cedar's."""
    return json.dumps(text)


def _request(request: Request) -> dict[str, Any]:
    context = {
        **numeric(request),
        "now": microseconds(request.now),
        "asked": _asked(request.action, request.resource),
    }
    if "sales_rep" in context:
        context["sales_rep"] = {"__entity": {"type": "User", "id": context["sales_rep"]}}
    return {
        "principal": {"type": "User", "id": request.user},
        "action": {"type": "Action", "id": request.action},
        "resource": {"type": request.resource, "id": "1"},
        "context": context,
    }
