"""What the service writes down of decisions, and that nobody waits for it."""

from __future__ import annotations

import json
import os
import threading
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from policylang.decisionlog.entry import FORMAT, as_logged, decode
from policylang.decisionlog.replay import read_log
from policylang.decisionlog.writer import DecisionWriter, FileSink
from policylang.model.types import IntType, RecordType, SetType, TextType, Type
from policylang.runtime.values import BadValueError, read
from tests.service import stores
from tests.service.helpers import EVALUATION, EVALUATIONS, HERE, post, question, served

CRM = HERE / "crm.policy"
ANN = {"name": "Ann", "sales_rep": "dana", "status": "lead"}


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def logged(path: Path, *requests: dict[str, Any], **settings: Any) -> list[dict[str, Any]]:
    log = {"path": str(path), **settings.pop("log", {})}
    with served(CRM, log=log, **settings) as client:
        for each in requests:
            assert post(client, EVALUATION, each, **{"X-Request-ID": "r-1"}).status_code == 200
    return lines(path)


def test_an_entry(tmp_path: Path) -> None:
    request = question("dana", "view", "customer", "c1", **ANN, notes="secret words", rate=1.25)
    (entry,) = logged(tmp_path / "log", request | {"context": {"ip": "10.0.0.1", "other": 1}})
    assert entry.pop("time") == entry.pop("now")
    assert len(entry.pop("id")) == 32
    assert entry.pop("digest").startswith("sha256:")
    assert 0 < entry.pop("microseconds") < 5_000_000
    assert entry == {
        "format": FORMAT,
        "user": "dana",
        "action": "view",
        "resource": "customer",
        "allowed": True,
        "reasons": ["role `sales_rep` grants view on `customer` (crm.policy:36:3-36:50)"],
        "record_id": "c1",
        "record": {**ANN, "rate": 1.25},
        "request": {"ip": "10.0.0.1"},
        "masked": ["record.notes"],
        "request_id": "r-1",
    }


def test_what_is_masked(tmp_path: Path) -> None:
    request = question("tess", "view", "customer", "c1", **ANN, notes="n", account={"owner": "max", "name": "Acme"})
    request["subject"]["properties"] = {"team": "Ann"}
    request["context"] = {"ip": "10.0.0.1"}
    masked = ["customer.sales_rep", "account.name", "request.ip", "subject.team"]
    settings = {"trusted": {"subject": ["team"]}}
    (entry,) = logged(tmp_path / "log", request, log={"mask": masked, "show": ["customer.notes"]}, **settings)
    assert entry["masked"] == ["record.sales_rep", "record.account.name", "request.ip", "subject.team"]
    assert entry["record"] == {"name": "Ann", "status": "lead", "notes": "n", "account": {"owner": "max"}}
    assert "request" not in entry
    assert "subject" not in entry


def test_changes_are_masked_as_well(tmp_path: Path) -> None:
    request = question("dana", "modify", "customer", "c1", **ANN)
    request["action"]["properties"] = {"changes": {"name": "Anna", "notes": "secret words"}}
    (entry,) = logged(tmp_path / "log", request)
    assert entry["changes"] == {"name": "Anna"}
    assert entry["masked"] == ["changes.notes"]
    assert entry["allowed"] is False


def test_a_reason_repeats_nothing_masked(tmp_path: Path) -> None:
    """One that says what an attribute may not hold."""

    def changing(**changes: Any) -> dict[str, Any]:
        request = question("dana", "modify", "customer", "c1", **ANN)
        return {**request, "action": {"name": "modify", "properties": {"changes": changes}}}

    requests = (
        changing(rate="secret"),
        changing(since="shown"),
        question("dana", "view", "customer", "c1", site="secret"),
    )
    rate, since, site = logged(tmp_path / "log", *requests, log={"mask": ["customer.rate", "customer.site"]})
    assert rate["reasons"] == ["`customer.rate` is what it may not be, and not shown"]
    assert since["reasons"] == ["`customer.since` is a date, 'shown' is not"]
    assert site["reasons"] == ["`customer.site` is what it may not be, and not shown"]
    assert "secret" not in (tmp_path / "log").read_text()


@pytest.mark.parametrize("number", ["1" * 400, "1e399", "1e-399", "-1.7976931348623157e308"])
def test_numbers_that_the_service_reads_are_read_again(tmp_path: Path, number: str) -> None:
    """Or a decision would be missing from what is replayed."""
    body = json.dumps(question("dana", "view", "customer", "c1", **ANN, rate=77)).replace("77", number)
    with served(CRM, log={"path": str(tmp_path / "log")}) as client:
        assert post(client, EVALUATION, body).status_code == 200
    (found,) = read_log(tmp_path / "log")
    assert found is not None
    assert found.record["rate"] == Decimal(number)


def test_long_ids_of_requests_are_cut(tmp_path: Path) -> None:
    """They are anybody's, and stand in every line of a batch."""
    with served(CRM, log={"path": str(tmp_path / "log")}) as client:
        asked = question("dana", "view", "customer", "c1", **ANN)
        answer = post(client, EVALUATION, asked, **{"X-Request-ID": "x" * 10_000})
        assert answer.headers["X-Request-ID"] == "x" * 10_000
    assert lines(tmp_path / "log")[0]["request_id"] == "x" * 256


