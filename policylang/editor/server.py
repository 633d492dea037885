"""The language server: what editors send goes to the features, and what was found goes back."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, lsp_method

from policylang import __version__
from policylang.editor.checking import LiveChecker
from policylang.editor.diagnostics import NAME, DiagnosticsByFile
from policylang.editor.folders import Folders, folders_of
from policylang.model.types import DateTimeType
from policylang.runtime.values import BadValueError, read
from policylang.settings.config import FILE_NAMES

_WATCHED = ("policy", "yaml", "yml", "csv", "json", "parquet")
_SOON = 0.002
"""Seconds in which several changes count as one."""


class _Texts:
    """A connection that takes whole messages."""

    def __init__(self, send: Callable[[str], Any]) -> None:
        self._send = send

    def write(self, data: bytes) -> Any:
        return self._send(data.decode())

    def close(self) -> None:
        pass


class _FileProtocol(LanguageServerProtocol):
    """How files reach the server: its own are in the place of those of pygls, which counts lines as Python does, and
    ends them at characters that end no line in an editor too.
    """

    @lsp_method(lsp.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: lsp.DidOpenTextDocumentParams) -> None:
        server: Any = self._server
        server.opened(params.text_document.uri, params.text_document.text)

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: lsp.DidChangeTextDocumentParams) -> None:
        server: Any = self._server
        server.changed(params.text_document.uri, list(params.content_changes))

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: lsp.DidCloseTextDocumentParams) -> None:
        server: Any = self._server
        server.closed(params.text_document.uri)


class PolicyServer(LanguageServer):
    """One server for one editor."""

    def __init__(self, only: Sequence[Path] | None = None, checking: type[LiveChecker] = LiveChecker) -> None:
        """``only``: the folders and files to look at, whatever the editor opens. ``checking``: what runs the rules."""
        super().__init__(NAME, __version__, protocol_cls=_FileProtocol, max_workers=2)
        self.folders = Folders()
        self.checker = checking(self.folders, self.publish_soon, self._failed)
        self._only = only
        self._loop: asyncio.AbstractEventLoop | None = None
        self._due: asyncio.TimerHandle | None = None
        self._published: DiagnosticsByFile = {}
        self._is_connected = False

    def talk(self, send: Callable[[str], Any]) -> Callable[[str], None]:
        """Send messages by a function of the text, and give back what takes those that come. It raises ValueError for
        what is no message.
        """
        self.protocol.set_writer(_Texts(send), include_headers=False)

        def received(text: str) -> None:
            try:
                message = json.loads(text, object_hook=self.protocol.structure_message)
            except (RecursionError, KeyError, JsonRpcException) as error:
                raise ValueError(str(error)) from None
            if not hasattr(message, "jsonrpc"):
                raise ValueError("this is no message")
            self.protocol.handle_message(message)

        return received

    def connected(self) -> bool:
        """Note that an editor is there; true where one was already."""
        before, self._is_connected = self._is_connected, True
        return before

    # --- what the editor sends

    def begin(self, params: lsp.InitializeParams) -> None:
        """Take the options over; folders are read when the editor is ready."""
        self._loop = asyncio.get_running_loop()
        self.folders.open_files.encoding = self.workspace.position_encoding or lsp.PositionEncodingKind.Utf16
        given = params.initialization_options
        now = given.get("now") if isinstance(given, dict) else None
        try:
            self.checker.now = read(DateTimeType(), now, "now") if isinstance(now, str) else None
        except BadValueError:
            self.checker.now = None

    def read_folders(self) -> None:
        """Read the folders that are open."""
        if self._only is not None:
            self.folders.look_at(self._only)
        else:
            for folder in folders_of(list(self.workspace.folders) or [self.workspace.root_uri]):
                self.folders.add(folder)
        self.look()
        self._watch()

    def _watch(self) -> None:
        """Ask the editor to tell of files that change on the disk."""
        workspace = self.client_capabilities.workspace
        known = workspace and workspace.did_change_watched_files
        if not (known and known.dynamic_registration):
            return
        watchers = [lsp.FileSystemWatcher(f"**/*.{{{','.join(_WATCHED)}}}")]
        options = lsp.DidChangeWatchedFilesRegistrationOptions(watchers)
        asked = lsp.Registration("files", lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
        self.client_register_capability(lsp.RegistrationParams([asked]))

    def change_folders(self, params: lsp.DidChangeWorkspaceFoldersParams) -> None:
        """Look at other folders from now on."""
        for folder in folders_of(each.uri for each in params.event.removed):
            self.folders.remove(folder)
        for folder in folders_of(each.uri for each in params.event.added):
            self.folders.add(folder)
        self.look()

    def opened(self, uri: str, text: str) -> None:
        """A file was opened."""
        self._assigned(self.folders.open_files.open(uri, text))

    def changed(self, uri: str, changes: list[lsp.TextDocumentContentChangeEvent]) -> None:
        """An open file was changed."""
        path = self.folders.open_files.change(uri, changes)
        if path is not None:
            self._configured(path)
            self._look_soon()

    def closed(self, uri: str) -> None:
        """A file was closed."""
        self._assigned(self.folders.open_files.close(uri))

    def _assigned(self, path: Path | None) -> None:
        if path is not None:
            self.folders.assign()
            self._configured(path)
            self.look()

    def _configured(self, path: Path) -> None:
        if path.name in FILE_NAMES and self.folders.configure(path):
            self.folders.read()

    def reread(self) -> None:
        """Files on the disk have changed."""
        self.folders.read()
        self.look()

    # --- what goes back

    def look(self) -> None:
        """Tell of mistakes in the sources, and have everything else proved."""
        if self._due is not None:
            self._due.cancel()
            self._due = None
        self.checker.sources()
        self._publish()
        self.checker.prove()

    def settle(self) -> None:
        """What was typed and not looked at yet is looked at now."""
        if self._due is not None:
            self.look()

    def _look_soon(self) -> None:
        self.checker.interrupt()
        if self._loop is None:
            self.look()
            return
        if self._due is not None:
            self._due.cancel()
        self._due = self._loop.call_later(_SOON, self.look)

    def publish_soon(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._proved)

    def _proved(self) -> None:
        self._publish()
        workspace = self.client_capabilities.workspace
        if workspace and workspace.code_lens and workspace.code_lens.refresh_support:
            self.workspace_code_lens_refresh(None)

    def _publish(self) -> None:
        found = self.checker.diagnostics()
        open_files = self.folders.open_files
        for path in sorted({*found, *self._published}):
            now = found.get(path, [])
            if now != self._published.get(path, []):
                self._send(path, now, open_files.uri(path))
        self._published = {path: made for path, made in found.items() if made}

    def _send(self, path: Path, made: list[lsp.Diagnostic], uri: str) -> None:
        if path.suffix or made:
            self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, made))

    def _failed(self, error: Exception) -> None:
        print(f"policylang: a mistake in policylang: {error!r}", file=sys.stderr)  # noqa: T201

    def shutdown(self) -> None:
        """End everything."""
        self.checker.close()
        super().shutdown()  # type: ignore[no-untyped-call]


class _NoRefusals(logging.Filter):
    """Keeps out of the log what an editor was refused: it has the answer, and nothing is wrong here."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.exc_info is None or not isinstance(record.exc_info[1], JsonRpcException)


_NO_REFUSALS = _NoRefusals()


def make_server(only: Sequence[Path] | None = None, checking: type[LiveChecker] = LiveChecker) -> PolicyServer:
    """A server with all features."""
    server = PolicyServer(only, checking)
    logging.getLogger("pygls.protocol.json_rpc").addFilter(_NO_REFUSALS)

    @server.feature(lsp.INITIALIZE)
    def initialize(params: lsp.InitializeParams) -> None:
        server.begin(params)

    @server.feature(lsp.INITIALIZED)
    def initialized(_params: Any) -> None:
        server.read_folders()

    @server.feature(lsp.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def folders_changed(params: lsp.DidChangeWorkspaceFoldersParams) -> None:
        server.change_folders(params)

    @server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
    def saved(_params: lsp.DidSaveTextDocumentParams) -> None:
        server.reread()

    @server.feature(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def watched(_params: lsp.DidChangeWatchedFilesParams) -> None:
        server.reread()

    from policylang.editor.features import register

    register(server)
    return server
