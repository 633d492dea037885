"""A small editor: starts the real server as a program, and talks to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parents[2]
NOW = "2026-11-21T12:00:00Z"
_PATIENCE = 60.0


class Client:
    """One editor with one server. Requests wait for their answer; what the server tells by itself is gathered."""

    def __init__(self, folder: Path, encoding: str = "utf-16", **capabilities: Any) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-P", "-m", "policylang", "lsp"]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, cwd=folder
        )
        self.folder = folder
        self.diagnostics: dict[str, list[dict[str, Any]]] = {}
        self.versions: dict[str, int] = {}
        self.told = 0
        self.messages: list[dict[str, Any]] = []
        self._answers: dict[int, dict[str, Any]] = {}
        self._changed = threading.Condition()
        self._number = 0
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()
        self.capabilities = self.request(
            "initialize",
            processId=None,
            rootUri=folder.as_uri(),
            workspaceFolders=[{"uri": folder.as_uri(), "name": folder.name}],
            capabilities={"general": {"positionEncodings": [encoding]}, **capabilities},
            initializationOptions={"now": NOW},
        )["capabilities"]
        self.notify("initialized")

    # --- messages

    def notify(self, method: str, **params: Any) -> None:
        self._send({"jsonrpc": "2.0", "method": method, "params": params})

    def request(self, method: str, **params: Any) -> Any:
        """The answer; raises what the server answers with an error."""
        self._number += 1
        number = self._number
        self._send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        with self._changed:
            if not self._changed.wait_for(lambda: number in self._answers, _PATIENCE):
                raise TimeoutError(method)
            answer = self._answers.pop(number)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["result"]

    def _send(self, message: dict[str, Any]) -> None:
        data = json.dumps(message).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        self.process.stdin.flush()

    def _listen(self) -> None:
        stream: Any = self.process.stdout
        while header := stream.readline():
            length = int(header.split(b":")[1])
            while stream.readline().strip():
                pass
            self._take(json.loads(stream.read(length)))

    def _take(self, message: dict[str, Any]) -> None:
        with self._changed:
            if "method" not in message:
                self._answers[message["id"]] = message
            elif message["method"] == "textDocument/publishDiagnostics":
                self.told += 1
                self.diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
            elif "id" in message:
                self._send({"jsonrpc": "2.0", "id": message["id"], "result": None})
                self.messages.append(message)
            else:
                self.messages.append(message)
            self._changed.notify_all()

    # --- files

    def uri(self, name: str) -> str:
        return (self.folder / name).as_uri()

    def open(self, name: str, text: str | None = None) -> None:
        if text is None:
            text = (self.folder / name).read_bytes().decode()
        self.versions[name] = 1
        document = {"uri": self.uri(name), "languageId": "policylang", "version": 1, "text": text}
        self.notify("textDocument/didOpen", textDocument=document)

    def change(self, name: str, text: str, range: Any = None) -> None:
        """Put a text in place of a range, or of everything."""
        self.versions[name] += 1
        change = {"text": text} if range is None else {"text": text, "range": range}
        document = {"uri": self.uri(name), "version": self.versions[name]}
        self.notify("textDocument/didChange", textDocument=document, contentChanges=[change])

    def close(self, name: str) -> None:
        self.notify("textDocument/didClose", textDocument={"uri": self.uri(name)})

    def ask(self, method: str, name: str, line: int | None = None, character: int = 0, **params: Any) -> Any:
        """A request about a file, or a place in it."""
        if line is not None:
            params["position"] = {"line": line, "character": character}
        return self.request(f"textDocument/{method}", textDocument={"uri": self.uri(name)}, **params)

    def settled(self) -> dict[str, list[tuple[int, str]]]:
        """Line and code of all findings by file, once everything is proved."""
        assert self.request("policylang/settled") is True
        root = self.folder.as_uri() + "/"
        return {
            uri.removeprefix(root): sorted((each["range"]["start"]["line"], str(each.get("code"))) for each in found)
            for uri, found in sorted(self.diagnostics.items())
            if found
        }

    def wait_for(self, condition: Any, seconds: float = _PATIENCE) -> None:
        with self._changed:
            if not self._changed.wait_for(condition, seconds):
                raise TimeoutError

    def stop(self) -> int:
        """End the server; its exit code."""
        self.request("shutdown")
        self.notify("exit")
        return self.process.wait(20)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.process.kill()
        self._listener.join()
        with self.process:
            pass


def at(text: str, mark: str, behind: bool = False) -> dict[str, int]:
    """The position of a mark in an ASCII text, or of its end."""
    offset = text.index(mark) + (len(mark) if behind else 0)
    before = text[:offset]
    return {"line": before.count("\n"), "character": offset - (before.rfind("\n") + 1)}
