"""Casbin, by pycasbin: rules of (subject, resource, action, limit), and functions in the matcher for the conditions.

The plain enforcer knows groups, and walks through all rules until one allows. The fast enforcer finds rules by what the
request says, so its rules name users instead of groups, and the deny for everyone is part of the matcher.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from typing import Any

import casbin
from casbin.model import FastModel, Model
from casbin.persist import Adapter

from benchmarks.engines.workload import Form, Request
from benchmarks.generate import Group

_MODEL = """
[request_definition]
r = sub, obj, act, record, now

[policy_definition]
p = sub, obj, act, limit
{roles}
[policy_effect]
e = some(where (p.eft == allow))

[matchers]
m = r.obj == p.obj && r.act == p.act && {subject} && holds(p.limit, r.sub, r.record, r.now) \
&& !denied(r.obj, r.act, r.record)
"""


class _Rules(Adapter):
    """Hands rules over from memory."""

    def __init__(self, rules: Iterable[tuple[str, ...]], members: Iterable[tuple[str, str]]) -> None:
        self.rules = rules
        self.members = members

    def load_policy(self, model: Any) -> None:
        """Called by the enforcer when it is made."""
        for rule in self.rules:
            model.model["p"]["p"].policy.append(list(rule))
        for member in self.members:
            model.model["g"]["g"].policy.append(list(member))


def forms(groups: Sequence[Group], requests: Sequence[Request]) -> dict[str, Form]:
    """The enforcer that is made for many rules, and the plain one."""
    rules = [
        (group.user, group.name, grant.resource, action, str(grant.limit))
        for group in groups
        for grant in group.grants
        for action in grant.actions
    ]
    members = [(group.user, group.name) for group in groups]
    by_request = [0, 1, 2]  # subject, resource and action
    fast_model = FastModel(by_request)
    fast_model.load_model_from_text(_MODEL.format(roles="", subject="r.sub == p.sub"))
    fast_rules = _Rules([(user, *rest) for user, _, *rest in rules], [])
    fast = casbin.FastEnforcer(fast_model, fast_rules, cache_key_order=by_request)
    model = Model()
    model.load_model_from_text(_MODEL.format(roles="\n[role_definition]\ng = _, _\n", subject="g(r.sub, p.sub)"))
    plain = casbin.Enforcer(model, _Rules([tuple(rest) for _, *rest in rules], members))
    asked = [(r.user, r.resource, r.action, r.record, r.now) for r in requests]
    for enforcer in (fast, plain):
        enforcer.add_function("holds", _holds)
        enforcer.add_function("denied", _denied)
    return {
        "fast enforcer": lambda begin, end: [fast.enforce(*request) for request in asked[begin:end]],
        "enforcer": lambda begin, end: [plain.enforce(*request) for request in asked[begin:end]],
    }


def _holds(limit: str, user: str, record: dict[str, Any], now: datetime.datetime) -> bool:
    if limit == "None":
        return True
    if limit == "own":
        return bool(record.get("sales_rep") == user)
    created = record.get("created")
    return created is not None and now - datetime.timedelta(days=int(limit)) <= created <= now


def _denied(resource: str, action: str, record: dict[str, Any]) -> bool:
    if resource != "customer" or action != "delete":
        return False
    status = record.get("status")
    return status is None or status == "active"
