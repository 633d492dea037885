"""Requests as checks of a Cerbos that has a bundle loaded."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec

from policylang.runtime.index import Index
from policylang.runtime.request import Request
from policylang.targets.cerbos.encoding import UnheldError
from policylang.targets.cerbos.request import Caller, CheckResources
from policylang.targets.cerbos.rules import field_action
from policylang.targets.target import TargetBundle
from tests.engines.cerbos_engine import CerbosServer
from tests.helpers import kind_of
from tests.targets.differential import Answer, Start


class CerbosSession:
    """What the engine cannot hold it is not asked."""

    def __init__(self, server: CerbosServer, bundle: TargetBundle, index: Index) -> None:
        server.load(policies(bundle))
        self._server = server
        self._caller = Caller(index, json.loads(bundle.files["principals.json"]))

    def decide(self, asked: Sequence[Request]) -> list[Answer | None]:
        made = [self._checks(each) for each in asked]
        every = [(number, check) for number, checks in enumerate(made) for check in checks or ()]
        every.sort(key=lambda each: json.dumps(each[1].principal, sort_keys=True))
        said = self._server.check(
            [
                {"principal": c.principal, "resource": c.resource, "actions": [*c.actions, *self._fields(asked[n])]}
                for n, c in every
            ]
        )
        answers: dict[int, list[tuple[CheckResources, dict[str, bool]]]] = {}
        for (number, check), answer in zip(every, said, strict=True):
            answers.setdefault(number, []).append((check, answer))
        return [
            None if checks is None else self._answer(asked[number], answers.get(number, []))
            for number, checks in enumerate(made)
        ]

    def _fields(self, asked: Request) -> list[str]:
        """What asks for each attribute, where the request is about the whole record as it is."""
        if not _is_whole(self._caller.index, asked):
            return []
        return [field_action(asked.action, name) for name in self._caller.index.attributes[asked.resource]]

    def _answer(self, asked: Request, answers: list[tuple[CheckResources, dict[str, bool]]]) -> Answer:
        allowed = bool(answers) and all(answer[action] for check, answer in answers for action in check.actions)
        if not _is_whole(self._caller.index, asked):
            return Answer(allowed)
        names = self._caller.index.attributes[asked.resource]
        fields = {name for _, answer in answers for name in names if answer[field_action(asked.action, name)]}
        return Answer(allowed, frozenset(fields))

    def _checks(self, asked: Request) -> tuple[CheckResources, ...] | None:
        """None where it cannot be asked, empty where nothing has to be."""
        try:
            return self._caller.checks(**msgspec.structs.asdict(asked))
        except ValueError:
            return ()
        except UnheldError:
            return None


def _is_whole(index: Index, asked: Request) -> bool:
    return asked.field is None and asked.changes is None and kind_of(index, asked) != "create"


def policies(bundle: TargetBundle) -> dict[str, bytes]:
    """What a server reads: the folder `policies`."""
    return {path.removeprefix("policies/"): c for path, c in bundle.files.items() if path.startswith("policies/")}


def starting(server: CerbosServer) -> Start:
    """What `compare` takes."""

    @contextmanager
    def start(bundle: TargetBundle, index: Index) -> Iterator[CerbosSession]:
        yield CerbosSession(server, bundle, index)

    return start
