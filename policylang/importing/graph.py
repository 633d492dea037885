"""Roles inside roles: how far they are, and which stand in a circle."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

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


def circles(links: Links, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """For each name that stands in a circle, all that stand in it: strongly connected components (Tarjan 1972)."""
    found: dict[str, tuple[str, ...]] = {}
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on: set[str] = set()
    for root in sorted(names):
        if root in number:
            continue
        work = [(root, iter(sorted(links.get(root, ()))))]
        number[root] = low[root] = len(number)
        stack.append(root)
        on.add(root)
        while work:
            name, after = work[-1]
            step = next(after, None)
            if step is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == number[name]:
                    members: list[str] = []
                    while not members or members[-1] != name:
                        members.append(stack.pop())
                        on.discard(members[-1])
                    if len(members) > 1:
                        found.update(dict.fromkeys(members, tuple(sorted(members))))
            elif step not in number:
                number[step] = low[step] = len(number)
                stack.append(step)
                on.add(step)
                work.append((step, iter(sorted(links.get(step, ())))))
            elif step in on:
                low[name] = min(low[name], number[step])
    return found
