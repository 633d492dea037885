"""OpenFGA, by `fga model test`: a process for all requests, which loads model and tuples and then answers."""

from __future__ import annotations

from contextlib import AbstractContextManager

from benchmarks.targets.relations import Decide, deciding
from policylang.ir import nodes as ir
from policylang.targets.target import Bundle


def prepare(bundle: Bundle, policy_set: ir.PolicySet) -> AbstractContextManager[Decide]:
    """What decides many requests with the bundle; null where the bundle is not valid."""
    return deciding("openfga", bundle, policy_set)
