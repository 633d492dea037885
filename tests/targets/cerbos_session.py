"""Requests as checks of a Cerbos that has a bundle loaded."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from policylang.ir import nodes as ir
from policylang.runtime.index import Index
from policylang.targets.cerbos.encoding import UnheldError
from policylang.targets.cerbos.request import Caller, Check
from policylang.targets.target import Bundle
from policylang.testing.asked import Asked
from tests.engines.cerbos_engine import CerbosServer
from tests.targets.differential import Answer


class CerbosSession:
    """What the engine cannot hold it is not asked."""

    def __init__(self, server: CerbosServer, bundle: Bundle, policy_set: ir.PolicySet) -> None:
        server.load(policies(bundle))
        self._server = server
        self._caller = Caller(Index(policy_set), json.loads(bundle.files["principals.json"]))

    def decide(self, asked: Sequence[Asked]) -> list[Answer | None]:
        made = [self._checks(each) for each in asked]
        every = [(number, check) for number, checks in enumerate(made) for check in checks or ()]
        every.sort(key=lambda each: json.dumps(each[1].principal, sort_keys=True))
        said = self._server.check(
            [{"principal": c.principal, "resource": c.resource, "actions": c.actions} for _, c in every]
        )
        denied = {number for (number, _), answer in zip(every, said, strict=True) if not all(answer.values())}
        return [
            None if checks is None else Answer(bool(checks) and number not in denied)
            for number, checks in enumerate(made)
        ]

    def _checks(self, asked: Asked) -> tuple[Check, ...] | None:
        """None where it cannot be asked, empty where nothing has to be."""
        arguments = {"now": asked.now, "request": asked.request, "field": asked.field, "changes": asked.changes}
        try:
            return self._caller.checks(asked.user, asked.action, asked.resource, asked.record, **arguments)
        except ValueError:
            return ()
        except UnheldError:
            return None


def policies(bundle: Bundle) -> dict[str, bytes]:
    """What a server reads: the folder `policies`."""
    return {path.removeprefix("policies/"): c for path, c in bundle.files.items() if path.startswith("policies/")}


def starting(server: CerbosServer) -> Callable[..., object]:
    """What `compare` takes."""

    @contextmanager
    def start(bundle: Bundle, policy_set: ir.PolicySet) -> Iterator[CerbosSession]:
        yield CerbosSession(server, bundle, policy_set)

    return start
