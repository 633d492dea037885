"""Every feature by the method with which editors ask for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcInvalidParams

from policylang.editor import (
    actions,
    completion,
    describe,
    formatting,
    highlighting,
    hints,
    navigation,
    outline,
    questions,
    scenarios,
)
from policylang.editor.edited_set import EditedSet
from policylang.editor.folders import is_scenario_file
from policylang.editor.names import Occurrence
from policylang.editor.open_files import path_of
from policylang.editor.positions import Encoding, offset_at, range_of
from policylang.editor.server import PolicyServer
from policylang.syntax.parser import Parsed

_TRIGGERS = [".", '"', " ", "(", ",", ":"]


class _OpenedFile(msgspec.Struct, frozen=True):
    """A policy file that is asked about, in its set."""

    of: EditedSet
    parsed: Parsed
    encoding: Encoding

    def offset(self, position: lsp.Position) -> int:
        return offset_at(self.parsed.source, position, self.encoding)

    def name(self, position: lsp.Position) -> Occurrence | None:
        return navigation.name_at(self.of, self.parsed, self.offset(position))


_Answer = Callable[[PolicyServer, _OpenedFile, Any], Any]


def register(server: PolicyServer) -> None:
    """Have the server answer."""
    for method, (answer, options) in {**_OF_FILES, **_OF_PLACES}.items():
        _register(server, method, answer, options)
    _register_others(server)
    _register_questions(server)


def _opened(server: PolicyServer, uri: str) -> _OpenedFile | None:
    """The policy file of a URI; ``None`` for what is none."""
    path = path_of(uri)
    of = None if path is None else server.folders.set_of(path)
    parsed = None if of is None or path is None else of.parsed(path)
    if of is None or parsed is None:
        return None
    return _OpenedFile(of, parsed, server.folders.open_files.encoding)


def _register(server: PolicyServer, method: str, answer: _Answer, options: Any) -> None:
    @server.feature(method, options)
    def asked(params: Any) -> Any:
        file = _opened(server, params.text_document.uri)
        return None if file is None else answer(server, file, params)


# --- about a file --------------------------------------------------------------------------------------------


def _symbols(_server: PolicyServer, file: _OpenedFile, _params: Any) -> Any:
    return outline.symbols(file.parsed, file.encoding)


def _folds(_server: PolicyServer, file: _OpenedFile, _params: Any) -> Any:
    return outline.folds(file.parsed)


def _links(_server: PolicyServer, file: _OpenedFile, _params: Any) -> Any:
    return outline.links(file.parsed, file.encoding)


def _tokens(_server: PolicyServer, file: _OpenedFile, _params: Any) -> Any:
    return highlighting.semantic_tokens(file.parsed, file.of.last.model, file.encoding)


def _hints(_server: PolicyServer, file: _OpenedFile, params: lsp.InlayHintParams) -> Any:
    return hints.inlay_hints(file.of, file.parsed, params.range, file.encoding)


def _format(_server: PolicyServer, file: _OpenedFile, _params: Any) -> Any:
    return formatting.format_file(file.of, file.parsed, file.encoding)


def _format_range(_server: PolicyServer, file: _OpenedFile, params: lsp.DocumentRangeFormattingParams) -> Any:
    return formatting.format_range(file.of, file.parsed, params.range, file.encoding)


def _format_typed(_server: PolicyServer, file: _OpenedFile, params: lsp.DocumentOnTypeFormattingParams) -> Any:
    return formatting.format_typed(file.of, file.parsed, params.position, file.encoding)


def _selections(_server: PolicyServer, file: _OpenedFile, params: lsp.SelectionRangeParams) -> Any:
    return [outline.selections(file.parsed, file.offset(each), file.encoding) for each in params.positions]


def _actions(server: PolicyServer, file: _OpenedFile, params: lsp.CodeActionParams) -> Any:
    server.settle()
    return actions.code_actions(server.checker, file.of, file.parsed, params.range, file.encoding)


_OF_FILES: dict[str, tuple[_Answer, Any]] = {
    lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL: (_symbols, None),
    lsp.TEXT_DOCUMENT_FOLDING_RANGE: (_folds, None),
    lsp.TEXT_DOCUMENT_DOCUMENT_LINK: (_links, None),
    lsp.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL: (_tokens, highlighting.LEGEND),
    lsp.TEXT_DOCUMENT_INLAY_HINT: (_hints, None),
    lsp.TEXT_DOCUMENT_FORMATTING: (_format, None),
    lsp.TEXT_DOCUMENT_RANGE_FORMATTING: (_format_range, None),
    lsp.TEXT_DOCUMENT_ON_TYPE_FORMATTING: (_format_typed, lsp.DocumentOnTypeFormattingOptions("}")),
    lsp.TEXT_DOCUMENT_SELECTION_RANGE: (_selections, None),
    lsp.TEXT_DOCUMENT_CODE_ACTION: (
        _actions,
        lsp.CodeActionOptions([lsp.CodeActionKind.QuickFix, lsp.CodeActionKind.RefactorExtract]),
    ),
}


# --- about a place -------------------------------------------------------------------------------------------


def _hover(_server: PolicyServer, file: _OpenedFile, params: lsp.HoverParams) -> Any:
    rule = outline.rule_at(file.parsed, file.offset(params.position))
    if rule is not None:
        return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, describe.rule_page(rule) or ""))
    found = file.name(params.position)
    if found is None:
        return None
    text = describe.described(found.key, file.of.project, file.of.last_index)
    where = range_of(file.parsed.source, found.start, found.end, file.encoding)
    return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, text), where)


def _definition(_server: PolicyServer, file: _OpenedFile, params: lsp.DefinitionParams) -> Any:
    found = file.name(params.position)
    return None if found is None else navigation.definitions(file.of, found.key, file.encoding)


def _references(_server: PolicyServer, file: _OpenedFile, params: lsp.ReferenceParams) -> Any:
    found = file.name(params.position)
    whole = params.context.include_declaration
    return None if found is None else navigation.references(file.of, found.key, file.encoding, declarations=whole)


def _highlights(_server: PolicyServer, file: _OpenedFile, params: lsp.DocumentHighlightParams) -> Any:
    found = file.name(params.position)
    return None if found is None else navigation.highlights(file.of, file.parsed, found.key, file.encoding)


def _prepare(_server: PolicyServer, file: _OpenedFile, params: lsp.PrepareRenameParams) -> Any:
    found = file.name(params.position)
    if found is None:
        return None
    where = range_of(file.parsed.source, found.start, found.end, file.encoding)
    return lsp.PrepareRenamePlaceholder(where, found.key[2])


def _rename(server: PolicyServer, file: _OpenedFile, params: lsp.RenameParams) -> Any:
    found = file.name(params.position)
    if found is None:
        return None
    try:
        scenarios = server.folders.scenario_sources(file.of)
        changes = navigation.rename(file.of, found, params.new_name, file.encoding, scenarios)
        return lsp.WorkspaceEdit(changes=changes)
    except navigation.RenameError as error:
        raise JsonRpcInvalidParams(str(error)) from None


def _signature(_server: PolicyServer, file: _OpenedFile, params: lsp.SignatureHelpParams) -> Any:
    return hints.signature_help(file.of, file.parsed.source, file.offset(params.position))


_OF_PLACES: dict[str, tuple[_Answer, Any]] = {
    lsp.TEXT_DOCUMENT_HOVER: (_hover, None),
    lsp.TEXT_DOCUMENT_DEFINITION: (_definition, None),
    lsp.TEXT_DOCUMENT_REFERENCES: (_references, None),
    lsp.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT: (_highlights, None),
    lsp.TEXT_DOCUMENT_PREPARE_RENAME: (_prepare, None),
    lsp.TEXT_DOCUMENT_RENAME: (_rename, lsp.RenameOptions(prepare_provider=True)),
    lsp.TEXT_DOCUMENT_SIGNATURE_HELP: (_signature, lsp.SignatureHelpOptions(["(", ","])),
}


# --- the rest ------------------------------------------------------------------------------------------------


def _register_others(server: PolicyServer) -> None:
    @server.feature(lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions(_TRIGGERS, resolve_provider=True))
    def complete(params: lsp.CompletionParams) -> lsp.CompletionList | None:
        path = path_of(params.text_document.uri)
        source = None if path is None else server.folders.open_files.get(path)
        of = None if path is None else server.folders.set_of(path)
        if path is None or source is None or of is None:
            return None
        encoding = server.folders.open_files.encoding
        offset = offset_at(source, params.position, encoding)
        if is_scenario_file(path):
            return scenarios.complete(of, source, offset, encoding)
        return completion.complete(of, source, offset, encoding, snippets=_knows_snippets(server))

    @server.feature(lsp.COMPLETION_ITEM_RESOLVE)
    def resolve(item: lsp.CompletionItem) -> lsp.CompletionItem:
        root = item.data[-1] if isinstance(item.data, list) and item.data else None
        of = next((each for each in server.folders.sets if str(each.root) == root), None)
        return item if of is None else completion.resolve(of, item)

    @server.feature(lsp.WORKSPACE_SYMBOL)
    def symbols(params: lsp.WorkspaceSymbolParams) -> list[lsp.WorkspaceSymbol]:
        encoding = server.folders.open_files.encoding
        found = (each for of in server.folders.sets for each in outline.workspace_symbols(of, params.query, encoding))
        return [each for each, _ in zip(found, range(1000), strict=False)]

    @server.feature(lsp.TEXT_DOCUMENT_CODE_LENS)
    def lenses(params: lsp.CodeLensParams) -> list[lsp.CodeLens] | None:
        path = path_of(params.text_document.uri)
        if path is not None and is_scenario_file(path):
            return scenarios.lenses(server.checker, path)
        file = _opened(server, params.text_document.uri)
        return None if file is None else hints.code_lenses(file.of, file.parsed, file.encoding)


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
