"""The shape of a file: its declarations as symbols, what can be folded, and what is selected around a place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lsprotocol import types as lsp

from policylang.check.catalogue import BY_CODE
from policylang.diagnostics import cut
from policylang.editor.diagnostics import RULE_PAGES
from policylang.editor.edited_set import EditedSet
from policylang.editor.opened import OpenedFile
from policylang.source import Source
from policylang.syntax import ast, expressions

_CODE = re.compile(r"PL\d{3}")
_Kind = lsp.SymbolKind
_KINDS: dict[type, lsp.SymbolKind] = {
    ast.Resource: _Kind.Class,
    ast.Role: _Kind.Interface,
    ast.Group: _Kind.Module,
    ast.Policy: _Kind.Function,
    ast.Task: _Kind.Event,
    ast.User: _Kind.Constant,
    ast.Integration: _Kind.Constant,
    ast.Place: _Kind.Namespace,
    ast.Attribute: _Kind.Field,
    ast.Action: _Kind.Method,
    ast.Invariant: _Kind.Boolean,
}


def symbols(file: OpenedFile) -> list[lsp.DocumentSymbol]:
    """The declarations of a file, with what is declared inside them."""
    return [_symbol(file, node) for node in file.parsed.file.declarations]


def _symbol(file: OpenedFile, node: Any) -> lsp.DocumentSymbol:
    name, detail, named = _title(file.source, node)
    children = [_symbol(file, each) for each in _inside(node)]
    return lsp.DocumentSymbol(
        name,
        _KINDS.get(type(node), _Kind.Object),
        file.range(node.start_pos, node.end_pos),
        file.range(named.start_pos, named.end_pos),
        detail,
        children=children or None,
    )


def _inside(node: Any) -> Iterator[expressions.Node]:
    if isinstance(node, ast.Resource):
        for item in node.items:
            if isinstance(item, ast.Actions):
                yield from item.items
            else:
                yield item
    elif isinstance(node, ast.AttributeBlock):
        yield from node.attributes


def _title(source: Source, node: Any) -> tuple[str, str, expressions.Node]:
    """What a declaration is called, its label, and the name in it."""
    named = next(
        (each for each in (getattr(node, name, None) for name in ("name", "id", "code", "keyword")) if each), None
    )
    label = getattr(node, "label", None)
    if isinstance(named, expressions.Name | expressions.Text):
        return named.value or " ", label.value if isinstance(label, expressions.Text) else "", named
    words = " ".join(source.text[node.start_pos : node.end_pos].split())
    return cut(words), "", node


def workspace_symbols(of: EditedSet, query: str) -> Iterator[lsp.WorkspaceSymbol]:
    """The declarations of a set whose name or label has the letters of the query in their order."""
    wanted = query.casefold()
    for parsed in of.project.files:
        for node in parsed.file.declarations:
            name, label, named = _title(parsed.source, node)
            if _in_order(wanted, f"{name} {label}".casefold()):
                where = of.range(parsed.source, named.start_pos, named.end_pos)
                place = lsp.Location(of.uri_of(parsed.source.name), where)
                yield lsp.WorkspaceSymbol(place, name, _KINDS.get(type(node), _Kind.Object))


def _in_order(letters: str, text: str) -> bool:
    rest = iter(text)
    return all(letter in rest for letter in letters)


def folds(file: OpenedFile) -> list[lsp.FoldingRange]:
    """Declarations of several lines, and comments of several lines."""
    source = file.source
    found = []
    for node in file.parsed.file.declarations:
        first, last = source.position(node.start_pos)[0] - 1, source.position(node.end_pos)[0] - 1
        if last > first:
            found.append(lsp.FoldingRange(first, last))
    begin: int | None = None
    before = -2
    for comment in file.parsed.file.comments:
        line = source.position(comment.start_pos)[0] - 1
        if source.line(line + 1)[: comment.start_pos - source.line_starts[line]].strip():
            continue
        if line != before + 1:
            found += _comment(begin, before)
            begin = line
        before = line
    found += _comment(begin, before)
    return sorted(found, key=lambda each: each.start_line)


def _comment(begin: int | None, end: int) -> list[lsp.FoldingRange]:
    if begin is None or end <= begin:
        return []
    return [lsp.FoldingRange(begin, end, kind=lsp.FoldingRangeKind.Comment)]


def selections(file: OpenedFile, at: lsp.Position) -> lsp.SelectionRange:
    """The nodes around a position, from the smallest to the whole file."""
    spans = {(0, len(file.source.text)), *_around(file.parsed.file.declarations, file.offset(at))}
    around = sorted(spans, key=lambda each: each[0] - each[1])
    found: lsp.SelectionRange | None = None
    for start, end in around:
        found = lsp.SelectionRange(file.range(start, end), found)
    assert found is not None
    return found


def _around(node: Any, offset: int) -> Iterator[tuple[int, int]]:
    if isinstance(node, tuple):
        for each in node:
            yield from _around(each, offset)
    elif isinstance(node, expressions.Node) and node.start_pos <= offset <= node.end_pos:
        yield node.start_pos, node.end_pos
        for name in node.__struct_fields__:
            yield from _around(getattr(node, name), offset)


def links(file: OpenedFile) -> list[lsp.DocumentLink]:
    """The rules that comments name, each with a link to its page."""
    return [
        lsp.DocumentLink(file.range(start, end), f"{RULE_PAGES}/{code}.md", tooltip=f"{code} {BY_CODE[code].name}")
        for start, end, code in _rules(file)
    ]


def rule_at(file: OpenedFile, at: lsp.Position) -> str | None:
    """The rule that a comment names at a position."""
    offset = file.offset(at)
    return next((code for start, end, code in _rules(file) if start <= offset <= end), None)


def _rules(file: OpenedFile) -> Iterator[tuple[int, int, str]]:
    for comment in file.parsed.file.comments:
        for match in _CODE.finditer(comment.text):
            if match[0] in BY_CODE:
                yield comment.start_pos + match.start(), comment.start_pos + match.end(), match[0]
