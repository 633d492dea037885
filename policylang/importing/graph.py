"""Roles inside roles: how far they are, and which stand in a circle."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

from policylang.model.world import cyclic_knots

_Links = Mapping[str, Iterable[str]]
"""What each name leads to."""


def distances(links: _Links, *starts: str) -> dict[str, int]:
    """Links from any of the starts to everything that can be reached, themselves too."""
    found = dict.fromkeys(starts, 0)
    waiting = deque(starts)
    while waiting:
        name = waiting.popleft()
        for after in links.get(name, ()):
            if after not in found:
                found[after] = found[name] + 1
                waiting.append(after)
    return found


def circles(links: _Links) -> dict[str, tuple[str, ...]]:
    """For each name that stands in a circle with others, all that stand in it."""
    knots = (tuple(sorted(knot)) for knot in cyclic_knots(links) if len(knot) > 1)
    return {name: knot for knot in knots for name in knot}
