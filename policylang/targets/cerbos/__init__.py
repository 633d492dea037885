"""Cerbos: policies of resources, and of the principals who append; its roles are groups and the roles people have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policylang.ir import nodes as ir
from policylang.runtime.index import Index
from policylang.runtime.sources import chains
from policylang.targets.bundle import json_bytes, pointer
from policylang.targets.cerbos.conditions import Conditions, none_of, told_apart
from policylang.targets.cerbos.people import Principals
from policylang.targets.cerbos.readme import brought, readme
from policylang.targets.cerbos.reads import CerbosReads
from policylang.targets.cerbos.refusals import refuse_people
from policylang.targets.cerbos.request import ELIGIBLE, Caller
from policylang.targets.cerbos.rules import ALLOW, DENY, PLACES, ResourceRules, around, place_constants, whole
from policylang.targets.cerbos.schemas import schemas
from policylang.targets.cerbos.suites import suite
from policylang.targets.cerbos.yaml_text import yaml_bytes
from policylang.targets.needs import eligible_roles
from policylang.targets.target import Clause, Input, Refusals, Target, TargetBundle
from policylang.targets.ways import refuse_ways

_POLICIES = "policies"
_PRINCIPAL_SCHEMA = {"principalSchema": {"ref": "cerbos:///principal.schema.json"}}
_CONFIG = {
    "engine": {"strictEvaluation": True},
    "schema": {"enforcement": "reject"},
    "storage": {"driver": "disk", "disk": {"directory": _POLICIES}},
}


class _Files:
    """The files of a bundle with the clauses in them."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.clauses: list[Clause] = []

    def policy(self, name: str, kind: str, content: dict[str, Any]) -> str:
        path = f"{_POLICIES}/{name}.policy.yaml"  # one called `x_test.yaml` would be a test
        self.files[path] = yaml_bytes({"apiVersion": "api.cerbos.dev/v1", kind: content})
        return path


def _emit(input: Input, refuse: Refusals) -> TargetBundle | None:
    index = Index(input.policy_set)
    refuse_ways(index, refuse)
    conditions = Conditions(index, refuse)
    refuse_people(input.policy_set, refuse)
    if refuse.found:
        return None
    people, reads = Principals(index), CerbosReads(index)
    made = _Files()
    if index.kinds:
        constants = {"name": PLACES, "definitions": place_constants(index)}
        path = made.policy(f"constants/{PLACES}", "exportConstants", constants)
        for place in input.policy_set.places:
            where = pointer("exportConstants", "definitions", around(place.kind), place.name)
            made.clauses.append(Clause(path, where, place.at))
    for resource in input.policy_set.resources:
        _resource(made, index, ResourceRules(index, people, conditions, resource))
    _eligible(made, index, people)
    numbered = enumerate((user for user in input.policy_set.users if user.appends), 1)
    for number, user in numbered:
        _appends(made, index, conditions, number, user)
    for name, schema in schemas(index, reads).items():
        made.files[f"{_POLICIES}/_schemas/{name}"] = json_bytes(schema)
    caller = Caller(index)
    tests = suite(caller, input.scenarios)
    if tests["tests"]:
        made.files[f"{_POLICIES}/tests/scenarios_test.yaml"] = yaml_bytes(tests)
    made.files["cerbos.yaml"] = yaml_bytes(_CONFIG)
    made.files["principals.json"] = json_bytes(_principals(index, people, caller))
    named = [(user.id, user.at) for user in input.policy_set.users]
    named += [(integration.name, integration.at) for integration in input.policy_set.integrations]
    made.clauses += [Clause("principals.json", pointer(name), at) for name, at in named]
    made.files["request.json"] = json_bytes(brought(caller, reads))
    made.files["README.md"] = readme(caller).encode()
    return TargetBundle(made.files, tuple(made.clauses))


