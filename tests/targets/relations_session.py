"""Requests as tuples and checks, all of a policy set at once in one store of OpenFGA or SpiceDB."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from policylang.ir import nodes as ir
from policylang.runtime.index import Index
from policylang.targets.openfga.model import written as openfga_tuple
from policylang.targets.relations.plan import Plan, Tuple
from policylang.targets.relations.request import Check, Question, question
from policylang.targets.relations.validity import validity
from policylang.targets.spicedb.schema import written as spicedb_relationship
from policylang.targets.target import Bundle
from policylang.testing.asked import Asked
from tests.engines import spicedb_engine
from tests.engines.openfga_engine import OpenFgaEngine
from tests.engines.spicedb_engine import SpiceDbEngine
from tests.targets.differential import Answer

Asking = tuple[Check, Mapping[str, Any]]
"""A check, and the context it is asked with."""

Ask = Callable[[Bundle, Sequence[Tuple], Sequence[Asking]], Sequence[bool]]
"""Which of the checks say yes, with the bundle and the tuples about records loaded."""


class RelationsSession:
    """Requests at instants for which the bundle is not valid are not answered."""

    def __init__(self, ask: Ask, bundle: Bundle, policy_set: ir.PolicySet, now: datetime.datetime | None) -> None:
        self._ask, self._bundle = ask, bundle
        index = Index(policy_set)
        self._plan = Plan(index, now)
        self._since, self._until = validity(index, now)

    def decide(self, asked: Sequence[Asked]) -> list[Answer | None]:
        made = [self._question(number, each) for number, each in enumerate(asked)]
        tuples = [each for one in made if one is not None for each in one.tuples]
        checks = [(check, one.context) for one in made if one is not None for check in one.checks]
        yes = iter(self._ask(self._bundle, tuples, checks))
        answers: list[Answer | None] = []
        for each, one in zip(asked, made, strict=True):
            if one is None:
                answers.append(Answer(False) if self._valid(each) else None)
            else:
                said = [next(yes) for _ in one.checks]
                answers.append(Answer(all(said)))
        return answers

    def _valid(self, asked: Asked) -> bool:
        return (self._since is None or self._since <= asked.now) and (self._until is None or asked.now < self._until)

    def _question(self, number: int, asked: Asked) -> Question | None:
        if not self._valid(asked):
            return None
        arguments = {"id": f"record {number}", "field": asked.field, "changes": asked.changes}
        arguments |= {"now": asked.now, "request": asked.request}
        try:
            return question(self._plan, asked.user, asked.action, asked.resource, asked.record, **arguments)
        except ValueError:
            return None


def openfga(bundle: Bundle, tuples: Sequence[Tuple], checks: Sequence[Asking]) -> list[bool]:
    own = json.loads(bundle.files["tuples.json"])
    engine = OpenFgaEngine(bundle.files["model.fga"].decode(), [*own, *map(openfga_tuple, tuples)])
    asked = [
        {"user": each.subject, "relation": each.relation, "object": each.object, "context": context}
        for each, context in checks
    ]
    answers = engine.check(asked) if asked else []
    assert None not in answers, "no check of a bundle is ever an error"
    return [answer is True for answer in answers]


def spicedb(bundle: Bundle, tuples: Sequence[Tuple], checks: Sequence[Asking]) -> list[bool]:
    own = bundle.files["relationships.txt"].decode().splitlines()
    with SpiceDbEngine(bundle.files["schema.zed"].decode(), [*own, *map(spicedb_relationship, tuples)]) as engine:
        asked = [spicedb_engine.Check(each.object, each.relation, each.subject, context) for each, context in checks]
        answers = engine.check(asked) if asked else []
    assert "conditional" not in answers, "no value is ever missing"
    return [answer == "yes" for answer in answers]


ENGINES: dict[str, Ask] = {"openfga": openfga, "spicedb": spicedb}


def starting(target: str, now: datetime.datetime | None) -> Callable[..., object]:
    """What `compare` takes."""

    @contextmanager
    def start(bundle: Bundle, policy_set: ir.PolicySet) -> Iterator[RelationsSession]:
        yield RelationsSession(ENGINES[target], bundle, policy_set, now)

    return start
