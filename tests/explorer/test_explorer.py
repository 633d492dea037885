"""The explorer's server: who may ask it, what it answers, what it shows of changes, and what it keeps."""

from __future__ import annotations

import asyncio
import datetime
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from policylang.cli import explore as command
from policylang.cli.main import commands
from policylang.explorer.app import make_explorer
from policylang.explorer.gate import Gate
from policylang.explorer.keep import HEAD, NAME
from policylang.explorer.live import LiveSets
from policylang.output.page import Application, NotBuiltError

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
SET = """\
resource doc "Document" { owner : user  title : text  tags : set of text  actions view, modify }
policy own on doc { owner is assigned user }
role clerk "Clerk" { grant view, modify on doc  policy own }
user "ann" { assign role clerk }
user "ben"
"""
HERE = {"host": "127.0.0.1:4000", "origin": "http://127.0.0.1:4000"}
ASK = {"user": "ann", "action": "view", "resource": "doc", "record": {"owner": "ben"}}


@pytest.fixture
def live(tmp_path: Path) -> LiveSets:
    (tmp_path / "a.policy").write_text(SET, encoding="utf-8")
    made = LiveSets([str(tmp_path)], NOW)
    assert made.refresh()
    return made


class Client:
    """Asks the server in this process."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def get(self, path: str, **more: Any) -> httpx.Response:
        return asyncio.run(self._asked("GET", path, more))

    def post(self, path: str, **more: Any) -> httpx.Response:
        return asyncio.run(self._asked("POST", path, more))

    async def _asked(self, method: str, path: str, more: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:4000") as client:
            return await client.request(method, path, **more)


@pytest.fixture
def client(live: LiveSets) -> Client:
    app = Gate(make_explorer(Application("run()", "body {}"), live), "token", 4000)
    return Client(app)


def ask(client: Client, method: str, **params: Any) -> dict[str, Any]:
    asked = {"jsonrpc": "2.0", "id": 7, "method": f"policylang/{method}", "params": params}
    answer = client.post("/token/ask", json=asked, headers=HERE)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    assert (found["jsonrpc"], found["id"]) == ("2.0", 7)
    result: dict[str, Any] = found["result"]
    return result


# --- who may ask ---------------------------------------------------------------------------------------------


def test_the_page_loads_nothing_from_elsewhere(client: Client) -> None:
    for path in ("", "app.js", "app.css", "editor.js", "data"):
        answer = client.get(f"/token/{path}")
        assert answer.status_code == 200
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; ")
        assert "unsafe" not in policy
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["/", "/data", "/wrong/", "/wrong/data", "/toke/data", "/tokens/data", "//data", "/token"]
)
def test_without_the_token_there_is_nothing(client: Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, "clerk" in answer.text) == (404, False)


@pytest.mark.parametrize("host", ["evil.test", "evil.test:4000", "127.0.0.1", "127.0.0.1:4001", "localhost:4000.x"])
def test_another_host_is_refused(client: Client, host: str) -> None:
    assert client.get("/token/data", headers={"host": host}).status_code == 400


@pytest.mark.parametrize("origin", ["http://evil.test", "null", "https://127.0.0.1:4000", "http://localhost:4000"])
def test_another_page_is_refused(client: Client, origin: str) -> None:
    assert client.get("/token/data", headers={"origin": origin}).status_code == 403
    assert client.post("/token/ask", json={"params": {}}, headers={"origin": origin}).status_code == 403


def test_forms_of_other_pages_are_refused(client: Client) -> None:
    body = json.dumps({"method": "policylang/explain", "params": ASK})
    assert client.post("/token/ask", content=body).status_code == 403
    plain = {**HERE, "content-type": "text/plain"}
    assert client.post("/token/ask", content=body, headers=plain).status_code == 403


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"params": 1}', "{", '{"method": "x"}', "\x00", "[" * 9999])
def test_what_is_no_question(client: Client, body: str) -> None:
    headers = {**HERE, "content-type": "application/json"}
    assert client.post("/token/ask", content=body, headers=headers).status_code == 400


def test_a_question_has_a_size(client: Client) -> None:
    headers = {**HERE, "content-type": "application/json"}
    assert client.post("/token/ask", content=" " * 1_000_001, headers=headers).status_code == 413


# --- what it answers -----------------------------------------------------------------------------------------


def test_a_decision_is_explained(client: Client) -> None:
    found = ask(client, "explain", **ASK)
    assert (found["allowed"], found["now"]) == (False, "2026-11-21T12:00:00Z")
    assert found["text"].startswith("denied: ann may not view this doc")
    assert [each["kind"] for each in found["explanation"]["smallest_change"]] == ["record"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"set": 1}, "there is no such policy set"),
        ({"set": "x"}, "there is no such policy set"),
        ({"user": 1}, "`user` must be a text"),
        ({"record": []}, "`record` must be an object"),
        ({"now": "today"}, "now"),
    ],
)
def test_why_there_is_no_answer(client: Client, changed: dict[str, Any], said: str) -> None:
    assert said in ask(client, "explain", **{**ASK, **changed})["error"]


def test_an_unknown_request(client: Client) -> None:
    assert ask(client, "nothing") == {"error": "there is no request `policylang/nothing`"}


# --- changes -------------------------------------------------------------------------------------------------


def test_changes_are_shown_and_mistakes_keep_what_was_there(live: LiveSets, tmp_path: Path) -> None:
    assert not live.refresh()
    before = live.shown
    (tmp_path / "a.policy").write_text(SET + "role {", encoding="utf-8")
    assert live.refresh()
    assert live.shown.problem is not None
    assert "PL100" in live.shown.problem.message
    assert (live.shown.documents, live.shown.version) == (before.documents, before.version + 1)
    (tmp_path / "a.policy").write_text(SET + 'role guest "Guest"', encoding="utf-8")
    assert live.refresh()
    assert live.shown.problem is None
    assert b"Guest" in live.shown.documents


# --- keep as test --------------------------------------------------------------------------------------------


def test_kept_decisions_are_scenario_tests(client: Client, tmp_path: Path) -> None:
    assert ask(client, "keep", **ASK) == {"path": str(tmp_path / NAME), "allowed": False}
    ask(client, "keep", **ASK)
    ask(client, "keep", **{**ASK, "record": {"owner": "ann", "title": "on: \u2028# 🔑", "tags": ["a", "b"]}})
    ask(client, "keep", **{**ASK, "action": "modify", "record": {"owner": "ann"}, "changes": {"title": "x"}})
    result = CliRunner().invoke(commands, ["test", str(tmp_path)])
    assert (result.exit_code, result.output) == (0, "3 passed, 0 failed in 1 file\n")


def test_a_file_of_somebody_else_stays(client: Client, tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("tests: []\n", encoding="utf-8")
    assert ask(client, "keep", **ASK) == {"error": f"{NAME} was written by somebody else: rename it"}
    (tmp_path / NAME).write_text(HEAD + "tests: [", encoding="utf-8")
    assert "cannot be read" in ask(client, "keep", **ASK)["error"]
    assert (tmp_path / NAME).read_text(encoding="utf-8") == HEAD + "tests: ["


@pytest.mark.parametrize(
    "body",
    [
        "records:\n",
        "records: []\n",
        "records: {a: 1}\n",
        "tests:\n",
        "tests: {}\n",
        "tests: [1]\n",
        "policies: ..\n",
        "users: {}\n",
        "- 1\n",
    ],
)
def test_a_file_that_was_edited_stays(client: Client, tmp_path: Path, body: str) -> None:
    """Where it has no longer the form in which it was written, which would lose what somebody wrote."""
    (tmp_path / NAME).write_text(HEAD + body, encoding="utf-8")
    assert ask(client, "keep", **ASK) == {"error": f"{NAME} was edited, and cannot be added to: rename it"}
    assert (tmp_path / NAME).read_text(encoding="utf-8") == HEAD + body


def test_a_link_out_is_not_followed(client: Client, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("home")
    for folder in (tmp_path, home):
        (folder / ".git").mkdir()
    (tmp_path / NAME).symlink_to(home / "precious.yaml")
    assert "error" in ask(client, "keep", **ASK)
    assert not (home / "precious.yaml").exists()


@pytest.mark.parametrize("value", [{"id": "ann"}, [{"id": "ann"}], [["a"], [{"id": "ann"}]]])
def test_records_inside_records_are_refused(client: Client, tmp_path: Path, value: Any) -> None:
    """In a set as well: the file would be one that no test runs of."""
    found = ask(client, "keep", **{**ASK, "record": {"owner": value}})
    assert not (tmp_path / NAME).exists()
    assert found == {"error": "a record inside a record cannot be kept: write the test by hand"}


# --- the editor ----------------------------------------------------------------------------------------------


def written(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "a.policy"
    path.write_bytes(content)
    return path


def test_the_files_of_the_set(client: Client, live: LiveSets, tmp_path: Path) -> None:
    """Those with mistakes too: they are to be mended there."""
    path = written(tmp_path, b"role {")
    assert live.refresh()
    assert ask(client, "files") == {"files": [{"path": str(path), "uri": path.as_uri()}]}
    assert ask(client, "open", path=str(path))["text"] == "role {"


def test_saving_writes_the_file(client: Client, tmp_path: Path) -> None:
    path = str(tmp_path / "a.policy")
    found = ask(client, "open", path=path)
    assert found["text"] == SET
    saved = ask(client, "save", path=path, text=SET + "role guest\n", digest=found["digest"])
    assert (tmp_path / "a.policy").read_text(encoding="utf-8") == SET + "role guest\n"
    assert saved == {"digest": ask(client, "open", path=path)["digest"]}


def test_what_changed_on_the_disk_is_not_overwritten(client: Client, tmp_path: Path) -> None:
    path = written(tmp_path, SET.encode())
    found = ask(client, "open", path=str(path))
    path.write_text("role theirs\n", encoding="utf-8")
    assert ask(client, "save", path=str(path), text="role mine\n", digest=found["digest"]) == {"changed": True}
    assert path.read_text(encoding="utf-8") == "role theirs\n"


def test_line_ends_and_the_byte_order_mark_stay(client: Client, tmp_path: Path) -> None:
    path = written(tmp_path, b"\xef\xbb\xbfrole a\r\nrole b\r\n")
    found = ask(client, "open", path=str(path))
    assert found["text"] == "role a\nrole b\n"
    assert "digest" in ask(client, "save", path=str(path), text="role a\nrole c\n", digest=found["digest"])
    assert path.read_bytes() == b"\xef\xbb\xbfrole a\r\nrole c\r\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"role a\r\nrole b\n", "its lines end in different ways: `policylang fmt` makes them alike"),
        (b"role \xff", "not UTF-8: the byte 0xff cannot be read"),
    ],
)
def test_files_that_cannot_be_edited(client: Client, tmp_path: Path, content: bytes, said: str) -> None:
    path = written(tmp_path, content)
    assert ask(client, "open", path=str(path)) == {"error": said}


@pytest.mark.parametrize("path", ["/etc/passwd", "../a.policy", "", 1, None])
def test_other_files_are_neither_read_nor_written(client: Client, path: Any) -> None:
    assert "error" in ask(client, "open", path=path)
    assert "error" in ask(client, "save", path=path, text="", digest="")


def test_a_read_only_file_stays(client: Client, tmp_path: Path) -> None:
    path = written(tmp_path, SET.encode())
    digest = ask(client, "open", path=str(path))["digest"]
    path.chmod(0o444)
    assert ask(client, "save", path=str(path), text="", digest=digest) == {"error": "is read-only"}
    assert path.read_bytes() == SET.encode()


def talked(client: Client, headers: dict[str, str], *messages: Any) -> tuple[list[dict[str, Any]], int | None]:
    """What the language server answers to requests, and the code with which it closes if it does."""

    async def over() -> tuple[list[dict[str, Any]], int | None]:
        come: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        gone: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        named = [(name.encode(), value.encode()) for name, value in {"host": HERE["host"], **headers}.items()]
        scope = {"type": "websocket", "path": "/token/lsp", "headers": named, "query_string": b"", "subprotocols": []}
        run = asyncio.create_task(client.app(scope, come.get, gone.put))
        come.put_nowait({"type": "websocket.connect"})
        answers: list[dict[str, Any]] = []
        code = None
        for message in messages:
            text = message if isinstance(message, str) else json.dumps({"jsonrpc": "2.0", **message})
            come.put_nowait({"type": "websocket.receive", "text": text})
        while code is None and len(answers) < sum("id" in each for each in messages):
            said = await asyncio.wait_for(gone.get(), 20)
            code = said.get("code")
            if "text" in said and "id" in (found := json.loads(said["text"])):
                answers.append(found)
        come.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await run
        return answers, code

    return asyncio.run(over())


START = {"id": 1, "method": "initialize", "params": {"capabilities": {}, "rootUri": "file:///etc"}}
STARTED = {"method": "initialized", "params": {}}


def test_the_language_server_looks_at_what_is_shown(client: Client) -> None:
    """Whatever folder the page names."""
    asked = {"id": 2, "method": "policylang/access", "params": {"user": "ann"}}
    (start, access), code = talked(client, HERE, START, STARTED, asked)
    assert start["result"]["serverInfo"]["name"] == "policylang"
    assert {each["action"] for each in access["result"]["access"]} == {"view", "modify"}
    assert code is None


def test_a_page_opens_no_other_folders(client: Client, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / "b.policy").write_text('user "zoe"\n', encoding="utf-8")
    uri = (other / "b.policy").as_uri()
    added = {"event": {"added": [{"uri": other.as_uri(), "name": "other"}], "removed": []}}
    document = {"uri": uri, "languageId": "policylang", "version": 0, "text": ""}
    asked = {"id": 2, "method": "policylang/access", "params": {"uri": uri, "user": "zoe"}}
    messages = (
        {"method": "workspace/didChangeWorkspaceFolders", "params": added},
        {"method": "textDocument/didOpen", "params": {"textDocument": document}},
        asked,
    )
    (_, access), _ = talked(client, HERE, START, STARTED, *messages)
    assert access["result"] == {"error": "there is no policy set here"}


@pytest.mark.parametrize("text", ["{", "[]", "1", "{}", '"x"', "[" * 100_000, '{"jsonrpc": "2.0", "method": 5}'])
def test_what_is_no_message_ends_the_connection(client: Client, text: str) -> None:
    assert talked(client, HERE, text, START) == ([], 1007)


@pytest.mark.parametrize(
    "headers", [{}, {"origin": "http://evil.test"}, {"origin": "null"}, {**HERE, "host": "evil.test"}]
)
def test_other_pages_do_not_talk_to_the_language_server(client: Client, headers: dict[str, str]) -> None:
    assert talked(client, headers, START) == ([], 1008)


# --- the command ---------------------------------------------------------------------------------------------


def test_it_starts_with_policies_without_mistakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "application", lambda: Application("", ""))
    (tmp_path / "a.policy").write_text("role {", encoding="utf-8")
    result = CliRunner().invoke(commands, ["explore", str(tmp_path), "--no-browser"])
    assert result.exit_code == 2
    assert "PL100" in result.stderr


def test_without_the_application(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Application:
        raise NotBuiltError

    monkeypatch.setattr(command, "application", missing)
    result = CliRunner().invoke(commands, ["explore", "--no-browser"])
    assert result.exit_code == 2
    assert "explore: the web application is not built" in result.stderr
