"""How files reach the server: pygls, with our own files in the place of its own.

pygls counts lines as Python does, which also ends them at characters that end no line in an editor.
"""

from __future__ import annotations

from typing import Any

from lsprotocol import types as lsp
from pygls.protocol import LanguageServerProtocol, lsp_method


class FileProtocol(LanguageServerProtocol):
    """The server has `opened`, `changed` and `closed`."""

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
