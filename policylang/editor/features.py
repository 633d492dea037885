"""Every feature by the method with which editors ask for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcInvalidParams

from policylang.editor import (
    actions,
    completion,
    describe,
    formatting,
    hints,
    navigation,
    outline,
    questions,
    scenarios,
)
from policylang.editor.folders import is_scenario_file
from policylang.editor.highlighting import LEGEND, semantic_tokens
from policylang.editor.names import Occurrence
from policylang.editor.open_files import path_of
from policylang.editor.opened import OpenedFile
from policylang.editor.positions import offset_at
from policylang.editor.server import PolicyServer

_TRIGGERS = [".", '"', " ", "(", ",", ":"]
_ACTIONS = [lsp.CodeActionKind.QuickFix, lsp.CodeActionKind.RefactorExtract]

_Answer = Callable[[OpenedFile, Any], Any]


def register(server: PolicyServer) -> None:
    """Have the server answer."""
    for method, answer in _ANSWERS.items():
        _register(server, method, answer)
    _register_others(server)
    _register_questions(server)


def _opened(server: PolicyServer, uri: str) -> OpenedFile | None:
    """The policy file of a URI; ``None`` for what is none."""
    path = path_of(uri)
    of = None if path is None else server.folders.set_of(path)
    parsed = None if of is None or path is None else of.parsed(path)
    return None if of is None or parsed is None else OpenedFile(server.checker, of, parsed)


def _register(server: PolicyServer, method: str, answer: _Answer) -> None:
    @server.feature(method, _OPTIONS.get(method))
    def asked(params: Any) -> Any:
        file = _opened(server, params.text_document.uri)
        return None if file is None else answer(file, params)


# --- about a file or a place in it ----------------------------------------------------------------------------


def _hover(file: OpenedFile, asked: lsp.HoverParams) -> lsp.Hover | None:
    rule = outline.rule_at(file, asked.position)
    if rule is not None:
        return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, describe.rule_page(rule) or ""))
    found = file.name_at(asked.position)
    if found is None:
        return None
    text = describe.described(found.key, file.of.project, file.of.last_index)
    return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, text), file.range(found.start, found.end))


def _definitions(file: OpenedFile, found: Occurrence, _asked: lsp.DefinitionParams) -> list[lsp.Location]:
    return navigation.locations(file.of, found.key, uses=False)


def _references(file: OpenedFile, found: Occurrence, asked: lsp.ReferenceParams) -> list[lsp.Location]:
    return navigation.locations(file.of, found.key, declarations=asked.context.include_declaration)


def _renamed(file: OpenedFile, found: Occurrence, _asked: lsp.PrepareRenameParams) -> lsp.PrepareRenamePlaceholder:
    return lsp.PrepareRenamePlaceholder(file.range(found.start, found.end), found.key[2])


def _rename(file: OpenedFile, found: Occurrence, asked: lsp.RenameParams) -> lsp.WorkspaceEdit:
    try:
        return navigation.rename(file, found, asked.new_name)
    except navigation.RenameError as error:
        raise JsonRpcInvalidParams(str(error)) from None


def _of_name(answer: Callable[[OpenedFile, Occurrence, Any], Any]) -> _Answer:
    """Answers about the name at a place, where there is one."""

    def of_place(file: OpenedFile, asked: Any) -> Any:
        found = file.name_at(asked.position)
        return None if found is None else answer(file, found, asked)

    return of_place


_ANSWERS: dict[str, _Answer] = {
    lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL: lambda file, _: outline.symbols(file),
    lsp.TEXT_DOCUMENT_FOLDING_RANGE: lambda file, _: outline.folds(file),
    lsp.TEXT_DOCUMENT_DOCUMENT_LINK: lambda file, _: outline.links(file),
    lsp.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL: lambda file, _: semantic_tokens(file),
    lsp.TEXT_DOCUMENT_INLAY_HINT: lambda file, asked: hints.inlay_hints(file, asked.range),
    lsp.TEXT_DOCUMENT_FORMATTING: lambda file, _: formatting.format_file(file),
    lsp.TEXT_DOCUMENT_RANGE_FORMATTING: lambda file, asked: formatting.format_range(file, asked.range),
    lsp.TEXT_DOCUMENT_ON_TYPE_FORMATTING: lambda file, asked: formatting.format_typed(file, asked.position),
    lsp.TEXT_DOCUMENT_SELECTION_RANGE: lambda file, asked: [outline.selections(file, at) for at in asked.positions],
    lsp.TEXT_DOCUMENT_SIGNATURE_HELP: lambda file, asked: hints.signature_help(
        file.of, file.source, file.offset(asked.position)
    ),
    lsp.TEXT_DOCUMENT_HOVER: _hover,
    lsp.TEXT_DOCUMENT_DEFINITION: _of_name(_definitions),
    lsp.TEXT_DOCUMENT_REFERENCES: _of_name(_references),
    lsp.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT: _of_name(lambda file, found, _: navigation.highlights(file, found.key)),
    lsp.TEXT_DOCUMENT_PREPARE_RENAME: _of_name(_renamed),
    lsp.TEXT_DOCUMENT_RENAME: _of_name(_rename),
}
_OPTIONS: dict[str, Any] = {
    lsp.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL: LEGEND,
    lsp.TEXT_DOCUMENT_ON_TYPE_FORMATTING: lsp.DocumentOnTypeFormattingOptions("}"),
    lsp.TEXT_DOCUMENT_SIGNATURE_HELP: lsp.SignatureHelpOptions(["(", ","]),
    lsp.TEXT_DOCUMENT_RENAME: lsp.RenameOptions(prepare_provider=True),
}


# --- the rest ------------------------------------------------------------------------------------------------


def _register_others(server: PolicyServer) -> None:
    @server.feature(lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionOptions(_ACTIONS))
    def code_actions(params: lsp.CodeActionParams) -> list[lsp.CodeAction] | None:
        file = _opened(server, params.text_document.uri)
        if file is None:
            return None
        server.settle()
        return actions.code_actions(file, params.range)

    @server.feature(lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions(_TRIGGERS, resolve_provider=True))
    def complete(params: lsp.CompletionParams) -> lsp.CompletionList | None:
        path = path_of(params.text_document.uri)
        source = None if path is None else server.folders.open_files.get(path)
        of = None if path is None else server.folders.set_of(path)
        if path is None or source is None or of is None:
            return None
        offset = offset_at(source, params.position, of.encoding)
        if is_scenario_file(path):
            return scenarios.complete(of, source, offset)
        return completion.complete(of, source, offset, snippets=_knows_snippets(server))

    @server.feature(lsp.COMPLETION_ITEM_RESOLVE)
    def resolve(item: lsp.CompletionItem) -> lsp.CompletionItem:
        root = item.data[-1] if isinstance(item.data, list) and item.data else None
        of = next((each for each in server.folders.sets if str(each.root) == root), None)
        return item if of is None else completion.resolve(of, item)

    @server.feature(lsp.WORKSPACE_SYMBOL)
    def symbols(params: lsp.WorkspaceSymbolParams) -> list[lsp.WorkspaceSymbol]:
        found = (each for of in server.folders.sets for each in outline.workspace_symbols(of, params.query))
        return [each for each, _ in zip(found, range(1000), strict=False)]

    @server.feature(lsp.TEXT_DOCUMENT_CODE_LENS)
    def lenses(params: lsp.CodeLensParams) -> list[lsp.CodeLens] | None:
        path = path_of(params.text_document.uri)
        if path is not None and is_scenario_file(path):
            return scenarios.lenses(server.checker, path)
        file = _opened(server, params.text_document.uri)
        return None if file is None else hints.code_lenses(file)


def _knows_snippets(server: PolicyServer) -> bool:
    known: Any = server.client_capabilities.text_document
    for name in ("completion", "completion_item", "snippet_support"):
        known = getattr(known, name, None)
    return bool(known)


def _register_questions(server: PolicyServer) -> None:
    for name, ask in questions.QUESTIONS.items():
        _register_question(server, name, ask)
    for name, words in questions.COMMANDS.items():
        _register_command(server, name, questions.QUESTIONS[name], words)

    @server.feature("policylang/settled")
    async def settled(params: Any) -> bool:
        """Whether all that was typed is looked at, and proved unless the ``sources`` alone are asked about."""
        server.settle()
        given = _plain(params)
        if isinstance(given, dict) and given.get("sources"):
            return True
        return await asyncio.get_running_loop().run_in_executor(None, server.checker.wait, 60)


def _register_question(server: PolicyServer, name: str, ask: Callable[..., Any]) -> None:
    @server.feature(f"policylang/{name}")
    def asked(params: Any) -> Any:
        server.settle()
        return questions.answered(server.checker, ask, _plain(params))


_SHOWN = 40
"""So many names stand in a message."""


def _register_command(server: PolicyServer, name: str, ask: Callable[..., Any], words: tuple[str, ...]) -> None:
    @server.command(f"policylang.{name}")
    def asked(*arguments: Any) -> Any:
        server.settle()
        given = dict(zip(("uri", *words), arguments, strict=False))
        found = questions.answered(server.checker, ask, _plain(given))
        message = lsp.ShowMessageParams(lsp.MessageType.Info, questions.in_words(found, _SHOWN))
        server.window_show_message(message)
        return found


def _plain(params: Any) -> Any:
    """Parameters of a method that the protocol does not know, as JSON: pygls makes objects of them."""
    if isinstance(params, dict):
        return {name: _plain(each) for name, each in params.items()}
    if isinstance(params, list):
        return [_plain(each) for each in params]
    if hasattr(params, "_asdict"):
        return _plain(params._asdict())
    return params
