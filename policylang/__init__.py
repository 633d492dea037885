"""Access policies as code: a language, its compiler, its checker and its runtime."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from policylang.api.policy_set import PolicySet
    from policylang.ir import LoadError
    from policylang.runtime.access import Access
    from policylang.runtime.dialects import UnsupportedError
    from policylang.runtime.filter import Filter
    from policylang.runtime.reference import Decision
    from policylang.runtime.sql import SqlCondition
    from policylang.runtime.trees import Lookup

__version__ = "0.1.0"

__all__ = [
    "Access",
    "Decision",
    "Filter",
    "LoadError",
    "PolicySet",
    "SqlCondition",
    "UnsupportedError",
    "load",
]

_MODULES = {
    "Access": "policylang.runtime.access",
    "Decision": "policylang.runtime.reference",
    "Filter": "policylang.runtime.filter",
    "LoadError": "policylang.ir",
    "PolicySet": "policylang.api.policy_set",
    "SqlCondition": "policylang.runtime.sql",
    "UnsupportedError": "policylang.runtime.dialects",
}


def __getattr__(name: str) -> Any:
    """The public names, imported when they are first asked for: commands that need none of them start faster."""
    if name not in _MODULES:
        raise AttributeError(f"module `policylang` has no attribute `{name}`")
    import importlib

    return getattr(importlib.import_module(_MODULES[name]), name)


def load(source: str | os.PathLike[str] | bytes, lookup: Lookup | None = None) -> PolicySet:
    """Load a policy set: compiled JSON or a bundle, as bytes or from a file, or the folder or file of its sources.

    A service loads compiled JSON: that needs no compiler's time, and is what was reviewed. Raises `LoadError` with the
    reason for what must not be used. ``lookup`` finds records by resource and id, see `PolicySet`.
    """
    from policylang.api.policy_set import PolicySet
    from policylang.ir import LoadError
    from policylang.project.bundle import from_compiled
    from policylang.project.discovery import Problem
    from policylang.project.loading import read_policy_set
    from policylang.runtime.trees import no_records

    lookup = lookup or no_records
    if isinstance(source, bytes | bytearray | memoryview):
        return PolicySet(from_compiled(bytes(source)), lookup)
    found = read_policy_set([os.fspath(source)])
    if isinstance(found, Problem):
        raise LoadError(found.in_words())
    return PolicySet(found, lookup)
