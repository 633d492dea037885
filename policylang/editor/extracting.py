"""A part of a policy's condition as a policy of its own, attached wherever the whole one is."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import msgspec
from lsprotocol import types as lsp

from policylang.editor.edited_set import EditedSet, ReplacedText
from policylang.editor.opened import OpenedFile
from policylang.source import Source
from policylang.syntax import ast, expressions
from policylang.text.names import free_name


def extracted(file: OpenedFile, start: int, end: int) -> lsp.CodeAction | None:
    """The action for a selection that is one of the conditions that a policy without parameters joins with `and`; none
    where there is a comment among them, since nobody knows what that belongs to.
    """
    source = file.source
    for node in file.parsed.file.declarations:
        if not (isinstance(node, ast.Policy) and node.start_pos <= start and end <= node.end_pos):
            continue
        whole = node.condition
        if node.parameters or not isinstance(whole, expressions.And):
            return None
        begin = source.text.rindex("{", node.start_pos, whole.start_pos) + 1
        if any(begin <= each.start_pos < node.end_pos for each in file.parsed.file.comments):
            return None
        selected = source.text[start:end].strip()
        for item, part in zip(whole.items, _parts(source, begin, node, whole), strict=True):
            is_inside = start <= item.start_pos <= item.end_pos <= end
            if is_inside and selected in (source.text[item.start_pos : item.end_pos], part.said):
                return _action(file.of, source, node, part)
    return None


class _Part(msgspec.Struct, frozen=True):
    """One of several joined conditions, in its parentheses. ``start``, ``end``: with the `and` before it, or behind the
    first.
    """

    said: str
    start: int
    end: int


def _parts(source: Source, begin: int, node: ast.Policy, whole: expressions.And) -> Iterator[_Part]:
    """The conditions of a block that begins at an offset. The parentheses of each are not in its own offsets."""
    text, cuts = source.text, [begin]
    for one, other in pairwise(whole.items):
        cuts.append(text.index("and", one.end_pos, other.start_pos))
    cuts.append(node.end_pos - 1)
    for number, (first, last) in enumerate(pairwise(cuts)):
        said = text[first:last].strip()
        start, end = len(text[:first].rstrip()), len(text[:last].rstrip())
        if number:
            said = said.removeprefix("and").strip()
        else:
            start, end = begin, last + len("and")
        yield _Part(said, start, end)


def _action(of: EditedSet, source: Source, node: ast.Policy, part: _Part) -> lsp.CodeAction | None:
    name = free_name(node.name.value, of.project.model.symbols.names["policy"])
    edits = [*_declaration(source, node, part, name), *_attachments(of, node.name.value, name)]
    project = of.project
    after = of.edited(project, edits)
    if project.ir is None or after.ir is None:
        return None
    title = f"make this a policy of its own, `{name}`"
    return lsp.CodeAction(title, lsp.CodeActionKind.RefactorExtract, edit=lsp.WorkspaceEdit(of.changes(edits)))


def _declaration(source: Source, node: ast.Policy, part: _Part, name: str) -> Iterator[ReplacedText]:
    text = source.text
    yield source, part.start, part.end, ""
    label = f' {text[node.label.start_pos : node.label.end_pos - 1]} (2)"' if node.label else ""
    target = text[node.target.start_pos : node.target.end_pos]
    actions = f" for {', '.join(action.value for action in node.actions)}" if node.actions else ""
    made = f"{source.line_break}policy {name}{label} on {target}{actions} {{ {part.said} }}"
    yield source, node.end_pos, node.end_pos, made


def _attachments(of: EditedSet, name: str, new: str) -> Iterator[ReplacedText]:
    """Where the policy is attached, the new one behind it."""
    for parsed in of.project.files:
        text = parsed.source.text
        for declaration in parsed.file.declarations:
            for item in ast.block_items(declaration):
                limit = item.limit if isinstance(item, ast.Append | ast.Override) else item
                if isinstance(limit, ast.Limit) and limit.policy.value == name:
                    first = text[item.start_pos : limit.policy.start_pos]
                    rest = text[limit.policy.end_pos : item.end_pos]
                    yield parsed.source, item.end_pos, item.end_pos, f"  {first}{new}{rest}"
