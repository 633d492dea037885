"""Pass: timezone, places and the tree of their kinds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Any

from policylang.diagnostics import quoted
from policylang.model.context import Context
from policylang.model.report import Site, related
from policylang.model.symbols import unknown
from policylang.syntax import ast


@cache
def timezones() -> frozenset[str]:
    """The names of the IANA time zones, from the ``tzdata`` package: the same on every machine."""
    return frozenset(resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())


def check_world(context: Context) -> None:
    """Report unknown timezones, and kinds of place and places that contain themselves or the wrong thing."""
    site = context.symbols.timezone
    if site is not None:
        name: ast.Text = site.node.name  # type: ignore[attr-defined]
        if name.value not in timezones():
            unknown(context.report, site.source, name, "timezone", timezones(), "write an IANA name: `America/Denver`")
    _check_kinds(context)
    _check_places(context)


def cycles(edges: Mapping[str, Iterable[str]], sites: Mapping[str, Site]) -> list[list[str]]:
    """The cycles among names, one for each knot of them, from the name that is declared first."""
    found: list[list[str]] = []
    done: set[str] = set()
    for start in sorted(edges):
        if start in done:
            continue
        path: list[str] = []
        on_path: dict[str, int] = {}
        stack = [(start, iter(sorted(edges.get(start, ()))))]
        path.append(start)
        on_path[start] = 0
        while stack:
            name, successors = stack[-1]
            following = next(successors, None)
            if following is None:
                stack.pop()
                done.add(name)
                path.pop()
                del on_path[name]
            elif following in on_path:
                cycle = path[on_path[following] :]
                first = cycle.index(min(cycle, key=lambda name: _order(sites[name])))
                found.append(cycle[first:] + cycle[:first])
            elif following not in done:
                on_path[following] = len(path)
                path.append(following)
                stack.append((following, iter(sorted(edges.get(following, ())))))
    return found


def _order(site: Site) -> tuple[str, int]:
    return site.source.name, site.node.start_pos


def chain(cycle: list[str]) -> str:
    """``a → b → a``"""
    shown = [quoted(name) for name in cycle]
    if len(shown) > 8:
        shown = [*shown[:7], f"{len(shown) - 7} more"]
    return " → ".join([*shown, shown[0]])


def _check_kinds(context: Context) -> None:
    symbols = context.symbols
    parents = symbols.scope_parents
    sites = symbols.names["kind of place"]
    for cycle in cycles({kind: [parent] if parent else [] for kind, parent in parents.items()}, sites):
        site = sites[cycle[-1]]
        context.report.error(
            "PL105",
            site.source,
            site.node,
            f"a kind of place contains itself: {chain(list(reversed(cycle)))}",
            "list each kind once, from the largest to the smallest",
        )
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


def _check_places(context: Context) -> None:
    symbols, report = context.symbols, context.report
    known: dict[str, Any] = {}
    for name, site in symbols.every("place"):
        node: Any = site.node
        if context.find("kind of place", site.source, node.kind):
            known[name] = site
        if node.parent is not None and not context.find("place", site.source, node.parent):
            known.pop(name, None)
    edges = {name: [site.node.parent.value] if site.node.parent else [] for name, site in known.items()}
    in_cycle = set()
    for cycle in cycles(edges, known):
        in_cycle.update(cycle)
        site = known[cycle[0]]
        report.error(
            "PL105",
            site.source,
            site.node.parent,
            f"a place contains itself: {chain(cycle)}",
            "put the larger place outside the smaller one",
        )
    for name, site in known.items():
        node = site.node
        if node.parent is None or name in in_cycle or node.parent.value not in known:
            continue
        above = known[node.parent.value]
        kind = above.node.kind.value
        if kind not in ancestors(symbols.scope_parents, node.kind.value):
            report.error(
                "PL103",
                site.source,
                node.parent,
                f"{quoted(node.parent.value)} is of the kind {quoted(kind)}, not above {quoted(node.kind.value)}",
                "the order of the kinds is given by `scope … contains …`",
                related(above, "declared here"),
            )
