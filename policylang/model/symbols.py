"""The names that a policy set declares, from all its files in any order."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import msgspec

from policylang.diagnostics import quoted
from policylang.model.habits import EVERYTHING
from policylang.model.report import DiagnosticLog, Site, related
from policylang.source import Source
from policylang.syntax import ast, expressions
from policylang.syntax.alike import alike, how_alike
from policylang.syntax.parser import Parsed
from policylang.syntax.quoting import quote_text

# Without a `portals` declaration these are there.
_DEFAULT_PORTALS = ("admin", "staff", "client")

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

    def find(
        self, report: DiagnosticLog, kind: str, source: Source, name: expressions.Name | expressions.Text
    ) -> Site | None:
        """The declaration that a name refers to.

        Reports PL101 where there is none, unless a syntax error may hide it.
        """
        site = self.names[kind].get(name.value)
        if site is None and not self.is_hidden(kind, name.value):
            unknown(report, source, name, kind, self.names[kind], self._other_kind(kind, name.value))
        return site

    def _other_kind(self, kind: str, name: str) -> str:
        """That the name belongs to something else; empty where it does not."""
        other = next((each for each in ("role", "group", "policy", "task") if name in self.names[each]), None)
        if kind not in ("role", "group", "policy", "task") or other is None:
            return ""
        return f"`{name}` is a {other}, not a {kind}"


def unknown(
    report: DiagnosticLog,
    source: Source,
    name: expressions.Name | expressions.Text,
    kind: str,
    candidates: Collection[str],
    help: str = "",
    of: str = "",
    by: str | None = None,
) -> None:
    """Report PL101 for a name that none of the candidates is. ``of`` names what should have it; ``by`` is the name
    that ``help`` gives.
    """
    help = help or EVERYTHING.get((kind, name.value), "")
    near = report.closest(name.value, candidates)
    suggestion = f"did you mean `{near}`?" if near else help or None
    if suggestion is None and 0 < len(candidates) <= 8:
        suggestion = f"choose from {', '.join(quoted(word) for word in sorted(candidates))}"
    if suggestion is None and kind in KINDS:
        suggestion = f"declare it with `{_declaration(kind, name)}`, or correct the name"
    message = f"unknown {kind} {quoted(name.value)}{f' of `{of}`' if of else ''}"
    by = (quote_text(near) if isinstance(name, expressions.Text) else near) if near else by
    report.error("PL101", source, name, message, suggestion, by=by)


def _declaration(kind: str, name: expressions.Name | expressions.Text) -> str:
    written = f'"{name.value}"' if isinstance(name, expressions.Text) else name.value
    return f"place … {written}" if kind == "place" else f"{KINDS[kind]} {written}"


def collect(report: DiagnosticLog, files: Iterable[Parsed]) -> Symbols:
    """Gather the declarations of all files. Reports PL102 and PL108, and PL106 for ids that look alike."""
    symbols = Symbols()
    for parsed in files:
        symbols.broken.update((broken.keyword, broken.name) for broken in parsed.file.broken)
        symbols.broken_keywords.update(broken.keyword for broken in parsed.file.broken)
        for node in parsed.file.declarations:
            _declare(report, symbols, Site(parsed.source, node))
    if not symbols.names["portal"] and not symbols.is_block_hidden("portals"):
        nowhere = Source("", "")
        symbols.names["portal"] = {name: Site(nowhere, expressions.Name(0, 0, name)) for name in _DEFAULT_PORTALS}
    for kind in ("user", "place", "job"):
        _look_alike(report, symbols, kind)
    return symbols


def _declare(report: DiagnosticLog, symbols: Symbols, site: Site) -> None:
    source: Source = site.source
    match site.node:
        case ast.Timezone():
            symbols.timezone = _only(report, symbols, "timezone", symbols.timezone, site)
        case ast.AttributeBlock(keyword=keyword):
            symbols.blocks[keyword.value] = _only(
                report, symbols, keyword.value, symbols.blocks.get(keyword.value), site
            )
        case ast.Portals(names=names):
            for name in names:
                _add(report, symbols, "portal", name, Site(source, name))
        case ast.Scope(kinds=kinds):
            _scope(report, symbols, source, kinds)
        case ast.Place(name=name):
            _add(report, symbols, "place", name, site)
        case ast.User(id=name):
            _user(report, symbols, name, site)
        case ast.Integration(name=name):
            _add(report, symbols, "integration", name, site)
        case ast.Job(code=name):
            _add(report, symbols, "job", name, site)
        case ast.Feature() | ast.Resource() | ast.Policy() | ast.Role() | ast.Group() | ast.Task():
            node: Any = site.node
            _add(report, symbols, type(node).__name__.lower(), node.name, site)
        case _:
            symbols.statements.append(site)


def _only(report: DiagnosticLog, symbols: Symbols, what: str, first: Site | None, site: Site) -> Site:
    if first is None:
        return site
    place = Site(site.source, _head(site.node))
    message = f"a policy set has one `{what}`"
    help = "delete one of the two" if what == "timezone" else "put everything into one block"
    there = related(Site(first.source, _head(first.node)), "the first one is here")
    report.error("PL102", place.source, place.node, message, help, there)
    symbols.duplicates.append(site)
    return first


def _head(node: expressions.Node) -> expressions.Node:
    return node.keyword if isinstance(node, ast.AttributeBlock) else node


def _add(
    report: DiagnosticLog, symbols: Symbols, kind: str, name: expressions.Name | expressions.Text, site: Site
) -> None:
    """Enter a name, or report that it is taken. Users and integrations share their names: both make requests."""
    if not name.value.strip():
        report.error("PL100", site.source, name, f"a {kind} needs a name", "write one between the quotes")
        return
    sharing = ("user", "integration") if kind in ("user", "integration") else (kind,)
    taken = next((symbols.names[k].get(name.value) for k in sharing if name.value in symbols.names[k]), None)
    if taken is None:
        symbols.names[kind][name.value] = site
        return
    symbols.duplicates.append(site)
    _report_taken(report, kind, name, site.source, taken)


def _report_taken(
    report: DiagnosticLog, kind: str, name: expressions.Name | expressions.Text, source: Source, taken: Site
) -> None:
    message = f"the {kind} {quoted(name.value)} is declared twice"
    help = "delete or rename one of the two"
    first = related(Site(taken.source, _named(taken.node)), "first declared here")
    report.error("PL102", source, name, message, help, first)


def _named(node: Any) -> expressions.Node:
    """Where a declaration says its name; of a name in a list that is the name itself."""
    found: expressions.Node = getattr(node, "id", None) or getattr(node, "code", None) or getattr(node, "name", node)
    return found


def _scope(report: DiagnosticLog, symbols: Symbols, source: Source, kinds: tuple[expressions.Name, ...]) -> None:
    parent: str | None = None
    for name in kinds:
        site = symbols.names["kind of place"].get(name.value)
        if site is None:
            symbols.names["kind of place"][name.value] = Site(source, name)
            symbols.scope_parents[name.value] = parent
        elif parent is not None and symbols.scope_parents[name.value] not in (None, parent):
            message = f"{quoted(name.value)} is contained in `{symbols.scope_parents[name.value]}` already"
            help = "a kind of place has one parent"
            report.error("PL102", source, name, message, help, related(site, "first declared here"))
        elif parent is not None:
            symbols.scope_parents[name.value] = parent
        parent = name.value


def _user(report: DiagnosticLog, symbols: Symbols, name: expressions.Text, site: Site) -> None:
    first = symbols.names["user"].get(name.value)
    if first is None:
        _add(report, symbols, "user", name, site)
        return
    symbols.duplicates.append(site)
    before: Any = first.node
    again: Any = site.node
    groups = {group.value for group in (*before.groups, *again.groups)}
    if before.groups and again.groups and len(groups) > 1:
        message = f"the user {quoted(name.value)} is in two groups: {' and '.join(quoted(g) for g in sorted(groups))}"
        help = "a user is in at most one group: give the second one's rights as a role"
        there = related(Site(first.source, before.groups[0]), "the first group is here")
        report.error("PL108", site.source, again.groups[0], message, help, there)
        return
    _report_taken(report, "user", name, site.source, first)


def _look_alike(report: DiagnosticLog, symbols: Symbols, kind: str) -> None:
    """Ids that are equal to the eye and different to the machine. Integrations make requests like users."""
    named = [*symbols.every("integration"), *symbols.every(kind)] if kind == "user" else symbols.every(kind)
    for id, site, other, first in alike(named):
        if isinstance(site.node, ast.Integration):
            continue  # names are told apart by case
        message = f"the {kind} {quoted(id)} looks like {quoted(other)} and {how_alike(id, other)}"
        help = "write both with the same letters, or tell them apart"
        report.error("PL106", site.source, _named(site.node), message, help, related(first, "the other one"))
