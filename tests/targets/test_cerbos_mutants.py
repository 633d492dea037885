"""Cerbos's bundle broken on purpose is found out by what the differential tests ask."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import msgspec
import pytest

from policylang.model.types import Duration
from policylang.runtime.index import Index
from policylang.targets.cerbos import people, request, rules, told
from policylang.targets.target import TargetBundle
from tests.engines.cerbos_engine import CerbosServer
from tests.helpers import project
from tests.targets.cerbos_session import CerbosSession
from tests.targets.differential import boundaries, compare
from tests.targets.test_postgres_mutants import BESIDE, SET

Files = dict[str, bytes]


def ask(server: CerbosServer, change: Callable[[Files], Files] = dict) -> int:
    made = project(SET)
    assert made.ir is not None

    @contextmanager
    def start(bundle: TargetBundle, index: Index) -> Iterator[CerbosSession]:
        changed = msgspec.structs.replace(bundle, files=change(dict(bundle.files)))
        yield CerbosSession(server, changed, index)

    return compare("cerbos", start, made.ir, [*(each.asked for each in boundaries(made)), *BESIDE]).asked


def _in_policies(pattern: str, instead: str) -> Callable[[Files], Files]:
    """The same with something else in all policies."""

    def change(files: Files) -> Files:
        return {
            path: re.sub(pattern.encode(), instead.encode(), content) if path.endswith(".yaml") else content
            for path, content in files.items()
        }

    return change


def _undated(files: Files) -> Files:
    principals = json.loads(files["principals.json"])
    for principal in principals.values():
        principal["roles"] = [{k: v for k, v in role.items() if k != "until"} for role in principal["roles"]]
    return {**files, "principals.json": json.dumps(principals).encode()}


BUNDLES: dict[str, Callable[[Files], Files]] = {
    "or for and": _in_policies(r"&& R\.attr\.name == 'x'", "|| R.attr.name == 'x'"),
    "any limit will do": _in_policies("all:", "any:"),
    "an end left out": _in_policies(
        r">= timestamp\(P.attr.instants\['1 month ago'\]\)", "> timestamp(P.attr.instants['1 month ago'])"
    ),
    "no denies": _in_policies("effect: EFFECT_DENY", "effect: EFFECT_ALLOW"),
    "denies of one role": _in_policies(r'roles:\n        - "\*"', 'roles:\n        - "role:guard:at"'),
    "unknown denies do not apply": _in_policies(
        r"has\(R\.attr\.closed\) && R\.attr\.closed != true", "!has(R.attr.closed) || R.attr.closed != true"
    ),
    "no appends": lambda files: {path: c for path, c in files.items() if "/principals/" not in path},
    "sensitive attributes for all": _in_policies('- "create:name"', '- "create:name"\n        - "create:rate"'),
    "places left out": _in_policies(r"C\.around_site\[R\.attr\.site\]\.exists\(.*\)", "true"),
    "places of another kind": _in_policies(r"around_site:", "around_site: {}\n    around_sites:"),
    "no end of a date": _undated,
}


def _without(
    checks: Callable[..., Any], kept: Callable[[list[request.CheckResources]], list[request.CheckResources]]
) -> Any:
    return lambda *arguments, **more: tuple(kept(list(checks(*arguments, **more))))


def _months_of_30_days(edges: Any, now: Any, length: Duration, *rest: Any, **more: Any) -> Any:
    return edges(now, Duration(30 * length.amount, "days") if length.unit == "months" else length, *rest, **more)


_CHECKS = request.Caller.checks
_EDGES = told.now_and_edge
PARTS: dict[str, tuple[Any, str, Any]] = {
    "no overrides": (people, "_overriding", lambda index: {}),
    "no requirements": (rules.ResourceRules, "_requirements", lambda self: None),
    "conditions of denies turned round": (rules, "none_of", lambda part: part),
    "only the old record": (request.Caller, "checks", _without(_CHECKS, lambda checks: checks[:1])),
    "only the new record": (request.Caller, "checks", _without(_CHECKS, lambda checks: checks[1:] or checks)),
    "anybody is eligible": (
        request.Caller,
        "checks",
        _without(_CHECKS, lambda checks: [c for c in checks if c.resource["kind"] != request.ELIGIBLE]),
    ),
    "no attributes asked": (
        request.Caller,
        "checks",
        _without(_CHECKS, lambda checks: [msgspec.structs.replace(c, actions=c.actions[:1]) for c in checks]),
    ),
    "months of another length": (told, "now_and_edge", partial(_months_of_30_days, _EDGES)),
}


def test_what_is_whole_passes(cerbos: CerbosServer) -> None:
    assert ask(cerbos) > 40


@pytest.mark.parametrize("name", BUNDLES)
def test_broken_bundles(cerbos: CerbosServer, name: str) -> None:
    def change(files: Files) -> Files:
        changed = BUNDLES[name](files)
        assert changed != files
        return changed

    with pytest.raises(AssertionError, match="Request"):
        ask(cerbos, change)


@pytest.mark.parametrize("name", PARTS)
def test_broken_parts(cerbos: CerbosServer, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    where, part, instead = PARTS[name]
    monkeypatch.setattr(where, part, instead)
    with pytest.raises(AssertionError, match="Request"):
        ask(cerbos)
