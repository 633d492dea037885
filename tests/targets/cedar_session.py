"""Requests as questions to Cedar."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from policylang.ir import nodes as ir
from policylang.pipelines.compile import compile_for
from policylang.runtime.index import Index
from policylang.runtime.request import Request
from policylang.targets import find_target
from policylang.targets.cedar.request import CedarRequests, asking, questions
from policylang.targets.cedar.values import NotHeldError
from policylang.targets.request import DeniedError
from policylang.targets.target import Input, TargetBundle
from tests.engines.cedar_engine import CedarEngine
from tests.helpers import kind_of
from tests.targets.differential import Answer

SALES = """
scope region contains site
place region "North"
place site "HQ" in "North"
resource customer {
  name : text
  owner : user with role rep
  created : datetime
  optional closed : bool
  site : site
  sensitive rate : money
  actions view, create, modify
}
policy recent on customer { created within 30 days }
role rep
role guard { grant view on customer  deny view on customer { closed is true } }
group sales { role rep  grant view, create, modify on customer  policy recent }
user "ann" in sales
user "cid" { assign role guard at region "North" from 2026-11-01 until 2026-11-21 }
"""


def bundle_of(policy_set: ir.PolicySet) -> TargetBundle:
    bundle = compile_for(find_target("cedar"), Input(policy_set))
    assert isinstance(bundle, TargetBundle)
    return bundle


class CedarSession:
    """An engine with a bundle loaded. No policy may err: it would be skipped."""

    def __init__(self, engine: CedarEngine, asking: CedarRequests) -> None:
        self.engine = engine
        self.asking = asking

    def decide(self, asked: Sequence[Request]) -> list[Answer | None]:
        requests: list[dict[str, Any]] = []
        spans: list[list[tuple[int, int]] | bool | None] = []
        for each in asked:
            fields = [each.field]
            if each.field is None and not each.changes and kind_of(self.asking.index, each) != "create":
                fields += self.asking.index.attributes.get(each.resource, {})
            try:
                spans.append([])
                for field in fields:
                    found = ask(self.asking, each, field)
                    spans[-1].append((len(requests), len(requests) + len(found)))  # type: ignore[union-attr]
                    requests += found
            except DeniedError:
                spans[-1] = False
            except NotHeldError:
                spans[-1] = None
        answers = self.engine.ask(requests)
        assert [error for answer in answers for error in answer.errors] == []

        def whole(span: tuple[int, int]) -> bool:
            return all(answer.allowed for answer in answers[slice(*span)])

        decided: list[Answer | None] = []
        for each, span in zip(asked, spans, strict=True):
            if span is None or isinstance(span, bool):
                decided.append(None if span is None else Answer(False))
                continue
            names = self.asking.index.attributes.get(each.resource, {})
            covered = frozenset(name for name, of in zip(names, span[1:], strict=False) if whole(of))
            decided.append(Answer(whole(span[0]), covered if len(span) > 1 else None))
        return decided


def ask(asking: CedarRequests, asked: Request, field: str | None) -> list[dict[str, Any]]:
    return questions(asking, **{**msgspec.structs.asdict(asked), "field": field})


@contextmanager
def loaded(bundle: TargetBundle, index: Index) -> Iterator[CedarSession]:
    """A session with the bundle: its policies are valid under its schema, and its entities fit."""
    files = {name: content.decode() for name, content in bundle.files.items()}
    entities = json.loads(files["entities.json"])
    engine = CedarEngine(files["policies.json"], files["schema.json"], entities)
    yield CedarSession(engine, asking(index.policy_set, index.lookup))
