"""What goes wrong around the service: the clock, the tables, new policies that are cut short. It allows nothing."""

from __future__ import annotations

import datetime
import hashlib
import itertools
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from policylang import PolicySet
from policylang.files.writing import write_atomically
from policylang.registry import transfer
from policylang.service.sources import SourceError, source_of
from policylang.service.stores.store import Deadline, LateError
from policylang.service.watching import PoliciesInForce, Watcher
from tests.registry.slow import ANSWERS, dripping
from tests.service import stores
from tests.service.helpers import (
    ACTIONS,
    CRM,
    EVALUATION,
    EVALUATIONS,
    RESOURCES,
    ids,
    post,
    question,
    served,
)
from tests.service.test_reload import EDIT, NEW, OLD, VIEW, Watched, compiled, until
from tests.service.test_security import Hanging
from tests.service.test_signed import bundle

# --- the clock -----------------------------------------------------------------------------------------------

DATED = (
    'timezone "UTC"\n'
    "resource page { created : datetime  actions view }\n"
    "policy recent on page { created within 1 day }\n"
    "role r { grant view on page  policy recent }\n"
    'user "u" { assign role r from 2026-03-10 until 2026-03-20 }\n'
)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets the clock of the service."""
    at: list[datetime.datetime] = []

    def set_to(instant: str) -> None:
        at[:] = [datetime.datetime.fromisoformat(f"{instant}+00:00")]

    own = SimpleNamespace(datetime=SimpleNamespace(now=lambda _: at[0]), UTC=datetime.UTC)
    monkeypatch.setattr("policylang.service.app.datetime", own)
    return set_to


def test_the_clock_is_that_of_each_request(tmp_path: Path, clock: Callable[[str], None]) -> None:
    """Forward and back: nothing of an earlier instant is kept."""
    (tmp_path / "dated.policy").write_text(DATED)
    with served(tmp_path / "dated.policy") as client:
        for instant, expected in (
            ("2026-03-09T23:59:59.999999", False),
            ("2026-03-10T00:00:00", True),
            ("2026-03-21T00:00:00", False),
            ("2026-03-20T23:59:59.999999", True),
            ("2036-03-15T12:00:00", False),
            ("2016-03-15T12:00:00", False),
            ("2026-03-15T12:00:00", True),
        ):
            clock(instant)
            asked = question("u", "view", "page", "1", created=f"{instant}Z")
            assert post(client, EVALUATION, asked).json()["decision"] is expected
            several = post(client, EVALUATIONS, {"evaluations": [asked] * 2}).json()["evaluations"]
            assert [each["decision"] for each in several] == [expected] * 2
            assert ids(post(client, ACTIONS, asked)) == ["view"] * expected


@pytest.fixture
def jumping(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the machine goes ten days back or forward whenever somebody looks at it."""
    now, days = time.time, itertools.cycle([-10, 10])
    monkeypatch.setattr(time, "time", lambda: now() + next(days) * 86_400)


@pytest.mark.usefixtures("jumping")
def test_time_that_passes_is_not_read_from_the_clock() -> None:
    with served(CRM, with_store=Hanging(), bounds={"seconds": 1}) as client:
        for _ in range(2):
            assert post(client, EVALUATION, question("dana", "view", "customer", "quick")).json()["decision"] is True
        late = post(client, EVALUATION, question("dana", "view", "customer", "slow"))
        assert (late.status_code, late.json()) == (503, "it took too long")
    deadline = Deadline(60)
    for _ in range(4):
        deadline.check()
    assert 0 < deadline.left <= 60
    with pytest.raises(LateError):
        Deadline(-1).check()


@pytest.mark.usefixtures("jumping")
def test_policies_are_looked_at_whatever_the_clock_says(tmp_path: Path) -> None:
    file = tmp_path / "set.json"
    file.write_bytes(compiled(OLD, tmp_path))
    source = source_of([str(file)])
    read = source.read(None)
    assert read is not None
    policies = PoliciesInForce(PolicySet(read.policy_set))
    first = policies.now.digest
    with Watcher(source, read, 0.02, policies):
        for content, year in ((NEW, 1990), (OLD, 2090), (NEW, 2000)):
            before = policies.now.digest
            write_atomically(file, compiled(content, tmp_path))
            instant = datetime.datetime(year, 1, 1, tzinfo=datetime.UTC).timestamp()
            os.utime(file, (instant, instant))
            until(lambda before=before: policies.now.digest != before)  # type: ignore[misc]
    assert policies.now.digest != first
    assert policies.state.refusals == 0


# --- tables that hold anything -------------------------------------------------------------------------------

GARBAGE: list[Any] = [
    None,
    5,
    -1.5,
    2**63 - 1,
    float("inf"),
    b"\xff\x00",
    "",
    "never",
    "[" * 100_000,
    '{"a": [1]}',
    "[null]",
]


