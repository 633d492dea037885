"""Roles inside roles: how far they are, and which stand in a circle."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from policylang.model.world import cyclic_knots

Links = Mapping[str, Mapping[str, object]]
"""What each name leads to."""


def distances(links: Links, start: str) -> dict[str, int]:
    """Links to everything that can be reached."""
    found = {start: 0}
    waiting = deque([start])
    while waiting:
        name = waiting.popleft()
        for after in links.get(name, ()):
            if after not in found:
                found[after] = found[name] + 1
                waiting.append(after)
    return found


def circles(links: Links) -> dict[str, tuple[str, ...]]:
    """For each name that stands in a circle with others, all that stand in it."""
    knots = (tuple(sorted(knot)) for knot in cyclic_knots(links) if len(knot) > 1)
    return {name: knot for knot in knots for name in knot}
