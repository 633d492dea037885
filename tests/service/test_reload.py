"""New policies in the place of the old ones: in one step, or not at all; and in several workers alike."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import httpx
import msgspec
import pytest

from policylang import PolicySet, load
from policylang.files.writing import write_atomically
from policylang.ir import to_json
from policylang.project.discovery import SourceSet
from policylang.service import sources
from policylang.service.fitting import FittingPolicies
from policylang.service.sources import SourceError, Unusable, source_of
from policylang.service.watching import PoliciesInForce, Watcher
from policylang.settings.service import ServiceConfig
from tests.service.helpers import EVALUATION, Process, post, question, served

OLD = 'resource page { actions view, edit }\nrole r { grant view on page }\nuser "u" { assign role r }\n'
NEW = OLD.replace("grant view", "grant edit")
VIEW, EDIT = question("u", "view", "page", "1"), question("u", "edit", "page", "1")
_CLOSE = {"Connection": "close"}
NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)


def compiled(source: str, folder: Path) -> bytes:
    path = folder / f"{hashlib.sha256(source.encode()).hexdigest()[:8]}.policy"
    path.write_text(source)
    return to_json(load(path).index.policy_set)


def until(true: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for something that a thread or a process does."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


class Watched:
    """Policies, and what watches them, looking when it is told to."""

    def __init__(self, *paths: str, **settings: Any) -> None:
        source = FittingPolicies(source_of(paths), msgspec.convert(settings, ServiceConfig), "service.yaml")
        read = source.read(None)
        assert read is not None
        self.policies = PoliciesInForce(PolicySet(read.policy_set))
        self.watcher = Watcher(source, read, 1, self.policies)

    def look(self) -> str:
        self.watcher.look()
        return self.policies.now.digest


def test_a_file_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "set.json"
    old, new = compiled(OLD, tmp_path), compiled(NEW, tmp_path)
    file.write_bytes(old)
    watched = Watched(str(file))
    first = watched.policies.now.digest
    assert watched.look() == first
    write_atomically(file, new)
    second = watched.look()
    assert second == json.loads(new)["digest"] != first
    assert watched.policies.state.loads == 2


@pytest.mark.parametrize("bad", [b"", b"{", b"{}", "half", "edited", "gone", "a folder"])
def test_a_bad_one_is_refused(tmp_path: Path, bad: bytes | str) -> None:
    file = tmp_path / "set.json"
    old, new = compiled(OLD, tmp_path), compiled(NEW, tmp_path)
    file.write_bytes(old)
    watched = Watched(str(file))
    first = watched.policies.now.digest
    match bad:
        case "half":
            file.write_bytes(new[: len(new) // 2])
        case "edited":
            file.write_bytes(new.replace(b'"edit"', b'"view"'))
        case "gone":
            file.unlink()
        case "a folder":
            file.unlink()
            file.mkdir()
        case _:
            file.write_bytes(bad)  # type: ignore[arg-type]
    for _ in range(3):
        assert watched.look() == first
    assert watched.policies.state.refused
    assert watched.policies.state.refusals == 1
    if bad == "a folder":
        file.rmdir()
    write_atomically(file, new)
    assert watched.look() != first
    assert watched.policies.state.refused is None


def test_the_old_one_again_ends_a_refusal(tmp_path: Path) -> None:
    file = tmp_path / "set.json"
    file.write_bytes(compiled(OLD, tmp_path))
    watched = Watched(str(file))
    first = watched.policies.now.digest
    file.write_bytes(b"{}")
    watched.look()
    file.write_bytes(compiled(OLD, tmp_path))
    assert watched.look() == first
    assert watched.policies.state.refused is None


def test_a_file_that_is_too_large_beside_others(tmp_path: Path) -> None:
    (tmp_path / "policylang.yaml").write_text("limits: {file_bytes: 1000}\n")
    (tmp_path / "a.policy").write_text(OLD)
    watched = Watched(str(tmp_path))
    first = watched.look()
    (tmp_path / "b.policy").write_text("#" * 1001)
    assert watched.look() == first
    assert "larger than" in (watched.policies.state.refused or "")


def test_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.policy").write_text(OLD)
    watched = Watched(str(tmp_path))
    first = watched.look()
    (tmp_path / "a.policy").write_text(OLD.replace("grant view", "grant veiw"))
    assert watched.look() == first
    assert "unknown action" in (watched.policies.state.refused or "")
    (tmp_path / "a.policy").write_text(OLD)
    (tmp_path / "b.policy").write_text('role s { grant edit on page }\nuser "v" { assign role s }\n')
    second = watched.look()
    assert second != first
    assert watched.policies.now.users == ("u", "v")
    (tmp_path / "b.policy").unlink()
    assert watched.look() == first


def test_files_that_change_while_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A deny moves from one file to another, and is in one of them at every moment: no answer is without it."""
    deny, a, b = "deny view on page\n", tmp_path / "a.policy", tmp_path / "b.policy"
    a.write_text(OLD)
    b.write_text(deny)
    watched = Watched(str(tmp_path))
    discover, is_moving = sources.discover, True

    def moving(paths: Sequence[str]) -> list[SourceSet]:
        nonlocal is_moving
        if not is_moving:
            return discover(paths)
        is_moving = False
        b.write_text("")  # the other file has been read before
        found = discover(paths)
        a.write_text(OLD + deny)
        return found

    monkeypatch.setattr(sources, "discover", moving)
    (tmp_path / "c.policy").write_text("role s\n")
    watched.look()
    assert "s" in watched.policies.now.roles
    assert not watched.policies.now.decide("u", "view", "page", {}, now=NOW).allowed


