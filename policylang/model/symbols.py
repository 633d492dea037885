"""The names that a policy set declares, from all its files in any order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from policylang.model.report import Site

# Kinds of names, as messages call them, and the keyword that declares one.
KINDS = {
    "resource": "resource",
    "role": "role",
    "group": "group",
    "policy": "policy",
    "task": "task",
    "job": "job",
    "user": "user",
    "integration": "integration",
    "feature": "feature",
    "portal": "portals",
    "kind of place": "scope",
    "place": "place",
}


class Symbols(msgspec.Struct):
    """Every declaration of a policy set; of two with one name, the first in file order."""

    names: dict[str, dict[str, Any]] = msgspec.field(default_factory=lambda: {kind: {} for kind in KINDS})
    """Kind of name, name, and where it is declared: the declaration, or the name in a list of names."""

    blocks: dict[str, Site] = msgspec.field(default_factory=dict)
    """The ``subject`` and ``request`` blocks."""

    timezone: Site | None = None
    scope_parents: dict[str, str | None] = msgspec.field(default_factory=dict)
    """Kind of place: the kind that contains it."""

    statements: list[Site] = msgspec.field(default_factory=list)
    """Declarations without a name: denies for everyone, separations, invariants, reviews."""

    duplicates: list[Site] = msgspec.field(default_factory=list)
    """Later declarations of a name; what they say is still checked."""

    broken: set[tuple[str | None, str | None]] = msgspec.field(default_factory=set)
    """Keyword and name of what syntax errors hide; ``None`` where it is not known."""

    broken_keywords: set[str | None] = msgspec.field(default_factory=set)

    def every(self, kind: str) -> Iterable[tuple[str, Site]]:
        """The declarations of one kind, in the order of the files."""
        return self.names[kind].items()

    def is_hidden(self, kind: str, name: str) -> bool:
        """Whether a syntax error may hide the declaration of this name."""
        keyword = KINDS[kind]
        if keyword in ("portals", "scope"):
            return self.is_block_hidden(keyword)
        return not self.broken.isdisjoint({(keyword, name), (keyword, None), (None, name), (None, None)})

    def is_block_hidden(self, keyword: str) -> bool:
        """Whether a syntax error may hide some declaration of this keyword."""
        return keyword in self.broken_keywords or (None, None) in self.broken

    def other_kind(self, kind: str, name: str) -> str:
        """That the name belongs to something else; empty where it does not."""
        other = next((each for each in ("role", "group", "policy", "task") if name in self.names[each]), None)
        if kind not in ("role", "group", "policy", "task") or other is None:
            return ""
        return f"`{name}` is a {other}, not a {kind}"
