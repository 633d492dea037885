"""The bundle's README."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources

from policylang.model import conditions as c
from policylang.model.types import in_words
from policylang.runtime.index import Index
from policylang.targets.examples import example_request
from policylang.targets.rego.reads import RegoReads, months
from policylang.targets.rego.request import Requests


def readme(index: Index, reads: RegoReads) -> str:
    """How to load the bundle and how to ask, for somebody who knows OPA."""
    brought = {f"`{resource}`": _brought(paths) for resource, paths in reads.record.items()}
    brought["every request"] = _brought(reads.request)
    text = resources.files(__package__).joinpath("bundle.md").read_text(encoding="utf-8")
    values = {
        "{example}": _example(index),
        "{zone}": index.policy_set.timezone,
        "{months}": ", ".join(map(str, sorted(months(index)))) or "none",
        "{reads}": "\n".join(f"| {of} | {what} |" for of, what in brought.items()),
    }
    for name, value in values.items():
        text = text.replace(name, value)
    return text


def _example(index: Index) -> str:
    """An input for this policy set."""
    if not any(index.actions.values()):
        return "{}"
    asked = example_request(index)
    made = Requests(index).input(asked.user, asked.action, asked.resource, asked.record, now=asked.now)
    return json.dumps(made, indent=2, ensure_ascii=True)


def _brought(paths: Mapping[str, c.Path]) -> str:
    return ", ".join(f"`{path}`: {in_words(each.type)}" for path, each in paths.items()) or "nothing"