def test_files_that_never_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.policy"
    file.write_text(OLD)
    watched = Watched(str(tmp_path))
    first, discover = watched.look(), sources.discover

    def changing(paths: Sequence[str]) -> list[SourceSet]:
        found = discover(paths)
        file.write_text(file.read_text() + "# more\n")
        return found

    monkeypatch.setattr(sources, "discover", changing)
    file.write_text(NEW)
    assert watched.look() == first
    assert watched.policies.state.refused == "the files change while they are read"
    monkeypatch.undo()
    assert watched.look() != first


def test_what_was_asked_is_ready(tmp_path: Path) -> None:
    file = tmp_path / "set.json"
    file.write_bytes(compiled(OLD, tmp_path))
    watched = Watched(str(file))
    watched.policies.note("u", "view", "page")
    for stranger in ("\udc80", "x" * 100_000):
        watched.policies.note(stranger, "view", "page")  # nobody fills the memory with what there is not
        watched.policies.note("u", stranger, "page")
        watched.policies.note("u", "view", stranger)
    assert list(watched.policies._asked) == [("u", "view", "page")]
    file.write_bytes(compiled(NEW, tmp_path))
    watched.look()
    assert "u" in watched.policies.now._engine._holders_of


def test_a_mistake_does_not_end_the_watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "set.json"
    file.write_bytes(compiled(OLD, tmp_path))
    watched = Watched(str(file))
    first = watched.policies.now.digest
    monkeypatch.setattr(watched.policies, "replace", lambda _: 1 / 0)
    file.write_bytes(compiled(NEW, tmp_path))
    assert watched.look() == first
    assert watched.policies.state.refused == "ZeroDivisionError: division by zero"
    monkeypatch.undo()
    assert watched.look() != first


def test_failures_are_met_with_patience(tmp_path: Path) -> None:
    file = tmp_path / "set.json"
    file.write_bytes(compiled(OLD, tmp_path))
    watcher = Watched(str(file)).watcher
    assert 0.8 <= watcher._wait() <= 1.2
    watcher._failures = 3
    assert 6.4 <= watcher._wait() <= 9.6
    watcher._failures = 1000
    assert 48 <= watcher._wait() <= 72


def test_one_request_has_one_version(tmp_path: Path) -> None:
    """Policies change a hundred times under load: every answer is of one of the two, whole."""
    old, new = load(_written(tmp_path, OLD)), load(_written(tmp_path, NEW))
    policies = PoliciesInForce(old)
    expected = {old.digest: [True, False], new.digest: [False, True]}
    ended = threading.Event()

    def storm() -> None:
        while not ended.is_set():
            for each in (new, old):
                policies.replace(each)
                time.sleep(0.001)

    thread = threading.Thread(target=storm)
    with served(policies) as client:
        thread.start()
        try:
            for _ in range(100):
                found = post(client, "/access/v1/evaluations", {"evaluations": [VIEW, EDIT] * 5}).json()["evaluations"]
                (digest,) = {each["context"]["digest"] for each in found}
                assert [each["decision"] for each in found] == expected[digest] * 5
        finally:
            ended.set()
            thread.join()
    assert policies.state.loads > 10


def _written(folder: Path, source: str) -> Path:
    compiled(source, folder)
    return folder / f"{hashlib.sha256(source.encode()).hexdigest()[:8]}.policy"


# --- an address ----------------------------------------------------------------------------------------------


class Handler(BaseHTTPRequestHandler):
    content: ClassVar[bytes] = b""
    status: ClassVar[int] = 200
    etag: ClassVar[bool] = True
    answered: ClassVar[list[int]] = []

    def do_GET(self) -> None:
        tag = f'"{hashlib.sha256(self.content).hexdigest()}"'
        status = 304 if self.etag and self.headers.get("If-None-Match") == tag else self.status
        self.answered.append(status)
        self.send_response(status)
        if self.etag:
            self.send_header("ETag", tag)
        if status == 302:
            self.send_header("Location", "/elsewhere")
        self.end_headers()
        if status == 200:
            self.wfile.write(self.content)

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    Handler.content, Handler.status, Handler.etag, Handler.answered = compiled(OLD, tmp_path), 200, True, []
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/set.json"
        server.shutdown()


