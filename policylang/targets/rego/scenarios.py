"""The scenario tests of a policy set as tests of the bundle."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from typing import Any

import msgspec

from policylang.runtime.index import Index
from policylang.targets.bundle import json_bytes
from policylang.targets.rego.encoding import NotEncodableError
from policylang.targets.rego.request import Requests
from policylang.targets.target import Scenario

SCENARIOS = "policylang/scenarios/data.json"
TESTS = "policylang/access_test.rego"


def scenario_files(index: Index, scenarios: Sequence[Scenario]) -> dict[str, bytes]:
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
