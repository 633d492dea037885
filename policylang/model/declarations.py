"""Pass: what all files declare, in any order, gathered as `Symbols`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from policylang.diagnostics import quoted
from policylang.model.context import Build, Context
from policylang.model.report import Site, related
from policylang.source import Source
from policylang.syntax import ast, expressions
from policylang.syntax.alike import alike, how_alike
from policylang.syntax.parser import Parsed

# Without a `portals` declaration these are there.
_DEFAULT_PORTALS = ("admin", "staff", "client")


def collect(build: Build, files: Iterable[Parsed]) -> None:
    """Gather the declarations of all files. Reports PL102 and PL108, and PL106 for ids that look alike."""
    symbols = build.symbols
    for parsed in files:
        symbols.broken.update((broken.keyword, broken.name) for broken in parsed.file.broken)
        symbols.broken_keywords.update(broken.keyword for broken in parsed.file.broken)
        context = build.within(parsed.source)
        for node in parsed.file.declarations:
            _declare(context, node)
    if not symbols.names["portal"] and not symbols.is_block_hidden("portals"):
        nowhere = Source("", "")
        symbols.names["portal"] = {name: Site(nowhere, expressions.Name(0, 0, name)) for name in _DEFAULT_PORTALS}
    for kind in ("user", "place", "job"):
        _look_alike(build, kind)


def _declare(context: Context, node: ast.Declaration) -> None:
    symbols = context.symbols
    match node:
        case ast.Timezone():
            symbols.timezone = _only(context, "timezone", symbols.timezone, node)
        case ast.AttributeBlock(keyword=keyword):
            symbols.blocks[keyword.value] = _only(context, keyword.value, symbols.blocks.get(keyword.value), node)
        case ast.Portals(names=names):
            for name in names:
                _add(context, "portal", name, name)
        case ast.Scope(kinds=kinds):
            _scope(context, kinds)
        case ast.User():
            _user(context, node)
        case ast.Job(code=code):
            _add(context, "job", code, node)
        case ast.Deny() | ast.Separation() | ast.Invariant() | ast.Review():
            symbols.statements.append(Site(context.source, node))
        case _:
            _add(context, type(node).__name__.lower(), node.name, node)


def _only(context: Context, what: str, first: Site | None, node: expressions.Node) -> Site:
    if first is None:
        return Site(context.source, node)
    message = f"a policy set has one `{what}`"
    help = "delete one of the two" if what == "timezone" else "put everything into one block"
    there = related(Site(first.source, _head(first.node)), "the first one is here")
    context.error("PL102", _head(node), message, help, there)
    context.symbols.duplicates.append(Site(context.source, node))
    return first


def _head(node: expressions.Node) -> expressions.Node:
    return node.keyword if isinstance(node, ast.AttributeBlock) else node


def _add(context: Context, kind: str, name: expressions.Name | expressions.Text, node: expressions.Node) -> None:
    """Enter a name, or report that it is taken. Users and integrations share their names: both make requests."""
    if not name.value.strip():
        context.error("PL100", name, f"a {kind} needs a name", "write one between the quotes")
        return
    names, site = context.symbols.names, Site(context.source, node)
    sharing = ("user", "integration") if kind in ("user", "integration") else (kind,)
    taken = next((names[k].get(name.value) for k in sharing if name.value in names[k]), None)
    if taken is None:
        names[kind][name.value] = site
        return
    context.symbols.duplicates.append(site)
    _report_taken(context, kind, name, taken)


def _report_taken(context: Context, kind: str, name: expressions.Name | expressions.Text, taken: Site) -> None:
    message = f"the {kind} {quoted(name.value)} is declared twice"
    first = related(Site(taken.source, _named(taken.node)), "first declared here")
    context.error("PL102", name, message, "delete or rename one of the two", first)


def _named(node: Any) -> expressions.Node:
    """Where a declaration says its name; of a name in a list that is the name itself."""
    found: expressions.Node = getattr(node, "id", None) or getattr(node, "code", None) or getattr(node, "name", node)
    return found


def _scope(context: Context, kinds: tuple[expressions.Name, ...]) -> None:
    names, parents = context.symbols.names["kind of place"], context.symbols.scope_parents
    parent: str | None = None
    for name in kinds:
        site = names.get(name.value)
        if site is None:
            names[name.value] = Site(context.source, name)
            parents[name.value] = parent
        elif parent is not None and parents[name.value] not in (None, parent):
            message = f"{quoted(name.value)} is contained in `{parents[name.value]}` already"
            there = related(site, "first declared here")
            context.error("PL102", name, message, "a kind of place has one parent", there)
        elif parent is not None:
            parents[name.value] = parent
        parent = name.value


def _user(context: Context, node: ast.User) -> None:
    """As `_add`; of a user who comes again, in another group, the groups are what is wrong."""
    first = context.symbols.names["user"].get(node.id.value)
    groups = {group.value for group in (*first.node.groups, *node.groups)} if first else set()
    if first is None or not (first.node.groups and node.groups and len(groups) > 1):
        _add(context, "user", node.id, node)
        return
    context.symbols.duplicates.append(Site(context.source, node))
    message = f"the user {quoted(node.id.value)} is in two groups: {' and '.join(quoted(g) for g in sorted(groups))}"
    help = "a user is in at most one group: give the second one's rights as a role"
    there = related(Site(first.source, first.node.groups[0]), "the first group is here")
    context.error("PL108", node.groups[0], message, help, there)


def _look_alike(build: Build, kind: str) -> None:
    """Ids that are equal to the eye and different to the machine. Integrations make requests like users."""
    symbols = build.symbols
    named = [*symbols.every("integration"), *symbols.every(kind)] if kind == "user" else symbols.every(kind)
    for id, site, other, first in alike(named):
        if isinstance(site.node, ast.Integration):
            continue  # names are told apart by case
        message = f"the {kind} {quoted(id)} looks like {quoted(other)} and {how_alike(id, other)}"
        help, there = "write both with the same letters, or tell them apart", related(first, "the other one")
        build.within(site.source).error("PL106", _named(site.node), message, help, there)