@pytest.mark.parametrize("column", ["name", "created", "sales_rep", "status", "vip", "tags", "account", "site"])
def test_values_of_any_type(tmp_path: Path, column: str) -> None:
    """A decision or 503, and nothing allowed to whom only a sound record would be."""
    sound = {"name": "Ann", "sales_rep": "dana", "status": "lead", "vip": 0, "tags": "[]"}
    sound |= dict.fromkeys(("created", "since", "rate", "account", "site", "notes"))
    records = [{"id": str(n), **sound, column: value} for n, value in enumerate(GARBAGE)]
    owners = {"account": [{"id": "a1", "name": "Acme", "owner": "max"}]}
    with served(CRM, store=stores.sqlite(tmp_path, {"customer": records, **owners})) as client:
        for user, action in (("dana", "view"), ("dana", "archive"), ("max", "view"), ("tess", "view")):
            for n in range(len(GARBAGE)):
                answer = post(client, EVALUATION, question(user, action, "customer", str(n)))
                assert answer.status_code in (200, 503), (answer.text, GARBAGE[n])
                if answer.status_code == 200 and (user, action) != ("dana", "view"):
                    assert answer.json()["decision"] is False
                if column == "sales_rep":
                    assert answer.status_code == 503 or answer.json()["decision"] is False
            search = {**question(user, action, "customer", ""), "resource": {"type": "customer"}}
            assert post(client, RESOURCES, search).status_code in (200, 503)


@pytest.mark.parametrize("made", [stores.sqlite, stores.duck])
@pytest.mark.parametrize("column", ["key", "owner", "other"])
def test_a_column_that_is_not_there(tmp_path: Path, column: str, made: Any) -> None:
    """SQLite takes a name in quotes for a text where no column has it: whoever is called `owner` would own everything.
    DuckDB takes it for a result of that name.
    """
    (tmp_path / "p.policy").write_text(
        "resource page { other : text  owner : user  actions view, edit }\n"
        "policy own on page for view { owner is assigned user }\n"
        'policy rest on page for edit { other is not "x" }\n'
        'role r { grant view, edit on page  policy own  policy rest }\nuser "owner" { assign role r }\n'
    )
    row = {"key": "owner", "other": "x", "owner": "somebody"}
    del row[column]
    columns = {"owner": "id" if column == "owner" else "owner"}
    store = made(tmp_path, {"page": [row]}, page={"table": "page", "key": "key", "columns": columns})
    with served(tmp_path / "p.policy", store=store) as client:
        for action in ("view", "edit"):
            asked = question("owner", action, "page", "key" if column == "key" else "owner")
            assert post(client, EVALUATION, asked).status_code == 503
            assert post(client, RESOURCES, {**asked, "resource": {"type": "page"}}).status_code == 503


@pytest.mark.parametrize("keys", [["c1", "c1"], ["c1", None], [b"\x01"], ["c0", "c1", "c1"]])
@pytest.mark.parametrize("limit", [1, 2, 1000])
def test_keys_that_name_no_one_row(tmp_path: Path, keys: list[Any], limit: int) -> None:
    """A page that held them would miss records, or name what cannot be asked for."""
    (tmp_path / "p.policy").write_text(OLD.replace("{ actions", "{ name : text  actions"))
    made = stores.sqlite(tmp_path, {"page": [{"id": key, "name": "x"} for key in keys]}, {"id": "any"})
    with served(tmp_path / "p.policy", store=made) as client:
        request: dict[str, Any] = {**VIEW, "resource": {"type": "page"}, "page": {"limit": limit}}
        answers = []
        while True:
            answers.append(post(client, RESOURCES, request))
            token = answers[-1].json()["page"]["next_token"] if answers[-1].status_code == 200 else ""
            if not token:
                break
            request["page"] = {"token": token}
        assert answers[-1].status_code == 503
        assert all(ids(each) == ["c0"] for each in answers[:-1])


class TooMany(Hanging):
    """A store that gives more than it was asked for."""

    blocking = False

    def search(self, *_: Any) -> list[str]:
        return [f"c{n:05}" for n in range(50_000)]


def test_too_many_rows() -> None:
    with served(CRM, with_store=TooMany(), bounds={"page": 10}) as client:
        request = {**question("dana", "view", "customer", ""), "resource": {"type": "customer"}}
        answer = post(client, RESOURCES, request)
        assert ids(answer) == [f"c{n:05}" for n in range(10)]
        assert answer.json()["page"]["next_token"]


# --- new policies that are cut short -------------------------------------------------------------------------


