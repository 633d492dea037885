"""The bundle's README."""

from __future__ import annotations

from policylang.runtime.index import Index
from policylang.targets.cerbos.reads import Reads


def readme(index: Index, reads: Reads) -> str:
    return "# Cerbos\n"
