"""The bundle's README."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources

from policylang.model import conditions as c
from policylang.model.types import in_words
from policylang.runtime.index import Index
from policylang.targets.rego.reads import RegoReads, months

EXAMPLE = {
    "user": "ann@example.test",
    "action": "view",
    "resource": "customer",
    "record": {"owner": "ann@example.test"},
    "request": {},
    "now": 1795262400000000,
    "today": 20778,
    "months": {"1": {"before": {"datetime": 1792584000000000, "date": 20747}, "after": {}}},
}
"""An input, at 2026-11-21T12:00:00Z."""


def readme(index: Index, reads: RegoReads) -> str:
    """How to load the bundle and how to ask, for somebody who knows OPA."""
    brought = {f"`{resource}`": _brought(paths) for resource, paths in reads.record.items()}
    brought["every request"] = _brought(reads.request)
    text = resources.files(__package__).joinpath("bundle.md").read_text(encoding="utf-8")
    values = {
        "{example}": json.dumps(EXAMPLE, indent=2),
        "{zone}": index.policy_set.timezone,
        "{months}": ", ".join(map(str, sorted(months(index)))) or "none",
        "{reads}": "\n".join(f"| {of} | {what} |" for of, what in brought.items()),
    }
    for name, value in values.items():
        text = text.replace(name, value)
    return text


def _brought(paths: Mapping[str, c.Path]) -> str:
    return ", ".join(f"`{path}`: {in_words(each.type)}" for path, each in paths.items()) or "nothing"