def test_what_was_not_looked_up_is_told(tmp_path: Path) -> None:
    customer = {"id": "c1", **ANN, "account": "a1"}
    store = stores.memory(tmp_path, {"customer": [customer], "account": [{"id": "a1", "name": "A", "owner": "max"}]})
    dana, max_ = logged(
        tmp_path / "log",
        question("dana", "view", "customer", "c1"),
        question("max", "view", "customer", "c1"),
        store=store,
    )
    assert dana["record"] == {**ANN, "account": "a1", "site": None}
    assert max_["record"]["account"] == {"name": "A", "owner": "max", "id": "a1"}
    given = logged(tmp_path / "log", question("dana", "view", "customer", "c1", **ANN, site="HQ"), store=store)[-1]
    assert "record.account" in given["masked"]


def test_who_is_not_asked_about(tmp_path: Path) -> None:
    request = question("dana", "view", "customer", "c1")
    (entry,) = logged(tmp_path / "log", {**request, "subject": {"type": "spaceship", "id": "dana"}})
    assert entry["not_asked"] is True


def test_sampling(tmp_path: Path) -> None:
    asked = [question("dana", "view", "customer", "1", **ANN), question("max", "view", "customer", "1", **ANN)]
    found = logged(tmp_path / "log", *asked * 5, log={"allowed_percent": 0})
    assert [each["allowed"] for each in found] == [False] * 5


def test_every_decision_of_several(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with served(CRM, log={"path": str(path)}) as client:
        post(client, EVALUATIONS, {"evaluations": [question("dana", "view", "customer", "1", **ANN), {}] * 3})
    assert len(lines(path)) == 3
    assert all(entry is not None and entry.user == "dana" for entry in read_log(path))


# --- writing -------------------------------------------------------------------------------------------------


class Sink:
    def __init__(self) -> None:
        self.open, self.lines = threading.Event(), b""

    def write(self, lines: bytes) -> None:
        assert self.open.wait(10)
        self.lines += lines

    def close(self) -> None: ...


def test_nobody_waits_for_a_sink_that_hangs() -> None:
    sink = Sink()
    writer = DecisionWriter(sink, most=3).start()
    begun = time.monotonic()
    for _ in range(1000):
        writer.add(lambda: b"line")
    assert time.monotonic() - begun < 1
    assert writer.dropped >= 996
    sink.open.set()
    writer.close()
    assert writer.written + writer.dropped == 1000
    assert sink.lines == b"line\n" * writer.written


def test_a_full_disk(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("there is no /dev/full")
    with served(CRM, log={"path": "/dev/full"}) as client:
        for _ in range(5):
            assert post(client, EVALUATION, question("dana", "view", "customer", "1", **ANN)).json()["decision"]
        for _ in range(100):
            if "policylang_log_dropped 5.0" in client.get("/metrics").text:
                break
            time.sleep(0.05)
        assert "policylang_log_dropped 5.0" in client.get("/metrics").text
        assert "policylang_log_written 0.0" in client.get("/metrics").text
    assert len([record for record in caplog.records if "written down" in record.message]) == 1


def test_a_line_that_is_cut_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log"
    sink = FileSink(path)
    real = os.write
    monkeypatch.setattr(os, "write", lambda file, data: real(file, data[:3]))
    with pytest.raises(OSError, match="not all"):
        sink.write(b'{"a": 1}\n')
    monkeypatch.undo()
    sink.write(b'{"b": 2}\n')
    sink.close()
    assert path.read_bytes() == b'{"a\n{"b": 2}\n'


def test_a_log_that_is_moved_away(tmp_path: Path) -> None:
    path = tmp_path / "log"
    sink = FileSink(path)
    sink.write(b"1\n")
    path.rename(tmp_path / "log.1")
    sink.write(b"2\n")
    sink.close()
    assert (path.read_bytes(), (tmp_path / "log.1").read_bytes()) == (b"2\n", b"1\n")


def test_a_mistake_in_an_entry_does_not_end_the_log() -> None:
    sink = Sink()
    sink.open.set()
    writer = DecisionWriter(sink).start()
    writer.add(lambda: 1 / 0)  # type: ignore[arg-type,return-value]
    writer.add(lambda: b"line")
    writer.close()
    assert (writer.dropped, sink.lines) == (1, b"line\n")


@pytest.mark.parametrize("line", ["", "{", "[]", "{}", '{"format": "other"}', "null", '{"a": NaN}'])
def test_lines_that_are_no_decisions(line: str) -> None:
    assert decode(line) is None


def test_a_log_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="directory"), served(CRM, log={"path": str(tmp_path)}):
        pass


@pytest.mark.parametrize("value", [float("nan"), float("-inf"), Decimal("NaN"), [Decimal("sNaN")]])
@pytest.mark.parametrize("type_", [TextType(), IntType(), SetType(TextType()), RecordType("deal")])
def test_a_number_that_is_none_stays_of_no_type(value: Any, type_: Type) -> None:
    for each in (value, as_logged(value)):
        with pytest.raises(BadValueError):
            read(type_, each, "x")
