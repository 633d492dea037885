"""Cedar, by cedarpy: everything parsed once, a policy set for each resource, requests put together on the way."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import cedarpy

from policylang.ir import nodes as ir
from policylang.runtime.request import Request
from policylang.targets.cedar.request import asking, questions
from policylang.targets.target import TargetBundle


@contextmanager
def prepare(
    bundle: TargetBundle, policy_set: ir.PolicySet
) -> Iterator[Callable[[Sequence[Request]], Sequence[bool | None]]]:
    """Decides requests that the policy set knows, each of which is one question."""
    files = {name: content.decode() for name, content in bundle.files.items()}
    schema = cedarpy.Schema.from_json_str(files["schema.json"])
    entities = cedarpy.Entities.from_json_str(files["entities.json"], schema)
    by_type = _policies(json.loads(files["policies.json"]))
    known = asking(policy_set)

    def decide(asked: Sequence[Request]) -> list[bool | None]:
        waiting: dict[str, list[tuple[int, dict[str, Any]]]] = {}
        for number, each in enumerate(asked):
            (question,) = questions(
                known, each.user, each.action, each.resource, each.record, now=each.now, request=each.request
            )
            waiting.setdefault(question["resource"]["type"], []).append((number, question))
        answers: list[bool | None] = [None] * len(asked)
        for type_, numbered in waiting.items():
            batch = [question for _, question in numbered]
            results = cedarpy.is_authorized_batch(batch, by_type[type_], entities, schema)
            for (number, _), result in zip(numbered, results, strict=True):
                answers[number] = result.allowed
        return answers

    yield decide


def _policies(document: dict[str, Any]) -> dict[str, cedarpy.PolicySet]:
    """By entity type those about its records."""
    static: dict[str, dict[str, Any]] = {}
    for id, policy in document["staticPolicies"].items():
        static.setdefault(policy["resource"]["entity_type"], {})[id] = policy
    return {
        type_: cedarpy.PolicySet.from_json_str(json.dumps({**document, "staticPolicies": of}))
        for type_, of in static.items()
    }