@pytest.mark.parametrize("etag", [True, False])
def test_an_address(address: str, tmp_path: Path, etag: bool) -> None:
    Handler.etag = etag
    watched = Watched(address)
    first = watched.look()
    assert Handler.answered == [200, 304 if etag else 200]
    Handler.content = b"{}"
    assert watched.look() == first
    assert watched.policies.state.refused
    Handler.status = 500
    assert watched.look() == first
    Handler.status = 302
    assert watched.look() == first
    Handler.status, Handler.content = 200, compiled(NEW, tmp_path)
    assert watched.look() != first
    assert watched.policies.state.refused is None


def test_addresses_that_are_not_used() -> None:
    with pytest.raises(SourceError, match="https"):
        source_of(["http://policies.example.test/set.json"])
    with pytest.raises(SourceError, match="cannot be reached"):
        source_of(["http://127.0.0.1:1/set.json"]).read(None)


def test_paths_with_mistakes(tmp_path: Path) -> None:
    (tmp_path / "a.policy").write_text("role")
    with pytest.raises(Unusable):
        source_of([str(tmp_path)]).read(None)


# --- processes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2])
def test_a_service(tmp_path: Path, workers: int) -> None:
    """Policies are replaced while it serves, a bad one is not taken, and a worker that is killed comes again."""
    file = tmp_path / "set.json"
    file.write_bytes(compiled(OLD, tmp_path))
    (tmp_path / "service.yaml").write_text(f"poll_seconds: 1\nworkers: {workers}\nport: 0\n")
    with (
        Process([str(file), "--config", "service.yaml"], tmp_path) as service,
        httpx.Client(base_url=service.base, transport=httpx.HTTPTransport(retries=3)) as client,
    ):
        until(lambda: _alive(client))

        def decided(request: dict[str, Any]) -> set[bool]:
            return {post(client, EVALUATION, request, **_CLOSE).json()["decision"] for _ in range(8)}

        assert decided(VIEW) == {True}
        assert decided(EDIT) == {False}
        assert client.get("/readyz").json()["newer_refused"] is False
        write_atomically(file, b"{}")
        until(lambda: all(client.get("/readyz", headers=_CLOSE).json()["newer_refused"] for _ in range(8)))
        if workers == 1:
            metrics = client.get("/metrics").text
            assert "policylang_policy_newer_refused 1.0" in metrics
            assert 'policylang_decisions_total{decision="allow"} 8.0' in metrics
        write_atomically(file, compiled(NEW, tmp_path))
        until(lambda: decided(EDIT) == {True})
        until(lambda: decided(VIEW) == {False})
        until(lambda: not any(client.get("/readyz", headers=_CLOSE).json()["newer_refused"] for _ in range(8)))
        if workers == 2:
            before = children(service.process.pid)
            assert len(before) == 2
            os.kill(before[0], signal.SIGKILL)
            until(lambda: len(children(service.process.pid)) == 2 and before[0] not in children(service.process.pid))
            until(lambda: _alive(client))
            assert decided(EDIT) == {True}
            assert 'policylang_decisions_total{decision="allow"}' in client.get("/metrics").text


@pytest.mark.parametrize("workers", [1, 2])
def test_a_hangup_is_a_wish_to_look(tmp_path: Path, workers: int) -> None:
    """SIGHUP ends neither the service nor a worker, whoever of them gets it."""
    file = tmp_path / "set.json"
    file.write_bytes(compiled(OLD, tmp_path))
    (tmp_path / "service.yaml").write_text(f"poll_seconds: 3600\nworkers: {workers}\nport: 0\n")
    with (
        Process([str(file), "--config", "service.yaml"], tmp_path) as service,
        httpx.Client(base_url=service.base, transport=httpx.HTTPTransport(retries=3)) as client,
    ):
        until(lambda: _alive(client))
        before = children(service.process.pid)
        assert post(client, EVALUATION, EDIT).json()["decision"] is False
        write_atomically(file, compiled(NEW, tmp_path))
        os.kill(service.process.pid, signal.SIGHUP)
        until(lambda: post(client, EVALUATION, EDIT, **_CLOSE).json()["decision"])
        assert (service.process.poll(), children(service.process.pid)) == (None, before)


def _alive(client: httpx.Client) -> bool:
    try:
        return client.get("/healthz", headers=_CLOSE).status_code == 200
    except httpx.HTTPError:
        return False


def children(pid: int) -> list[int]:
    """The processes that serve: those of Python that are not for keeping count of what others share."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
            words = (stat.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z" and b"resource_tracker" not in words:
            found.append(int(stat.parent.name))
    return sorted(found)


def test_policies_without_what_the_settings_name(tmp_path: Path) -> None:
    """An attribute that is not written down keeps its name, or the mask would hide nothing."""
    path = tmp_path / "a.policy"
    old = OLD.replace("{ actions", "{ note : text  actions")
    path.write_text(old)
    watched = Watched(str(path), log={"path": "log", "mask": ["page.note"]})
    first = watched.look()
    path.write_text(old.replace("note", "remark"))
    assert watched.look() == first
    assert watched.policies.state.refused == (
        "service.yaml: `log.mask`: the policies have no attribute `page.note`; "
        "take the name out, or serve policies that have it"
    )
    path.write_text(old.replace("grant view", "grant edit"))
    assert watched.look() != first
    assert watched.policies.state.refused is None
