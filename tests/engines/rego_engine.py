"""Rego, by regorus and by rego-cpp (regopy): in this process, nothing to start or stop.

regorus is the engine to hold policies to. rego-cpp is a second opinion with faults of its own, see README.md.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any, Final

import regopy
import regorus

from tests.engines.files import EngineError, Files, text

UNDEFINED: Final = "<undefined>"
"""The value of a rule that has none, in the words of regorus."""


class RegorusEngine:
    """An OPA bundle: ``*.rego``, and ``data.json`` in the folders that stand for its path in ``data``."""

    def __init__(self, files: Files) -> None:
        self._engine = regorus.Engine()
        try:
            for name, source in sorted(files.items()):
                if name.endswith(".rego"):
                    self._engine.add_policy(name, text(source))
            self._engine.add_data_json(json.dumps(data_of(files)))
        except RuntimeError as error:
            raise _failed(error) from error

    def ask(self, rule: str, inputs: Sequence[Any]) -> list[Any]:
        """The values of a rule, such as ``data.access.allow``; raises where a builtin fails and OPA has undefined."""
        values = []
        for each in inputs:
            try:
                self._engine.set_input_json(json.dumps(each))
                value = self._engine.eval_rule_as_json(rule)
            except RuntimeError as error:
                raise _failed(error) from error
            values.append(json.loads(value))
        return values


class RegoCppEngine:
    """The same, by rego-cpp."""

    def __init__(self, files: Files) -> None:
        self._engine = regopy.Interpreter()
        self._built: dict[str, regopy.Bundle] = {}
        try:
            for name, source in sorted(files.items()):
                if name.endswith(".rego"):
                    self._engine.add_module(name, text(source))
            self._engine.add_data_json(_raw(data_of(files)))
        except regopy.RegoError as error:
            raise EngineError(str(error)) from error

    def ask(self, rule: str, inputs: Sequence[Any]) -> list[Any]:
        """The values of a rule. A builtin that fails makes it undefined, as in OPA."""
        if rule not in self._built:
            # A rule that is false, asked for as the query itself, is undefined there.
            bundle = self._engine.build(f"value = {rule}")
            if not bundle.ok():
                raise EngineError(f"cannot compile {rule}")
            self._built[rule] = bundle
        values = []
        for each in inputs:
            self._engine.set_input_term(_raw(each))
            output = self._engine.query_bundle(self._built[rule])
            if not output.ok():
                raise EngineError(str(output))
            values.append(output.results[0].bindings.get("value", UNDEFINED))
        return values


def data_of(files: Files) -> dict[str, Any]:
    """The data document of a bundle."""
    document: dict[str, Any] = {}
    for name, content in sorted(files.items()):
        path = PurePosixPath(name)
        if path.name != "data.json":
            continue
        inside = document
        for part in path.parent.parts:
            inside = inside.setdefault(part, {})
        inside.update(json.loads(content))
    return document


def _raw(value: Any) -> str:
    """rego-cpp compares strings as they are written: what is written in two ways differs."""
    return json.dumps(value, ensure_ascii=False)


def _failed(error: RuntimeError) -> EngineError:
    return EngineError(str(error).split("\n\nStack backtrace")[0])
