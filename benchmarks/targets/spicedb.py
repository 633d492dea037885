"""SpiceDB, in this process, with the policies loaded; each call writes its records, asks, and starts anew."""

from __future__ import annotations

from contextlib import AbstractContextManager

from benchmarks.targets.relations import Decide, deciding
from policylang.ir import nodes as ir
from policylang.targets.target import Bundle


def prepare(bundle: Bundle, policy_set: ir.PolicySet) -> AbstractContextManager[Decide]:
    """What decides many requests with the bundle; null where the bundle is not valid."""
    return deciding("spicedb", bundle, policy_set)
