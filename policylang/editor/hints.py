"""What an editor shows between the words: how many users something reaches, and what an argument is for."""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol import types as lsp

from policylang.editor.cursor import cursor_at
from policylang.editor.edited_set import EditedSet
from policylang.editor.opened import OpenedFile
from policylang.editor.people import people_in_words, reached
from policylang.model.types import in_words
from policylang.runtime.index import Index
from policylang.source import Source
from policylang.syntax import ast


def inlay_hints(file: OpenedFile, wanted: lsp.Range) -> list[lsp.InlayHint]:
    """The hints in a range of a file."""
    declarations = file.touched(*file.offsets(wanted))
    found = [each for node in declarations for each in (*_reach(file, node), *_names(file, node))]
    return sorted(found, key=lambda hint: (hint.position.line, hint.position.character))


def _reach(file: OpenedFile, node: ast.Declaration) -> Iterator[lsp.InlayHint]:
    index = file.of.index
    if index is not None and isinstance(node, ast.Role | ast.Group):
        behind = node.label or node.name
        yield lsp.InlayHint(file.position(behind.end_pos), _people(index, node), padding_left=True)


def _people(index: Index, node: ast.Role | ast.Group) -> str:
    return people_in_words(len(reached(index).get((type(node).__name__.lower(), node.name.value), [])))


def _names(file: OpenedFile, node: ast.Declaration) -> Iterator[lsp.InlayHint]:
    limits = (item.limit if isinstance(item, ast.Append | ast.Override) else item for item in ast.block_items(node))
    for limit in (each for each in limits if isinstance(each, ast.Limit)):
        names = file.of.project.model.parameters.get(limit.policy.value, {})
        for name, argument in zip(names, limit.arguments, strict=False):
            at = file.position(argument.start_pos)
            yield lsp.InlayHint(at, f"{name}:", lsp.InlayHintKind.Parameter, padding_right=True)


def code_lenses(file: OpenedFile) -> list[lsp.CodeLens]:
    """What can be asked about the declarations of a file, above each."""
    index = file.of.index
    if index is None:
        return []
    uri = file.of.uri_of(file.source.name)
    return [
        lsp.CodeLens(
            file.range(node.start_pos, node.start_pos),
            lsp.Command(title, f"policylang.{command}", arguments=[uri, *arguments]),
        )
        for node in file.parsed.file.declarations
        for title, command, *arguments in _questions(index, node)
    ]


def _questions(index: Index, node: ast.Declaration) -> Iterator[tuple[str, ...]]:
    """What a lens says, the command behind it, and what that is told beside the file."""
    match node:
        case ast.Role(name=name) | ast.Group(name=name):
            yield _people(index, node), "users", type(node).__name__.lower(), name.value
        case ast.Resource(name=name):
            for action in index.actions.get(name.value, {}):
                yield f"who can {action}", "whoCan", action, name.value
        case ast.User(id=id):
            yield "access", "access", id.value


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
