"""Rego, by regorus: its virtual machine, which is about eight times as fast as its interpreter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import msgspec

from policylang.ir import nodes as ir
from policylang.runtime.index import Index
from policylang.runtime.request import Request
from policylang.targets.rego.request import Requests
from policylang.targets.target import TargetBundle
from tests.targets.rego_session import RegorusMachine

_ALLOW = "data.policylang.access.allow"


@contextmanager
def prepare(
    bundle: TargetBundle, policy_set: ir.PolicySet
) -> Iterator[Callable[[Sequence[Request]], Sequence[bool | None]]]:
    """What decides requests with the bundle loaded. Making inputs is part of it."""
    machine, requests = RegorusMachine(bundle.files), Requests(Index(policy_set))

    def decide(asked: Sequence[Request]) -> Sequence[bool | None]:
        inputs = [requests.input(**msgspec.structs.asdict(each)) for each in asked]
        return [found is True for found in machine.ask(_ALLOW, inputs)]

    yield decide
