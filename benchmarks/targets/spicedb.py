"""SpiceDB, in this process: the policies are loaded once, the records of each call are written before it asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from policylang.ir import nodes as ir
from policylang.runtime.index import Index
from policylang.runtime.request import Request
from policylang.targets.relations.objects import Tuple
from policylang.targets.spicedb.schema import written
from policylang.targets.target import TargetBundle
from tests.targets.relations_session import Asking, RelationsSession, spicedb_answers, spicedb_engine_of


@contextmanager
def prepare(
    bundle: TargetBundle, policy_set: ir.PolicySet
) -> Iterator[Callable[[Sequence[Request]], Sequence[bool | None]]]:
    """Decides with a bundle in which nothing is frozen."""
    with spicedb_engine_of(bundle) as engine:

        def ask(bundle: TargetBundle, tuples: Sequence[Tuple], checks: Sequence[Asking]) -> list[bool]:
            engine.write([written(each) for each in tuples])
            return spicedb_answers(engine, checks)

        yield RelationsSession(ask, bundle, Index(policy_set), None).allowed
