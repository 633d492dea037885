"""OpenFGA: a model and tuples."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from policylang.runtime.index import Index
from policylang.targets.bundle import json_bytes, yaml_bytes
from policylang.targets.openfga.model import model, written
from policylang.targets.relations.cel import LONGEST
from policylang.targets.relations.expected import Expected, expected
from policylang.targets.relations.lookup import lookup
from policylang.targets.relations.plan import RelationPlan
from policylang.targets.relations.readme import readme
from policylang.targets.relations.refusals import SUPPORT, WAYS_OUT, refuse_sizes
from policylang.targets.target import Clause, Input, Refusals, Target, TargetBundle
from policylang.targets.ways import refuse_ways

LONGEST_ID = 110
"""Of an encoded name: a source holds two, and ``type:id`` 256 characters."""
DEEPEST = 18
"""Places inside each other: OpenFGA stops after 25 steps."""
_LARGEST = 256 * 1024
"""Of a model, in bytes as OpenFGA keeps it, which is less than its text."""
_MOST_TYPES = 100
_OWN_TYPES = 4
_MOST_CONDITIONS = 25
_PARTS = "compile parts of the policy set as sets of their own"


def _emit(input: Input, refuse: Refusals) -> TargetBundle | None:
    index = Index(input.policy_set)
    refuse_ways(index, refuse)
    plan = RelationPlan(index, input.now, refuse)
    text = model(plan)
    refuse_sizes(plan, refuse, LONGEST_ID, DEEPEST)
    _refuse_large(plan, text, refuse)
    if refuse.found:
        return None
    tests = [_test(name, list(each)) for name, each in groupby(expected(plan, input), key=lambda each: each.name)]
    store: dict[str, Any] = {"name": "policies", "model_file": "model.fga", "tuple_file": "tuples.json"}
    store["tests"] = tests
    files = {
        "model.fga": text.encode(),
        "tuples.json": json_bytes([written(each) for each in plan.tuples]),
        "names.json": json_bytes(lookup(plan)),
        "store.fga.yaml": yaml_bytes(store),
        "README.md": readme(plan, __package__, ", with its tuples as contextual tuples").encode(),
    }
    clauses = [Clause("tuples.json", f"/{number}", each.at) for number, each in enumerate(plan.tuples)]
    return TargetBundle(files, (*clauses, *plan.clauses("model.fga")))


def _refuse_large(plan: RelationPlan, text: str, refuse: Refusals) -> None:
    resources = plan.index.policy_set.resources
    free = _MOST_TYPES - _OWN_TYPES - len(plan.nodes)
    if len(resources) > free:
        trees = f" beside those for {len(plan.nodes)} trees" if plan.nodes else ""
        message = f"OpenFGA has {free} types for resources{trees}, there are {len(resources)}"
        refuse("PL803", message, resources[free].at, _PARTS)
    if not plan.whole:
        return
    if len(text) > _LARGEST:
        message = f"OpenFGA takes models of {_LARGEST} bytes, this one has {len(text)}"
        refuse("PL803", message, resources[0].at, _PARTS)
    for number, each in enumerate(plan.conditions.values(), 1):
        if number > _MOST_CONDITIONS:
            help = f"list fewer values, or {_PARTS}"  # what is longer than a condition may be is cut into several
            refuse("PL803", f"OpenFGA takes {_MOST_CONDITIONS} conditions, this is one more", each.at, help)
        if len(each.text.expression) > LONGEST:
            message = f"OpenFGA takes conditions of {LONGEST} bytes, one of this has {len(each.text.expression)}"
            refuse("PL803", message, each.at, "compare with shorter constants")


def _test(name: str, asked: list[Expected]) -> dict[str, Any]:
    """One test for many checks: for each test, all tuples are loaded anew."""
    tuples = {(each.object, each.relation, each.subject): written(each) for one in asked for each in one.tuples}
    checks = [
        {
            "user": check.subject,
            "object": check.object,
            **({"context": each.context} if each.context else {}),
            "assertions": {check.relation: each.allowed},
        }
        for each in asked
        for check in each.checks
    ]
    return {"name": name, "tuples": list(tuples.values()), "check": checks}


TARGET = Target(
    name="openfga",
    title="OpenFGA",
    engine="OpenFGA 1.8, fga 0.8",
    support=SUPPORT,
    ways_out=WAYS_OUT,
    emit=_emit,
)