def _resource(made: _Files, index: Index, rules: ResourceRules) -> None:
    name = rules.resource.name
    imported = {"import": [PLACES]} if index.kinds else {}
    if rules.derived:
        definitions = {"name": name, "constants": imported, "definitions": list(rules.derived.values())}
        path = made.policy(f"derived_roles/{name}", "derivedRoles", definitions)
        for number, role in enumerate(rules.derived):
            made.clauses.append(Clause(path, f"/derivedRoles/definitions/{number}", index.roles[role].at))
    parts: dict[str, Any] = {
        "resource": name,
        "version": "default",
        "importDerivedRoles": [name] if rules.derived else [],
        "constants": {**imported, **({"local": rules.constants} if rules.constants else {})},
        "schemas": {**_PRINCIPAL_SCHEMA, "resourceSchema": {"ref": f"cerbos:///resources/{name}.schema.json"}},
        "rules": [rule.content for rule in rules.rules],
    }
    content = {key: part for key, part in parts.items() if part or key == "rules"}
    path = made.policy(f"resources/{name}", "resourcePolicy", content)
    for number, rule in enumerate(rules.rules):
        made.clauses += [Clause(path, f"/resourcePolicy/rules/{number}", at) for at in rule.at]


def _eligible(made: _Files, index: Index, people: Principals) -> None:
    """Who has the roles that attributes ask for, whose policy answers for whoever would be written."""
    rules: list[dict[str, Any]] = []
    for role in eligible_roles(index):
        roles = [
            each.name
            for each in people.roles
            if any(isinstance(chain[-1], ir.Role) and chain[-1].name == role for chain in chains(index, each.source))
        ]
        rules.append({"name": f"allow-{len(rules) + 1}", "actions": [role], "effect": ALLOW, "roles": roles})
    if rules:
        content = {"resource": ELIGIBLE, "version": "default", "schemas": _PRINCIPAL_SCHEMA, "rules": rules}
        path = made.policy(f"resources/{ELIGIBLE}", "resourcePolicy", content)
        for number, rule in enumerate(rules):
            at = index.roles[rule["actions"][0]].at
            made.clauses.append(Clause(path, f"/resourcePolicy/rules/{number}", at))


def _appends(made: _Files, index: Index, conditions: Conditions, number: int, user: ir.User) -> None:
    """A policy of one principal, who is denied what an appended policy is not true of."""
    rules: dict[str, list[dict[str, Any]]] = {}
    at: dict[str, dict[str, None]] = {}
    for appended in dict.fromkeys(user.appends):
        instance = index.instances[appended.limit.instance]
        unless = none_of(conditions.match(instance.resource, instance.condition))
        actions = rules.setdefault(instance.resource, [])
        for each in _limited(index, appended.limit):
            condition = {"match": told_apart(unless, f"append {number}-{len(actions) + 1}")}
            actions.append({"action": each, "effect": DENY, "condition": condition})
        at.setdefault(instance.resource, {}).update({appended.limit.at: None, instance.at: None})
    listed: list[dict[str, Any]] = [
        {"resource": resource, "actions": actions} for resource, actions in rules.items() if actions
    ]
    if listed:
        path = made.policy(
            f"principals/{number}", "principalPolicy", {"principal": user.id, "version": "default", "rules": listed}
        )
        for place, rule in enumerate(listed):
            made.clauses += [Clause(path, f"/principalPolicy/rules/{place}", each) for each in at[rule["resource"]]]


def _limited(index: Index, limit: ir.Limit) -> Iterator[str]:
    """The actions of a policy that a user appends, with those that ask for attributes."""
    declared = index.resources[index.instances[limit.instance].resource].actions
    if limit.actions is None and not any(action.bypasses_policies for action in declared):
        yield "*"
        return
    for action in declared:
        if not action.bypasses_policies and limit.applies(action.name):
            yield from whole(action.name)


def _principals(index: Index, people: Principals, caller: Caller) -> dict[str, Any]:
    """Who is what, and when: what the service that asks has to look up."""
    found = {}
    for name in index.requesters:
        declared = index.users.get(name)
        found[name] = {
            "roles": people.principals[name],
            "superuser": declared is not None and declared.superuser,
            "user": caller.attributes(name),
        }
    return found


_INPUT = ("within", "within-days", "within-months", "clock", "duration", "user-attribute", "dated", "hours", "tree")

TARGET = Target(
    name="cerbos",
    title="Cerbos",
    engine="Cerbos 0.55",
    support=dict.fromkeys(_INPUT, "input"),
    ways_out={},
    emit=_emit,
)
