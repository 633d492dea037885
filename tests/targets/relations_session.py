"""Requests as tuples and checks, all of a policy set at once in one store of OpenFGA or SpiceDB."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any, NamedTuple

import msgspec

from policylang.runtime.index import Index
from policylang.runtime.request import Request
from policylang.targets.openfga.model import written as openfga_tuple
from policylang.targets.relations.context import request_context
from policylang.targets.relations.objects import USER, Tuple, object_id, object_of
from policylang.targets.relations.plan import RelationPlan
from policylang.targets.relations.request import Check, CheckedRequest, question, record_tuples
from policylang.targets.relations.validity import validity
from policylang.targets.spicedb.schema import written as spicedb_relationship
from policylang.targets.target import TargetBundle
from tests.engines import spicedb_engine
from tests.engines.openfga_engine import OpenFgaEngine
from tests.engines.spicedb_engine import SpiceDbEngine
from tests.targets.differential import Answer, Start

Asking = tuple[Check, Mapping[str, Any]]
"""A check, and the context it is asked with."""

Listing = tuple[str, str, str, Mapping[str, Any]]
"""The type of objects, a relation, the user, and the context it is asked with."""

Ask = Callable[[TargetBundle, Sequence[Tuple], Sequence[Asking]], Sequence[bool]]
"""Which of the checks say yes, with the bundle and the tuples about records loaded."""


class RelationsSession:
    """Requests at instants for which the bundle is not valid are not answered."""

    def __init__(self, ask: Ask, bundle: TargetBundle, index: Index, now: datetime.datetime | None) -> None:
        self._ask, self._bundle = ask, bundle
        self._plan = RelationPlan(index, now)
        self._since, self._until = validity(index, now)
        self._numbers = count()

    def decide(self, asked: Sequence[Request]) -> list[Answer | None]:
        made = [self._question(each) for each in asked]
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

    def allowed(self, asked: Sequence[Request]) -> list[bool | None]:
        return [None if answer is None else answer.allowed for answer in self.decide(asked)]

    def _valid(self, asked: Request) -> bool:
        return (self._since is None or self._since <= asked.now) and (self._until is None or asked.now < self._until)

    def _question(self, asked: Request) -> CheckedRequest | None:
        if not self._valid(asked):
            return None
        try:
            return question(self._plan, id=f"record {next(self._numbers)}", **msgspec.structs.asdict(asked))
        except ValueError:
            return None


def openfga(bundle: TargetBundle, tuples: Sequence[Tuple], checks: Sequence[Asking]) -> list[bool]:
    engine = OpenFgaEngine(bundle.files["model.fga"].decode(), [*_own(bundle), *map(openfga_tuple, tuples)])
    asked = [
        {"user": each.subject, "relation": each.relation, "object": each.object, "context": context}
        for each, context in checks
    ]
    answers = engine.check_each_once(asked) if asked else []
    assert None not in answers, "no check of a bundle is ever an error"
    return [answer is True for answer in answers]


def spicedb(bundle: TargetBundle, tuples: Sequence[Tuple], checks: Sequence[Asking]) -> list[bool]:
    with spicedb_engine_of(bundle, tuples) as engine:
        return spicedb_answers(engine, checks)


def spicedb_answers(engine: SpiceDbEngine, checks: Sequence[Asking]) -> list[bool]:
    asked = [spicedb_engine.Check(each.object, each.relation, each.subject, context) for each, context in checks]
    answers = engine.check(asked) if asked else []
    assert "conditional" not in answers, "no value is ever missing"
    return [answer == "yes" for answer in answers]


def _own(bundle: TargetBundle) -> list[dict[str, Any]]:
    return list(json.loads(bundle.files["tuples.json"]))


def spicedb_engine_of(bundle: TargetBundle, tuples: Sequence[Tuple] = ()) -> SpiceDbEngine:
    own = bundle.files["relationships.txt"].decode().splitlines()
    return SpiceDbEngine(bundle.files["schema.zed"].decode(), [*own, *map(spicedb_relationship, tuples)])


ENGINES: dict[str, Ask] = {"openfga": openfga, "spicedb": spicedb}


# --- lists ---------------------------------------------------------------------------------------------------


class Listed(NamedTuple):
    """Which records of a resource a user may do something with."""

    user: str
    action: str
    resource: str


def records(plan: RelationPlan, resource: str, rows: Mapping[str, Any]) -> tuple[list[Tuple], list[str]]:
    """The tuples of many records, and the keys of those that may be loaded: their places are ones that there are."""
    tuples: list[Tuple] = []
    keys = []
    for key, record in rows.items():
        try:
            made = list(record_tuples(plan, resource, f"{plan.types[resource].name}:{object_id(key)}", record))
        except ValueError:
            continue
        tuples += made
        keys.append(key)
    return tuples, keys


def openfga_lists(bundle: TargetBundle, tuples: Sequence[Tuple], asked: Sequence[Listing]) -> list[set[str]]:
    engine = OpenFgaEngine(bundle.files["model.fga"].decode(), [*_own(bundle), *map(openfga_tuple, tuples)])
    requests = [
        {"user": user, "relation": relation, "type": type_, "context": context}
        for type_, relation, user, context in asked
    ]
    found = engine.list_objects(requests)
    assert None not in found
    return [{object.partition(":")[2] for object in each or ()} for each in found]


def spicedb_lists(bundle: TargetBundle, tuples: Sequence[Tuple], asked: Sequence[Listing]) -> list[set[str]]:
    with spicedb_engine_of(bundle, tuples) as engine:
        found = [engine.lookup(*each) for each in asked]
    assert all(verdict == "yes" for each in found for verdict in each.values())
    return [set(each) for each in found]


LISTS = {"openfga": openfga_lists, "spicedb": spicedb_lists}


def lists(
    target: str,
    bundle: TargetBundle,
    plan: RelationPlan,
    tuples: Sequence[Tuple],
    asked: Sequence[Listed],
    now: datetime.datetime,
    request: Mapping[str, Any],
) -> list[set[str]]:
    """The ids of the records that the engine lists."""
    context = request_context(plan, request, now)
    listings = []
    for each in asked:
        made = plan.types[each.resource]
        listings.append((made.name, made.actions[each.action], object_of(USER, each.user), context))
    return LISTS[target](bundle, tuples, listings)


def stored_assertions(document: Mapping[str, Any]) -> dict[str, list[str]]:
    """What SpiceDB says to the assertions of a validation file, by kind."""
    with SpiceDbEngine(document["schema"], document["relationships"].splitlines()) as engine:
        return {
            kind: [str(each) for each in engine.check([_assertion(line) for line in lines])]
            for kind, lines in document["assertions"].items()
        }


def _assertion(line: str) -> spicedb_engine.Check:
    check, _, context = line.partition(" with ")
    object, relation, subject = re.split("[#@]", check)
    return spicedb_engine.Check(object, relation, subject, json.loads(context or "{}"))


def starting(target: str, now: datetime.datetime | None) -> Start:
    """What `compare` takes."""

    @contextmanager
    def start(bundle: TargetBundle, index: Index) -> Iterator[RelationsSession]:
        yield RelationsSession(ENGINES[target], bundle, index, now)

    return start
