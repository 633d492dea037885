"""The server as a program: mistakes appear and go, files of every kind, and nothing in a folder is run."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.editor.client import ROOT, Client, at

FILE = "company.policy"
BROKEN = "role broken { grnt view on customer }\n"


def text_of(client: Client, name: str = FILE) -> str:
    return (client.folder / name).read_text(encoding="utf-8")


def test_mistakes_appear_while_typing_and_go(client: Client) -> None:
    text = text_of(client)
    client.open(FILE)
    assert client.settled() == {}
    lines = text.count("\n")
    end = {"line": lines, "character": 0}
    client.change(FILE, BROKEN, {"start": end, "end": end})
    assert client.settled() == {FILE: [(lines, "PL100")]}
    (found,) = client.diagnostics[client.uri(FILE)]
    assert found["source"] == "policylang"
    assert found["codeDescription"]["href"].endswith("PL100.md")
    client.change(FILE, text)
    assert client.settled() == {}


def test_proofs_follow(client: Client) -> None:
    text = text_of(client)
    client.open(FILE)
    client.change(FILE, text + 'policy nothing "Nothing" on customer { status is lead and status is active }\n')
    found = dict(client.settled()[FILE])
    assert {"PL203", "PL702"} & set(found.values())
    unused = [each for each in client.diagnostics[client.uri(FILE)] if each["code"] == "PL702"]
    assert [each["tags"] for each in unused] == [[1]]
    client.change(FILE, text)
    assert client.settled() == {}


def test_findings_stay_with_their_lines_until_they_are_proved_anew(client: Client) -> None:
    text = text_of(client)
    client.open(FILE)
    client.change(FILE, text + 'policy unused "Unused" on customer { status is lead }\n')
    (line,) = (line for line, code in client.settled()[FILE] if code == "PL702")
    top = {"line": 0, "character": 0}
    for number, typed in enumerate(("# one\n", "# two\n", "role { }\n", "# three\n"), 1):
        client.change(FILE, typed, {"start": top, "end": top})
        client.request("policylang/settled", sources=True)
        found = client.diagnostics[client.uri(FILE)]
        unused = [each["range"]["start"]["line"] for each in found if each["code"] == "PL702"]
        assert unused == ([line + number] if number < 3 else []), "while there is a mistake, that alone is shown"
    client.change(FILE, "", {"start": {"line": 1, "character": 0}, "end": {"line": 2, "character": 0}})
    client.request("policylang/settled", sources=True)
    found = client.diagnostics[client.uri(FILE)]
    assert [each["range"]["start"]["line"] for each in found if each["code"] == "PL702"] == [line + 3]
    client.change(FILE, text)
    assert client.settled() == {}


def test_a_file_by_itself_is_looked_at_alone(tmp_path: Path) -> None:
    (tmp_path / "opened").mkdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "other.policy").write_text("role broken {\n")
    with Client(tmp_path / "opened", workspace={"didChangeWatchedFiles": {"dynamicRegistration": True}}) as client:
        client.open("../elsewhere/alone.policy", "resource doc { actions veiw }\nrole r { grant view on doc }\n")
        found = {uri.rsplit("/", 1)[1] for uri in client.settled()}
        assert found == {"alone.policy"}
        assert "client/registerCapability" in [each["method"] for each in client.messages]


def test_places_that_belong_to_it(client: Client) -> None:
    text = text_of(client)
    client.open(FILE)
    client.change(FILE, text + 'role twice "Twice"\nrole twice "Twice"\n')
    client.settled()
    (found,) = (each for each in client.diagnostics[client.uri(FILE)] if each["code"] == "PL102")
    (other,) = found["relatedInformation"]
    assert other["location"]["uri"] == client.uri(FILE)
    assert other["location"]["range"]["start"]["line"] == found["range"]["start"]["line"] - 1
    client.change(FILE, text)


def test_a_new_file_counts_before_it_is_saved(client: Client) -> None:
    client.open("new.policy", 'role helper "Helper" { grant veiw on customer }\n')
    assert client.settled() == {"new.policy": [(0, "PL101")]}
    client.close("new.policy")
    assert client.settled() == {}


def test_scenarios_that_fail(client: Client) -> None:
    name = "company.test.yaml"
    text = text_of(client, name)
    client.open(name)
    assert client.settled() == {}
    client.change(name, text.replace("deny:  {view: [no_rep]", "allow: {view: [no_rep]", 1))
    line = at(text, "deny:  {view: [no_rep]")["line"]
    assert set(client.settled()[name]) == {(line, "scenario")}
    client.change(name, text.replace("now:", "nwo:", 1))
    assert [code for _, code in client.settled()[name]] == ["None"]
    client.change(name, text)
    assert client.settled() == {}


def test_scenarios_follow_the_policies(client: Client) -> None:
    text = text_of(client)
    client.open(FILE)
    client.change(FILE, text.replace("created within age", "created older than age", 1))
    assert "company.test.yaml" in client.settled()
    client.change(FILE, text)
    assert client.settled() == {}


def test_scenarios_go_with_their_set(folder: Path) -> None:
    shutil.copytree(folder, folder.parent / "other")
    failing = (folder / "company.test.yaml").read_text().replace("deny:  {view: [no_rep]", "allow: {view: [no_rep]", 1)
    with Client(folder.parent) as client:
        (folder / "company.test.yaml").write_text(failing)
        changed = [{"uri": client.uri("set"), "type": 2}]
        client.notify("workspace/didChangeWatchedFiles", changes=changed)
        assert list(client.settled()) == ["set/company.test.yaml"]
        shutil.rmtree(folder)
        client.notify("workspace/didChangeWatchedFiles", changes=changed)
        assert client.settled() == {}
        client.open("set/company.test.yaml", "now: [broken\n")
        assert list(client.settled()) == ["set/company.test.yaml"]


def test_the_configuration(client: Client) -> None:
    client.open("policylang.yaml", 'roots: ["."]\nseverites: {}\n')
    assert [line for line, _ in client.settled()["policylang.yaml"]] == [1]
    client.close("policylang.yaml")
    assert client.settled() == {}


def test_the_configuration_counts_while_it_is_written(folder: Path) -> None:
    name = "policylang.yaml"
    unused = 'policy unused "Unused" on customer { status is lead }\n'
    (folder / FILE).write_text((folder / FILE).read_text() + unused)
    (folder / name).write_text('roots: ["."]\n')
    with Client(folder) as client:
        assert [code for _, code in client.settled()[FILE]] == ["PL702"]
        client.open(name)
        client.change(name, 'roots: ["."]\nseverities: {PL702: off}\n')
        assert client.settled() == {}
        client.change(name, 'roots: ["."]\nseverities: {PL702: of\n')
        assert list(client.settled()) == [name], "while it cannot be read, what could be read last counts"
        client.change(name, 'roots: ["."]\ndirectory: [people.csv]\n')
        assert "cannot be read" in str(client.settled() and client.diagnostics)
        client.close(name)
        assert [code for _, code in client.settled()[FILE]] == ["PL702"]


def test_people_from_a_directory(folder: Path) -> None:
    (folder / "policylang.yaml").write_text('roots: ["."]\ndirectory: [people.csv]\n')
    (folder / "people.csv").write_text("id,role\nann,nobody_has_it\n")
    with Client(folder) as client:
        assert client.settled()["people.csv"] == [(1, "PL101")]
        client.open("people.csv")
        client.change("people.csv", "id,role\nann,sales_rep\n")
        assert "people.csv" not in client.settled()
        assert client.stop() == 0


def test_nothing_in_a_folder_is_run(folder: Path) -> None:
    ran = folder / "ran"
    code = f"open({str(ran)!r}, 'w')\n"
    for name in ("policylang.py", "pygls.py", "lsprotocol.py", "sitecustomize.py", "conftest.py"):
        (folder / name).write_text(code)
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    (folder / ".git" / "config").write_text(f"[core]\n\tfsmonitor = touch {ran}\n\tpager = touch {ran}\n")
    with Client(folder) as client:
        client.open(FILE)
        assert client.settled() == {}
        assert client.stop() == 0
    assert not ran.exists()


@pytest.mark.parametrize("option", ["--tcp", "--websocket"])
def test_other_machines_are_not_served(option: str) -> None:
    command = [sys.executable, "-m", "policylang", "lsp", option, "0", "--host", "0.0.0.0"]
    run = subprocess.run(command, capture_output=True, cwd=ROOT, timeout=60)
    assert run.returncode == 2
    assert b"loopback" in run.stderr


def served(option: str) -> tuple[subprocess.Popen[bytes], int]:
    command = [sys.executable, "-m", "policylang", "lsp", option, "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, cwd=ROOT)
    assert process.stderr is not None
    return process, int(process.stderr.readline().rsplit(b":", 1)[1])


INITIALIZE = (
    b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"processId":null,"rootUri":null,"capabilities":{}}}'
)


def test_over_tcp() -> None:
    process, port = served("--tcp")
    with process, socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"Content-Length: %d\r\n\r\n" % len(INITIALIZE) + INITIALIZE)
        assert connection.recv(100).startswith(b"Content-Length: ")
    assert process.returncode == 0


def test_pages_of_others_are_refused() -> None:
    from websockets.exceptions import InvalidStatus
    from websockets.sync.client import connect
    from websockets.typing import Origin

    process, port = served("--websocket")
    address = f"ws://127.0.0.1:{port}"
    with process:
        with pytest.raises(InvalidStatus):
            connect(address, origin=Origin("https://evil.example"))
        with connect(address, origin=Origin("http://localhost:8000")) as connection:
            connection.send(INITIALIZE)
            assert b"capabilities" in bytes(connection.recv(decode=False))
    assert process.returncode == 0


@pytest.mark.parametrize("closed", ["<&-", ">&-"])
def test_closed_streams(closed: str) -> None:
    run = subprocess.run(
        ["sh", "-c", f'"$0" -m policylang lsp {closed}', sys.executable], cwd=ROOT, capture_output=True
    )
    assert run.returncode == 2
    assert b"Traceback" not in run.stderr
