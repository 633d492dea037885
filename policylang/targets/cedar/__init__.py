"""Cedar: a policy for each different thing that groups and roles say, and entities that say who is in it.

The number of policies, all of which the authoriser looks at, does not grow with the number of groups.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from policylang.runtime.index import Index
from policylang.targets.bundle import json_bytes
from policylang.targets.cedar.contexts import contexts
from policylang.targets.cedar.entities import entities
from policylang.targets.cedar.expressions import depth, entity
from policylang.targets.cedar.policies import Policies
from policylang.targets.cedar.readme import readme
from policylang.targets.cedar.request import CedarRequests, questions
from policylang.targets.cedar.rights import CedarRights
from policylang.targets.cedar.schema import schema, schema_text
from policylang.targets.cedar.values import NotHeldError
from policylang.targets.request import DeniedError
from policylang.targets.target import Clause, Input, Refusals, Target, TargetBundle
from policylang.targets.ways import refuse_ways
from policylang.text.readable import shown_json

DEEPEST = 125
"""Of a policy: readers of JSON stop at 128 objects and lists inside each other, of which two are around it."""


def _emit(input: Input, refuse: Refusals) -> TargetBundle | None:
    index = Index(input.policy_set)
    refuse_ways(index, refuse)
    policies = Policies(CedarRights(index), refuse)
    people = list(entities(policies, refuse))
    found = policies.found.values()
    if not refuse.found:
        for policy in found:
            if depth(policy.json_bytes()) > DEEPEST:
                help = "flatten it: `a and b and c` is one level"
                refuse("PL803", "this is nested too deeply for Cedar's JSON", policy.at[0], help)
    if refuse.found:
        return None
    read = contexts(policies)
    document = schema(policies, read)
    static = (f"{_line(policy.id)}: {_line(policy.json_bytes())}" for policy in found)
    files = {
        "policies.json": _lines('{"templates": {}, "templateLinks": [], "staticPolicies": {', static, "}}"),
        "policies.cedar": "\n".join(policy.as_text() for policy in found).encode(),
        "schema.json": json_bytes(document),
        "schema.cedarschema": schema_text(document).encode(),
        "entities.json": _lines("[", (_line(each) for each, _ in people), "]"),
        "tests.json": _lines("[", (_line(each) for each in _tests(CedarRequests(index, read), input)), "]"),
        "README.md": readme(policies, read).encode(),
    }
    clauses = [
        Clause(file, policy.id, at)
        for file in ("policies.json", "policies.cedar")
        for policy in found
        for at in policy.at
    ]
    clauses += [Clause("entities.json", entity(each["uid"]), at) for each, at in people]
    return TargetBundle(files, tuple(clauses))


def _lines(begin: str, items: Iterable[str], end: str) -> bytes:
    """JSON with a line for each item, so that changes show."""
    return "\n".join((begin, ",\n".join(items), end, "")).encode()


def _line(value: object) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return shown_json(text.encode()).decode()


def _tests(asking: CedarRequests, input: Input) -> Iterator[Mapping[str, Any]]:
    """Those of the scenarios that Cedar can be asked about."""
    for each in input.scenarios:
        try:
            requests = questions(asking, **msgspec.structs.asdict(each.asked))
        except (DeniedError, NotHeldError):
            continue
        yield {"name": each.name, "requests": requests, "allowed": each.allowed}


TARGET = Target(
    name="cedar",
    title="Cedar",
    engine="Cedar 4",
    support=dict.fromkeys(("request", "within", "within-days", "within-months", "clock", "dated", "tree"), "input"),
    ways_out={"hours": "use whole days, and add a policy with `now is between` to the role"},
    emit=_emit,
)
