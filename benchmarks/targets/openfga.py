"""OpenFGA, by `fga model test`: each call is a process that loads model and tuples, those of the records too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from policylang.ir import nodes as ir
from policylang.runtime.index import Index
from policylang.runtime.request import Request
from policylang.targets.target import TargetBundle
from tests.targets.relations_session import RelationsSession, openfga


@contextmanager
def prepare(
    bundle: TargetBundle, policy_set: ir.PolicySet
) -> Iterator[Callable[[Sequence[Request]], Sequence[bool | None]]]:
    """Decides with a bundle in which nothing is frozen."""
    yield RelationsSession(openfga, bundle, Index(policy_set), None).allowed
