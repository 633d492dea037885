"""A part of a policy's condition as a policy of its own, attached wherever the whole one is."""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol import types as lsp

from policylang.editor.edited_set import EditedSet, ReplacedText
from policylang.editor.opened import OpenedFile
from policylang.source import Source
from policylang.syntax import ast, expressions
from policylang.text.names import free_name


def extracted(file: OpenedFile, start: int, end: int) -> lsp.CodeAction | None:
    """The action for a selection that is one of the conditions that a policy without parameters joins with `and`."""
    source = file.source
    for node in file.parsed.file.declarations:
        if not (isinstance(node, ast.Policy) and node.start_pos <= start and end <= node.end_pos):
            continue
        whole = node.condition
        if node.parameters or not isinstance(whole, expressions.And):
            return None
        selected = source.text[start:end].strip()
        part = next((item for item in whole.items if source.text[item.start_pos : item.end_pos] == selected), None)
        if part is None or not start <= part.start_pos <= part.end_pos <= end:
            return None
        return _action(file.of, source, node, whole, part)
    return None


def _action(
    of: EditedSet, source: Source, node: ast.Policy, whole: expressions.And, part: expressions.Condition
) -> lsp.CodeAction | None:
    name = free_name(node.name.value, of.project.model.symbols.names["policy"])
    edits = [*_declaration(source, node, whole, part, name), *_attachments(of, node.name.value, name)]
    project = of.project
    after = of.edited(project, edits)
    if project.ir is None or after.ir is None:
        return None
    title = f"make this a policy of its own, `{name}`"
    return lsp.CodeAction(title, lsp.CodeActionKind.RefactorExtract, edit=lsp.WorkspaceEdit(of.changes(edits)))


def _declaration(
    source: Source, node: ast.Policy, whole: expressions.And, part: expressions.Condition, name: str
) -> Iterator[ReplacedText]:
    text = source.text
    left = [text[item.start_pos : item.end_pos] for item in whole.items if item is not part]
    yield source, whole.start_pos, whole.end_pos, " and ".join(left)
    label = f' {text[node.label.start_pos : node.label.end_pos - 1]} (2)"' if node.label else ""
    target = text[node.target.start_pos : node.target.end_pos]
    actions = f" for {', '.join(action.value for action in node.actions)}" if node.actions else ""
    condition = text[part.start_pos : part.end_pos]
    made = f"{source.line_break}policy {name}{label} on {target}{actions} {{ {condition} }}"
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