def test_a_bundle_that_is_cut(tmp_path: Path) -> None:
    file = tmp_path / "set.bundle"
    old, new = bundle(OLD, tmp_path), bundle(NEW, tmp_path)
    file.write_bytes(old)
    watched = Watched(str(file))
    first = watched.policies.now.digest
    for length in (0, 1, 10, len(new) // 2, len(new) - 8, len(new) - 1):
        file.write_bytes(new[:length])
        assert watched.look() == first
        assert watched.policies.state.refused
    file.write_bytes(new)
    assert watched.look() != first
    assert watched.policies.state.refused is None


class Sender(BaseHTTPRequestHandler):
    """Sends what it has under the ETag of the whole: in pieces or with its length, and perhaps not to the end."""

    protocol_version = "HTTP/1.1"
    content = b""
    upto: int | None = None
    in_pieces = False

    def do_GET(self) -> None:
        tag = f'"{hashlib.sha256(self.content).hexdigest()}"'
        if self.headers.get("If-None-Match") == tag:
            self.send_response(304)
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("ETag", tag)
        sent = self.content[: self.upto]
        if self.in_pieces:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"%x\r\n%s" % (len(self.content), sent))
            if self.upto is None:
                self.wfile.write(b"\r\n0\r\n\r\n")
        else:
            self.send_header("Content-Length", str(len(self.content)))
            self.end_headers()
            self.wfile.write(sent)
        self.close_connection = True

    def log_message(self, *_: Any) -> None: ...


@contextmanager
def sending(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/set.bundle"
        server.shutdown()


@pytest.mark.parametrize("in_pieces", [False, True])
def test_an_address_that_sends_less_than_it_says(tmp_path: Path, in_pieces: bool) -> None:
    """What was cut short on its way is asked for again, though its ETag is the same."""
    old, new = bundle(OLD, tmp_path), bundle(NEW, tmp_path)
    handler = type("Handler", (Sender,), {"content": old, "in_pieces": in_pieces})
    with sending(handler) as address:
        watched = Watched(address)
        first = watched.policies.now.digest
        assert watched.look() == first
        handler.content = new  # type: ignore[attr-defined]
        for upto in (0, 1, len(new) // 2, len(new) - 1):
            handler.upto = upto  # type: ignore[attr-defined]
            assert watched.look() == first
            assert watched.policies.state.refused == "the address sends less than it says"
            with pytest.raises(SourceError, match="less than it says"):
                source_of([address]).read(None)
        handler.upto = None  # type: ignore[attr-defined]
        assert watched.look() != first
        assert watched.policies.state.refused is None


class NoHttp(Sender):
    def handle(self) -> None:
        self.rfile.readline()
        self.wfile.write(b"220 smtp.example.test\r\n")


def test_addresses_that_do_not_speak_http() -> None:
    with sending(NoHttp) as address, pytest.raises(SourceError, match="does not speak HTTP"):
        source_of([address]).read(None)
    with pytest.raises(SourceError):
        source_of(["https://127.0.0.1:no/set.bundle"]).read(None)


@pytest.mark.parametrize("part", ANSWERS)
def test_an_address_that_drips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    """What sends a byte now and then holds up no later look: the whole has to be there in time."""
    monkeypatch.setattr(transfer, "SECONDS_ALL", 0.5)
    said = "the address answers 404" if part == "an error" else "the address cannot be reached: it takes too long"
    with dripping(*ANSWERS[part]) as host, pytest.raises(SourceError, match=said):
        source_of([f"http://{host}/set.bundle"]).read(None)


# --- all the time --------------------------------------------------------------------------------------------


def test_a_file_that_is_written_under_load(tmp_path: Path) -> None:
    """Not in one step: half of it is there for a while, again and again. Every answer is of what was whole."""
    file = tmp_path / "set.json"
    contents = [compiled(source, tmp_path) for source in (OLD, NEW)]
    file.write_bytes(contents[0])
    watched = Watched(str(file))
    expected = {json.loads(content)["digest"]: n == 0 for n, content in enumerate(contents)}
    ended = threading.Event()

    def write() -> None:
        for content in itertools.cycle(reversed(contents)):
            with file.open("wb") as writing:
                for part in (content[: len(content) // 2], content[len(content) // 2 :]):
                    writing.write(part)
                    writing.flush()
                    watched.watcher.look()
            if ended.wait(0.01):
                return

    thread = threading.Thread(target=write)
    with served(watched.policies) as client:
        thread.start()
        try:
            until(lambda: _asked(client, expected) and watched.policies.state.loads > 5)
        finally:
            ended.set()
            thread.join()
    assert watched.policies.state.refusals > 3


def _asked(client: httpx.Client, expected: dict[str, bool]) -> bool:
    found = post(client, EVALUATIONS, {"evaluations": [VIEW, EDIT] * 3}).json()["evaluations"]
    (digest,) = {each["context"]["digest"] for each in found}
    assert [each["decision"] for each in found] == [expected[digest], not expected[digest]] * 3
    return True
