"""Rego: one program for every policy set, and the policy set as tables that it looks things up in."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from typing import Any

import msgspec

from policylang.runtime.index import Index
from policylang.targets.bundle import json_bytes, pointer
from policylang.targets.rego.encoding import NotEncodableError
from policylang.targets.rego.readme import readme
from policylang.targets.rego.request import Requests
from policylang.targets.rego.tables import RegoDocument
from policylang.targets.target import Clause, Input, Refusals, Scenario, Target, TargetBundle
from policylang.targets.ways import refuse_ways

TABLES = "policylang/tables/data.json"
SCENARIOS = "policylang/scenarios/data.json"
TESTS = "policylang/access_test.rego"
_PROGRAM = ("access.rego", "conditions.rego", "filter.rego")


def _emit(input: Input, refuse: Refusals) -> TargetBundle | None:
    index = Index(input.policy_set)
    refuse_ways(index, refuse)
    tables = RegoDocument(index, refuse)
    if refuse.found:
        return None
    files = {
        ".manifest": json_bytes({"revision": input.policy_set.digest, "roots": ["policylang"], "rego_version": 1}),
        TABLES: json_bytes(tables.document),
        "README.md": readme(index, tables.reads).encode(),
    }
    files |= {f"policylang/{name}": resources.files(__package__).joinpath(name).read_bytes() for name in _PROGRAM}
    if input.scenarios:
        files |= _scenarios(index, input.scenarios)
    clauses = (Clause(TABLES, pointer(*way), at) for way, at in tables.traces)
    return TargetBundle(files, tuple(clauses))


def _scenarios(index: Index, scenarios: Sequence[Scenario]) -> dict[str, bytes]:
    """The requests with their answers, and the test that asks them."""
    requests = Requests(index)
    found: dict[str, dict[str, Any]] = {}
    for number, each in enumerate(scenarios):
        try:
            made = requests.input(**msgspec.structs.asdict(each.asked))
        except NotEncodableError:
            continue  # is to be denied without asking
        found[str(number)] = {"name": each.name, "input": made, "allow": each.allowed}
    tests = resources.files(__package__).joinpath("access_test.rego").read_bytes()
    return {SCENARIOS: json_bytes(found), TESTS: tests}


TARGET = Target(
    name="rego",
    title="Rego",
    engine="Open Policy Agent 1.0 or newer, regorus 0.13",
    support=dict.fromkeys(("within-days", "within-months", "clock", "dated", "hours", "tree"), "input"),
    ways_out={},
    emit=_emit,
)
