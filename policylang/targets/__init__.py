"""Compile targets: policy engines and databases, each told exactly what the policy set means, or refused.

One folder a target, each with a ``TARGET`` (see `policylang.targets.target`).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policylang.targets.target import Target

NAMES = ("cedar", "rego", "cerbos", "postgres", "openfga", "spicedb")
"""The targets, in the order of their documentation."""


def find_target(name: str) -> Target:
    """The target of one of `NAMES`."""
    assert name in NAMES
    target: Target = import_module(f"policylang.targets.{name}").TARGET
    return target
