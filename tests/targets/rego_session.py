"""Requests as inputs for the bundle's program, in regorus or rego-cpp."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
import regorus

from policylang.runtime.index import Index
from policylang.runtime.request import Request
from policylang.targets.rego.encoding import NotEncodableError
from policylang.targets.rego.request import Requests
from policylang.targets.target import TargetBundle
from tests.engines.files import Files, text
from tests.engines.rego_engine import RegoCppEngine, RegorusEngine, data_of
from tests.targets.differential import Answer, Start

DECISION = "data.policylang.access.decision"


class RegorusMachine:
    """The virtual machine of regorus, which runs programs that are compiled before."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._data = json.dumps(data_of(files))
        self._machines: dict[str, regorus.Rvm] = {}

    def ask(self, rule: str, inputs: Sequence[Any]) -> list[Any]:
        machine = self._machines.get(rule) or self._machines.setdefault(rule, self._compiled(rule))
        values = []
        for each in inputs:
            machine.set_input_json(json.dumps(each))
            values.append(json.loads(machine.execute()))
        return values

    def _compiled(self, rule: str) -> Any:
        modules = [(name, text(source)) for name, source in sorted(self._files.items()) if name.endswith(".rego")]
        machine = regorus.Rvm()
        machine.load_program(regorus.Program.compile_from_modules(self._data, modules, [rule]))
        machine.set_data_json(self._data)
        return machine


Engine = type[RegorusEngine] | type[RegorusMachine] | type[RegoCppEngine]


class RegoSession:
    """An engine with a bundle loaded."""

    def __init__(self, engine: Engine, bundle: TargetBundle, index: Index) -> None:
        self.engine = engine(bundle.files)
        self.requests = Requests(index)

    def decide(self, asked: Sequence[Request]) -> list[Answer | None]:
        inputs = [self.input(each) for each in asked]
        answers = iter(self.engine.ask(DECISION, [each for each in inputs if each is not None]))
        found: list[Answer | None] = []
        for each in inputs:
            if each is None:
                found.append(None)
            else:
                decision = next(answers)
                assert set(decision) == {"allow", "fields", "reasons"}
                assert decision["reasons"]
                assert decision["allow"] or decision["fields"] == []
                found.append(Answer(decision["allow"], frozenset(decision["fields"])))
        return found

    def input(self, asked: Request) -> Any:
        """Null for values that JSON cannot hold."""
        try:
            return self.requests.input(**msgspec.structs.asdict(asked))
        except NotEncodableError:
            return None


def starting(engine: Engine) -> Start:
    """What `compare` takes."""

    @contextmanager
    def start(bundle: TargetBundle, index: Index) -> Iterator[RegoSession]:
        yield RegoSession(engine, bundle, index)

    return start
