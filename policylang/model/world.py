"""Pass: timezone, places and the tree of their kinds."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping

from policylang.diagnostics import quoted
from policylang.model.context import Build
from policylang.model.instants import timezones
from policylang.model.report import Site, related


def check_world(build: Build) -> None:
    """Report unknown timezones, and kinds of place and places that contain themselves or the wrong thing."""
    site = build.symbols.timezone
    if site is not None and site.node.name.value not in timezones():
        help = "write an IANA name: `America/Denver`"
        build.within(site.source).unknown(site.node.name, "timezone", timezones(), help)
    _check_kinds(build)
    _check_places(build)


def cycles(edges: Mapping[str, Iterable[str]], sites: Mapping[str, Site]) -> list[list[str]]:
    """One cycle for each knot of names that lead to one another, from the name in it that is declared first.

    Edges may lead to names that are not declared; those lead nowhere.

    Knots are the strongly connected components (Tarjan 1972), found without recursion.
    """
    found = []
    for knot in cyclic_knots(edges):
        first = min(knot, key=lambda name: _order(sites[name]))
        found.append(_way_back(edges, first, knot))
    return sorted(found, key=lambda cycle: _order(sites[cycle[0]]))


def cyclic_knots(edges: Mapping[str, Iterable[str]]) -> Iterator[set[str]]:
    """The knots that contain a cycle: several names, or one that leads to itself."""
    for knot in _knots(edges):
        if len(knot) > 1 or any(name in edges.get(name, ()) for name in knot):
            yield knot


def too_deep(edges: Mapping[str, Iterable[str]], limit: int) -> Iterator[str]:
    """The names that begin a chain of one more than ``limit`` names; those around them are deeper still."""
    depth: dict[str, int] = {}
    for knot in _knots(edges):
        inside = (depth.get(following, 0) for name in knot for following in edges[name])
        depth |= dict.fromkeys(knot, 1 + max(inside, default=0))
        yield from (name for name in knot if depth[name] == limit + 1)


def ways(edges: Mapping[str, Iterable[str]]) -> dict[str, int]:
    """In how many ways others can be reached from each name, itself included; names in cycles have no number of use."""
    found: dict[str, int] = {}
    for knot in _knots(edges):
        found |= {name: 1 + sum(found[each] for each in edges[name] if each not in knot) for name in knot}
    return found


def _knots(edges: Mapping[str, Iterable[str]]) -> Iterator[set[str]]:
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    open_: list[str] = []
    is_open: set[str] = set()
    for start in edges:
        if start in number:
            continue
        number[start] = low[start] = len(number)
        open_.append(start)
        is_open.add(start)
        stack = [(start, iter(edges[start]))]
        while stack:
            name, successors = stack[-1]
            following = next(successors, None)
            if following is None:
                stack.pop()
                if stack:
                    low[stack[-1][0]] = min(low[stack[-1][0]], low[name])
                if low[name] == number[name]:
                    knot = set(open_[open_.index(name) :]) if open_[-1] != name else {name}
                    del open_[len(open_) - len(knot) :]
                    is_open -= knot
                    yield knot
            elif following not in number:
                number[following] = low[following] = len(number)
                open_.append(following)
                is_open.add(following)
                stack.append((following, iter(edges.get(following, ()))))
            elif following in is_open:
                low[name] = min(low[name], number[following])


def _way_back(edges: Mapping[str, Iterable[str]], first: str, knot: set[str]) -> list[str]:
    """A shortest way from a name back to itself."""
    came_from: dict[str, str] = {}
    waiting = deque([first])
    while waiting:
        name = waiting.popleft()
        for following in edges[name]:
            if following == first:
                way = [name]
                while way[-1] != first:
                    way.append(came_from[way[-1]])
                return way[::-1]
            if following in knot and following not in came_from:
                came_from[following] = name
                waiting.append(following)
    raise AssertionError("a knot has a way back")


def _order(site: Site) -> tuple[str, int]:
    return site.source.name, site.node.start_pos


def chain(cycle: list[str]) -> str:
    """``a → b → a``"""
    shown = [quoted(name) for name in cycle]
    if len(shown) > 8:
        shown = [*shown[:7], f"{len(shown) - 7} more"]
    return " → ".join([*shown, shown[0]])


def _check_kinds(build: Build) -> None:
    symbols = build.symbols
    parents = symbols.scope_parents
    sites = symbols.names["kind of place"]
    for cycle in cycles({kind: [parent] if parent else [] for kind, parent in parents.items()}, sites):
        site = sites[cycle[-1]]
        message = f"a kind of place contains itself: {chain(list(reversed(cycle)))}"
        help = "list each kind once, from the largest to the smallest"
        build.within(site.source).error("PL105", site.node, message, help)
        for kind in cycle:
            parents[kind] = None


def ancestors(parents: Mapping[str, str | None], kind: str) -> list[str]:
    """The kinds above one, the nearest first."""
    found = []
    parent = parents.get(kind)
    while parent is not None:
        found.append(parent)
        parent = parents.get(parent)
    return found


def _check_places(build: Build) -> None:
    known: dict[str, Site] = {}
    for name, site in build.symbols.every("place"):
        context, node = build.within(site.source), site.node
        if context.find("kind of place", node.kind):
            known[name] = site
        if node.parent is not None and not context.find("place", node.parent):
            known.pop(name, None)
    edges = {name: [site.node.parent.value] if site.node.parent else [] for name, site in known.items()}
    in_cycle = set()
    for cycle in cycles(edges, known):
        in_cycle.update(cycle)
        site = known[cycle[0]]
        message, help = f"a place contains itself: {chain(cycle)}", "put the smaller place in the larger one"
        build.within(site.source).error("PL105", site.node.parent, message, help)
    for name, site in known.items():
        node = site.node
        if node.parent is None or name in in_cycle or node.parent.value not in known:
            continue
        above = known[node.parent.value]
        kind = above.node.kind.value
        if kind not in ancestors(build.symbols.scope_parents, node.kind.value):
            message = f"{quoted(node.parent.value)} is of the kind {quoted(kind)}, not above {quoted(node.kind.value)}"
            help = "`scope … contains …` sets the order of the kinds"
            there = related(above, "declared here")
            build.within(site.source).error("PL103", node.parent, message, help, there)
