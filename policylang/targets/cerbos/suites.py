"""The scenario tests of a policy set as tests that ``cerbos compile`` runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from policylang.runtime.reference import opened_on
from policylang.runtime.request import Request
from policylang.runtime.sources import has_role
from policylang.targets.cerbos.encoding import UnheldError
from policylang.targets.cerbos.request import ELIGIBLE, Caller, CheckResources
from policylang.targets.cerbos.rules import ALLOW, DENY
from policylang.targets.target import Scenario


def suite(caller: Caller, scenarios: tuple[Scenario, ...]) -> dict[str, Any]:
    """One suite of all of them. What no request can ask is left out: names and values that there are not."""
    principals = _Fixtures("id")
    resources = _Fixtures("kind")
    tests = []
    for number, scenario in enumerate(scenarios, 1):
        for part, (check, expected) in enumerate(_expected(caller, scenario.asked), 1):
            who, what = principals.name(check.principal), resources.name(check.resource)
            tests.append(
                {
                    "name": f"{scenario.name}, {number}.{part}",
                    "input": {"principals": [who], "resources": [what], "actions": list(expected)},
                    "expected": [{"principal": who, "resource": what, "actions": expected}],
                }
            )
    return {"name": "scenarios", "principals": principals.found, "resources": resources.found, "tests": tests}


class _Fixtures:
    """Each content once, under a name that begins with its own."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._names: dict[bytes, str] = {}
        self.found: dict[str, Any] = {}

    def name(self, content: dict[str, Any]) -> str:
        key = msgspec.json.encode(content, order="sorted")
        if key not in self._names:
            self._names[key] = f"{content[self._key]} {len(self._names) + 1}"
            self.found[self._names[key]] = content
        return self._names[key]


def _expected(caller: Caller, asked: Request) -> Iterator[tuple[CheckResources, dict[str, str]]]:
    """The checks of a request, with what the reference says to each action."""
    try:
        checks = caller.checks(**msgspec.structs.asdict(asked))
    except (ValueError, UnheldError):
        return
    moments = asked.moments(caller.index)
    for number, check in enumerate(checks):
        if check.resource["kind"] == ELIGIBLE:
            (role,) = check.actions
            yield check, {role: _effect(has_role(caller.index, check.principal["id"], role, asked.now))}
            continue
        opened = opened_on(moments[number], asked.action)
        effects = {action: _effect(_allows(opened.fields, action)) for action in check.actions[1:]}
        yield check, {asked.action: _effect(opened.allowed), **effects}


def _allows(fields: tuple[str, ...], action: str) -> bool:
    return action.partition(":")[2] in fields


def _effect(allowed: bool) -> str:
    return ALLOW if allowed else DENY
