"""What an editor shows between the words: how many users something reaches, and what an argument is for."""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol import types as lsp

from policylang.editor.cursor import cursor_at
from policylang.editor.edited_set import EditedSet
from policylang.editor.people import people_in_words, reached
from policylang.editor.positions import Encoding, offset_at, position_at, range_of
from policylang.model.types import in_words
from policylang.source import Source
from policylang.syntax import ast
from policylang.syntax.parser import Parsed


def inlay_hints(of: EditedSet, parsed: Parsed, wanted: lsp.Range, encoding: Encoding) -> list[lsp.InlayHint]:
    """The hints in a range of a file."""
    source = parsed.source
    start, end = offset_at(source, wanted.start, encoding), offset_at(source, wanted.end, encoding)
    declarations = [node for node in parsed.file.declarations if node.start_pos <= end and node.end_pos >= start]
    found = [
        each
        for node in declarations
        for each in (*_reach(of, source, node, encoding), *_names(of, source, node, encoding))
    ]
    return sorted(found, key=lambda hint: (hint.position.line, hint.position.character))


def _reach(of: EditedSet, source: Source, node: ast.Declaration, encoding: Encoding) -> Iterator[lsp.InlayHint]:
    index = of.index
    if index is not None and isinstance(node, ast.Role | ast.Group):
        users = reached(index).get((type(node).__name__.lower(), node.name.value), [])
        behind = node.label or node.name
        at = position_at(source, behind.end_pos, encoding)
        yield lsp.InlayHint(at, people_in_words(len(users)), padding_left=True)


def _names(of: EditedSet, source: Source, node: ast.Declaration, encoding: Encoding) -> Iterator[lsp.InlayHint]:
    limits = (item.limit if isinstance(item, ast.Append | ast.Override) else item for item in ast.block_items(node))
    for limit in (each for each in limits if isinstance(each, ast.Limit)):
        names = of.project.model.parameters.get(limit.policy.value, {})
        for name, argument in zip(names, limit.arguments, strict=False):
            at = position_at(source, argument.start_pos, encoding)
            yield lsp.InlayHint(at, f"{name}:", lsp.InlayHintKind.Parameter, padding_right=True)


def code_lenses(of: EditedSet, parsed: Parsed, encoding: Encoding) -> list[lsp.CodeLens]:
    """What can be asked about the declarations of a file, above each."""
    index = of.index
    if index is None:
        return []
    uri = of.uri(of.path_of(parsed.source.name))
    found = []
    for node in parsed.file.declarations:
        where = range_of(parsed.source, node.start_pos, node.start_pos, encoding)
        match node:
            case ast.Role(name=name) | ast.Group(name=name):
                kind = type(node).__name__.lower()
                users = reached(index).get((kind, name.value), [])
                title = people_in_words(len(users))
                found.append(
                    lsp.CodeLens(where, lsp.Command(title, "policylang.users", arguments=[uri, kind, name.value]))
                )
            case ast.Resource(name=name):
                found += [
                    lsp.CodeLens(
                        where,
                        lsp.Command(f"who can {action}", "policylang.whoCan", arguments=[uri, action, name.value]),
                    )
                    for action in index.actions.get(name.value, {})
                ]
            case ast.User(id=id):
                found.append(lsp.CodeLens(where, lsp.Command("access", "policylang.access", arguments=[uri, id.value])))
    return found


def signature_help(of: EditedSet, source: Source, offset: int) -> lsp.SignatureHelp | None:
    """The parameters of the policy whose arguments are being written."""
    tokens = cursor_at(source.text, offset).tokens
    opened = next((at for at in range(len(tokens) - 1, 1, -1) if tokens[at].type == "LPAR"), None)
    if opened is None or any(token.type == "RPAR" for token in tokens[opened:]):
        return None
    if tokens[opened - 2].type != "POLICY" or opened == 2:
        return None
    name = tokens[opened - 1].value
    parameters = of.last.model.parameters.get(name)
    if not parameters:
        return None
    labels = [f"{each}: {in_words(type_) if type_ is not None else '…'}" for each, type_ in parameters.items()]
    active = sum(token.type == "COMMA" for token in tokens[opened:])
    made = [lsp.ParameterInformation(label) for label in labels]
    signature = lsp.SignatureInformation(f"{name}({', '.join(labels)})", parameters=made)
    return lsp.SignatureHelp([signature], 0, min(active, len(labels) - 1))
