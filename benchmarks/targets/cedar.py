"""Cedar, by cedarpy: everything parsed once, many requests in a call, put together on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import cedarpy

from policylang.ir import nodes as ir
from policylang.targets.cedar.request import asking, questions
from policylang.targets.target import Bundle
from policylang.testing.asked import Asked


@contextmanager
def prepare(bundle: Bundle, policy_set: ir.PolicySet) -> Iterator[Callable[[Sequence[Asked]], Sequence[bool | None]]]:
    """Decides requests that the policy set knows, each of which is one question."""
    files = {name: content.decode() for name, content in bundle.files.items()}
    schema = cedarpy.Schema.from_json_str(files["schema.json"])
    policies = cedarpy.PolicySet.from_json_str(files["policies.json"])
    entities = cedarpy.Entities.from_json_str(files["entities.json"], schema)
    known = asking(policy_set)

    def decide(asked: Sequence[Asked]) -> list[bool | None]:
        requests = []
        for each in asked:
            (question,) = questions(
                known, each.user, each.action, each.resource, each.record, now=each.now, request=each.request
            )
            requests.append(question)
        return [each.allowed for each in cedarpy.is_authorized_batch(requests, policies, entities, schema)]

    yield decide
