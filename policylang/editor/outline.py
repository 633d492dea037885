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
from policylang.editor.positions import Encoding, range_of
from policylang.syntax import ast, expressions
from policylang.syntax.parser import Parsed

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
    ast.ListedAction: _Kind.Method,
    ast.Invariant: _Kind.Boolean,
}


def symbols(parsed: Parsed, encoding: Encoding) -> list[lsp.DocumentSymbol]:
    """The declarations of a file, with what is declared inside them."""
    return [_symbol(parsed, node, encoding) for node in parsed.file.declarations]


def _symbol(parsed: Parsed, node: Any, encoding: Encoding) -> lsp.DocumentSymbol:
    name, detail, named = _title(parsed, node)
    source = parsed.source
    children = [_symbol(parsed, each, encoding) for each in _inside(node)]
    return lsp.DocumentSymbol(
        name,
        _KINDS.get(type(node), _Kind.Object),
        range_of(source, node.start_pos, node.end_pos, encoding),
        range_of(source, named.start_pos, named.end_pos, encoding),
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


def _title(parsed: Parsed, node: Any) -> tuple[str, str, expressions.Node]:
    """What a declaration is called, its label, and the name in it."""
    named = next(
        (each for each in (getattr(node, name, None) for name in ("name", "id", "code", "keyword")) if each), None
    )
    label = getattr(node, "label", None)
    if isinstance(named, expressions.Name | expressions.Text):
        return named.value or " ", label.value if isinstance(label, expressions.Text) else "", named
    words = " ".join(parsed.source.text[node.start_pos : node.end_pos].split())
    return cut(words), "", node


def workspace_symbols(of: EditedSet, query: str, encoding: Encoding) -> Iterator[lsp.WorkspaceSymbol]:
    """The declarations of a set whose name or label has the letters of the query in their order."""
    wanted = query.casefold()
    for parsed in of.project.files:
        for node in parsed.file.declarations:
            name, label, named = _title(parsed, node)
            if _in_order(wanted, f"{name} {label}".casefold()):
                where = range_of(parsed.source, named.start_pos, named.end_pos, encoding)
                place = lsp.Location(of.uri(of.path_of(parsed.source.name)), where)
                yield lsp.WorkspaceSymbol(place, name, _KINDS.get(type(node), _Kind.Object))


def _in_order(letters: str, text: str) -> bool:
    rest = iter(text)
    return all(letter in rest for letter in letters)


def folds(parsed: Parsed) -> list[lsp.FoldingRange]:
    """Declarations of several lines, and comments of several lines."""
    source = parsed.source
    found = []
    for node in parsed.file.declarations:
        first, last = source.position(node.start_pos)[0] - 1, source.position(node.end_pos)[0] - 1
        if last > first:
            found.append(lsp.FoldingRange(first, last))
    begin: int | None = None
    before = -2
    for comment in parsed.file.comments:
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


def selections(parsed: Parsed, offset: int, encoding: Encoding) -> lsp.SelectionRange:
    """The nodes around an offset, from the smallest to the whole file."""
    around = sorted(
        {(0, len(parsed.source.text)), *_around(parsed.file.declarations, offset)}, key=lambda each: each[0] - each[1]
    )
    found: lsp.SelectionRange | None = None
    for start, end in around:
        found = lsp.SelectionRange(range_of(parsed.source, start, end, encoding), found)
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


def links(parsed: Parsed, encoding: Encoding) -> list[lsp.DocumentLink]:
    """The rules that comments name, each with a link to its page."""
    return [
        lsp.DocumentLink(
            range_of(parsed.source, start, end, encoding),
            f"{RULE_PAGES}/{code}.md",
            tooltip=f"{code} {BY_CODE[code].name}",
        )
        for start, end, code in _rules(parsed)
    ]


def rule_at(parsed: Parsed, offset: int) -> str | None:
    """The rule that a comment names at an offset."""
    return next((code for start, end, code in _rules(parsed) if start <= offset <= end), None)


def _rules(parsed: Parsed) -> Iterator[tuple[int, int, str]]:
    for comment in parsed.file.comments:
        for match in _CODE.finditer(comment.text):
            if match[0] in BY_CODE:
                yield comment.start_pos + match.start(), comment.start_pos + match.end(), match[0]
