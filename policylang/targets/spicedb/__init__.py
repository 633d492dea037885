"""SpiceDB: a schema and relationships."""

from __future__ import annotations

import json

from policylang.runtime.index import Index
from policylang.targets.bundle import json_bytes, yaml_bytes
from policylang.targets.relations.expected import expected
from policylang.targets.relations.lookup import lookup
from policylang.targets.relations.plan import RelationPlan
from policylang.targets.relations.readme import readme
from policylang.targets.relations.refusals import SUPPORT, WAYS_OUT, refuse_sizes
from policylang.targets.spicedb.schema import schema, written
from policylang.targets.target import Clause, Input, Refusals, Target, TargetBundle
from policylang.targets.ways import refuse_ways

LONGEST_ID = 500
"""Of an encoded name: a source holds two, and an id 1,024 characters."""
DEEPEST = 40
"""Places inside each other: SpiceDB stops after 50 steps."""


def _emit(input: Input, refuse: Refusals) -> TargetBundle | None:
    index = Index(input.policy_set)
    refuse_ways(index, refuse)
    plan = RelationPlan(index, input.now, refuse)
    refuse_sizes(plan, refuse, LONGEST_ID, DEEPEST)
    if refuse.found:
        return None
    text = schema(plan)
    lines = [written(each) for each in plan.tuples]
    files = {
        "schema.zed": text.encode(),
        "relationships.txt": "".join(f"{line}\n" for line in lines).encode(),
        "names.json": json_bytes(lookup(plan)),
        "validation.yaml": yaml_bytes(_validation(plan, input, text, lines)),
        "README.md": readme(plan, __package__, "; delete its relationships afterwards").encode(),
    }
    clauses = [Clause("relationships.txt", line, each.at) for line, each in zip(lines, plan.tuples, strict=True)]
    return TargetBundle(files, (*clauses, *plan.clauses("schema.zed")))


def _validation(plan: RelationPlan, input: Input, text: str, lines: list[str]) -> dict[str, object]:
    """What ``zed validate`` reads: everything in one file, with the records that are asked about."""
    asked = expected(plan, input)
    records = [written(each) for one in asked for each in one.tuples]
    checks: dict[str, list[str]] = {"assertTrue": [], "assertFalse": []}
    for one in asked:
        found = checks["assertTrue" if one.allowed else "assertFalse"]
        context = f" with {json.dumps(one.context, sort_keys=True)}" if one.context else ""
        found += [f"{check.object}#{check.relation}@{check.subject}{context}" for check in one.checks]
    relationships = "".join(f"{line}\n" for line in dict.fromkeys((*lines, *records)))
    assertions = {kind: list(dict.fromkeys(found)) for kind, found in checks.items()}
    return {"schema": text, "relationships": relationships, "assertions": assertions}


TARGET = Target(
    name="spicedb",
    title="SpiceDB",
    engine="SpiceDB 1.54",
    support=SUPPORT,
    ways_out=WAYS_OUT,
    emit=_emit,
)
