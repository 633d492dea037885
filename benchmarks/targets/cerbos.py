"""Cerbos: a decision is a request to a server on a socket, with what the caller looks up for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import yaml

from policylang.ir import nodes as ir
from policylang.runtime.index import Index
from policylang.runtime.request import Request
from policylang.targets.target import TargetBundle
from tests.engines.cerbos_engine import CerbosServer
from tests.targets.cerbos_session import CerbosSession


@contextmanager
def prepare(
    bundle: TargetBundle, policy_set: ir.PolicySet
) -> Iterator[Callable[[Sequence[Request]], Sequence[bool | None]]]:
    """Decides anything; requests of one principal go together."""
    settings = yaml.safe_load(bundle.files["cerbos.yaml"])
    with CerbosServer(settings) as server:
        session = CerbosSession(server, bundle, Index(policy_set))
        yield lambda asked: [None if answer is None else answer.allowed for answer in session.decide(asked)]
