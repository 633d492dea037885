"""The language server inside a page: it looks at sources, and the page tells what the rules found."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from policylang.editor.page import PageServer
from policylang.explorer.live import LiveSets
from policylang.pipelines.findings import Result

SET = """\
resource doc "Document" { created : datetime  actions view }
policy recent "Recent" on doc { created within 30 days }
policy old "Old" on doc { created older than 60 days }
group archive "Archive" { grant view on doc  policy recent  policy old }
"""


class Page:
    """Checks a text, as the playground does, and talks to the server."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "play.policy"
        self.said: list[dict[str, Any]] = []
        self.results: list[Result] = []
        self.server = PageServer(folder, lambda text: self.said.append(json.loads(text)))
        self.live = LiveSets([str(folder)], None, found=self.results.append)

    def send(self, method: str, params: Any) -> None:
        self.server.receive(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}))

    def open(self, text: str) -> None:
        self.ask("initialize", {"capabilities": {}, "rootUri": "file:///elsewhere"})
        self.send("initialized", {})
        document = {"uri": self.file.as_uri(), "languageId": "policylang", "version": 0, "text": text}
        self.send("textDocument/didOpen", {"textDocument": document})

    def change(self, text: str) -> None:
        document = {"uri": self.file.as_uri(), "version": 1}
        self.send("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})

    def check(self, text: str) -> None:
        self.file.write_text(text, encoding="utf-8")
        self.live.refresh()
        self.server.found(self.results[-1])

    def ask(self, method: str, params: Any) -> Any:
        self.server.receive(json.dumps({"jsonrpc": "2.0", "id": method, "method": method, "params": params}))
        return next(each["result"] for each in reversed(self.said) if each.get("id") == method)

    def codes(self) -> list[str]:
        """What stands in the file, as it was told last."""
        told = [each for each in self.said if each.get("method") == "textDocument/publishDiagnostics"]
        return [found["code"] for found in told[-1]["params"]["diagnostics"]] if told else []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "play.policy").write_text(SET, encoding="utf-8")
    return tmp_path


def test_what_the_rules_found_is_told(folder: Path) -> None:
    async def played() -> None:
        page = Page(folder)
        page.check(SET)
        page.open(SET)
        assert "PL201" in page.codes()
        page.change(SET.replace("policy old }", "}"))
        page.check(SET.replace("policy old }", "}"))
        await asyncio.sleep(0)
        assert "PL201" not in page.codes()
        page.change("role {\n")
        await asyncio.sleep(0.05)
        assert page.codes() == ["PL100"]

    asyncio.run(played())


def test_what_was_found_in_another_text_is_not(folder: Path) -> None:
    async def played() -> None:
        page = Page(folder)
        page.open("# nothing\n")
        page.check(SET)
        await asyncio.sleep(0.05)
        assert page.codes() == []

    asyncio.run(played())


def test_hover_and_completion(folder: Path) -> None:
    async def played() -> None:
        page = Page(folder)
        page.open(SET)
        at = {"textDocument": {"uri": page.file.as_uri()}, "position": {"line": 3, "character": 54}}
        assert "Recent" in page.ask("textDocument/hover", at)["contents"]["value"]
        offered = page.ask("textDocument/completion", {**at, "position": {"line": 3, "character": 32}})
        assert "view" in [each["label"] for each in offered["items"]]

    asyncio.run(played())
