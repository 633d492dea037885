"""Running scenario tests: each line of a test is a case, decided by the reference runtime."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import msgspec

from policylang.ir.nodes import PolicySet
from policylang.model.types import RecordType, SetType
from policylang.runtime.index import Index
from policylang.runtime.reference import Decision, decide, eligible
from policylang.testing.scenario import ScenarioFile, Test, scenario_schema
from policylang.yaml_source import Yaml, YamlError, read_yaml, validate


class Case(msgspec.Struct, frozen=True):
    """One expectation of a test: ``title`` says what was asked, ``line`` (1-based) where.

    ``failure`` says what came out instead and why; ``None`` where the expectation held.
    """

    test: str
    title: str
    line: int
    failure: str | None


def read_scenarios(text: str) -> tuple[ScenarioFile, Yaml]:
    """Read a scenario file. Raises `YamlError` at the place of what is wrong with it."""
    document = read_yaml(text)
    validate(document, scenario_schema())
    try:
        return msgspec.convert(document.value, ScenarioFile), document
    except msgspec.ValidationError as error:
        raise YamlError(str(error), 1, 1) from None


def run_scenarios(scenarios: ScenarioFile, document: Yaml, policy_set: PolicySet) -> Iterator[Case]:
    """Decide every case of a file, in its order. Raises `YamlError` for names that nothing in the file declares."""
    index = Index(policy_set)
    records = _linked(index, scenarios, document)
    for number, test in enumerate(scenarios.tests):
        for word, expected in (("allow", True), ("deny", False)):
            for action, targets in getattr(test, word).items():
                for position, target in enumerate(targets):
                    steps = ("tests", number, word, action, position)
                    yield _case(index, scenarios, test, records, action, target, expected, document, steps)
    now = datetime.datetime.fromisoformat(scenarios.now)
    for attribute, users in scenarios.eligible.items():
        resource, _, name = attribute.partition(".")
        if name not in index.attributes.get(resource, {}):
            raise document.error(("eligible", attribute), f"there is no attribute `{attribute}`")
        found = eligible(index, resource, name, now)
        failure = None if list(found) == sorted(users) else f"eligible are {', '.join(found) or 'no users'}"
        line, _ = document.places["eligible", attribute]
        yield Case("eligible", f"{attribute}: {', '.join(sorted(users)) or 'nobody'}", line, failure)


def _case(
    index: Index,
    scenarios: ScenarioFile,
    test: Test,
    records: dict[str, dict[str, Any]],
    action: str,
    target: Any,
    expected: bool,
    document: Yaml,
    steps: tuple[str | int, ...],
) -> Case:
    changes, field = None, None
    if isinstance(target, str):
        name, _, rest = target.partition(".")
        field = rest or None
    else:
        ((name, changes),) = target.items()
    if name not in records:
        raise document.error(steps, f"there is no record `{name}` in this file", "define it under `records`")
    if changes is not None and action != "modify":
        raise document.error(steps, f"{action} writes no changes", "only modify proposes changes")
    record = dict(records[name])
    resource = record.pop("resource")
    if changes is not None:
        changes = {key: _link(index, resource, key, value, records) for key, value in changes.items()}
    decision = decide(
        index,
        test.user,
        action,
        resource,
        record,
        now=datetime.datetime.fromisoformat(test.now or scenarios.now),
        request={**scenarios.request, **test.request},
        field=field,
        changes=changes,
    )
    shown = target if isinstance(target, str) else f"{name} with {', '.join(changes or ())} changed"
    title = f"{test.user} {'may' if expected else 'may not'} {action} {shown}"
    line, _ = document.places[steps]
    return Case(test.name, title, line, None if decision.allowed == expected else _failure(decision))


def _failure(decision: Decision) -> str:
    return "it is allowed" if decision.allowed else f"it is denied: {'; '.join(decision.reasons)}"


def _linked(index: Index, scenarios: ScenarioFile, document: Yaml) -> dict[str, dict[str, Any]]:
    """The records, with the names of other records replaced by these records."""
    records: dict[str, dict[str, Any]] = {name: {"id": name} for name in scenarios.records}
    for name, given in scenarios.records.items():
        resource = given.get("resource")
        if resource not in index.resources:
            steps = ("records", name, "resource") if "resource" in given else ("records", name)
            raise document.error(steps, f"there is no resource `{resource}`", "name one with `resource: …`")
        if "id" in index.attributes[str(resource)]:
            del records[name]["id"]  # then the attribute says which record it is
        for key, value in given.items():
            records[name][key] = value if key == "resource" else _link(index, str(resource), key, value, records)
    return records


def _link(index: Index, resource: str, key: str, value: Any, records: dict[str, dict[str, Any]]) -> Any:
    declared = index.attributes[resource].get(key)
    type_ = declared.type if declared else None
    if isinstance(type_, RecordType) and isinstance(value, str):
        return records.get(value, value)
    if isinstance(type_, SetType) and isinstance(type_.of, RecordType) and isinstance(value, list):
        return [records.get(item, item) if isinstance(item, str) else item for item in value]
    return value
