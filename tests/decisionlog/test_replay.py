"""Logged decisions, decided again: nothing turns by the same policies, and what turns is told by user and cause."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings

from policylang.api.policy_set import PolicySet
from policylang.decisionlog.entry import FORMAT, LoggedDecision, decode, encode
from policylang.decisionlog.masking import Mask
from policylang.decisionlog.replay import Replayed, read_log, replay
from policylang.output.replayed import in_a_line, text
from tests.generated import Case, cases
from tests.generated.features import EVERYTHING

OLD = """\
resource page { title : text  optional owner : user  sensitive body : text  actions view, edit like modify }
policy own on page { owner is assigned user }
role reader { grant view on page }
role writer { grant view, edit on page  policy own }
user "ann" { assign role reader }
user "bob" { assign role writer }
"""
PLAIN = replace(EVERYTHING, strange_requests=False, related=False, objects=False, requests=15)
NEW = OLD.replace("role reader { grant view on page }", "role reader { grant view on page  policy own }")


def entry(**given: Any) -> LoggedDecision:
    base: dict[str, Any] = {
        "format": FORMAT,
        "time": "2026-01-01T00:00:00Z",
        "id": "1",
        "digest": "sha256:0",
        "user": "ann",
        "action": "view",
        "resource": "page",
        "allowed": True,
        "reasons": (),
        "microseconds": 5,
        "now": "2026-01-01T00:00:00Z",
        "record": {"title": "A", "owner": "bob"},
    }
    return LoggedDecision(**{**base, **given})


@pytest.fixture
def new(tmp_path: Path) -> PolicySet:
    from policylang import load

    (tmp_path / "new.policy").write_text(NEW)
    return load(tmp_path / "new.policy")


def test_what_would_be_denied(new: PolicySet) -> None:
    log = [
        entry(id="1", time="2026-01-02T00:00:00Z"),
        entry(id="2", time="2026-01-01T00:00:00Z"),
        entry(id="3", record={"title": "A", "owner": "ann"}),
        entry(id="4", user="bob", action="edit", allowed=False),
        entry(id="5", not_asked=True, allowed=False),
        None,
    ]
    found = replay(log, new)
    assert (found.decisions, found.denied, found.allowed, found.unreadable, found.masked) == (4, 2, 1, 1, 0)
    first, second = found.turned
    assert (first.user, first.allowed, first.count, first.example) == ("ann", False, 2, "2")
    assert (first.first, first.last) == ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")
    assert first.cause.startswith("`own` limits what role `reader` grants and is false for this `page`")
    assert (second.user, second.allowed) == ("bob", True)
    said = "this change would have denied 2 requests and allowed 1 request of 4 that were logged"
    assert in_a_line(found) == f"{said}; 1 line cannot be read"
    assert next(iter(text(found))) == "2 times `ann` view `page`: was allowed, would be denied"


def test_nothing_is_guessed_of_what_is_not_shown(new: PolicySet) -> None:
    hidden = entry(record={"title": "A"}, masked=("record.owner",))
    assert replay([hidden], new) == Replayed(new.digest, 0, 0, 0, (), 1, 0)
    other = entry(record={"owner": "ann"}, masked=("record.title", "record.body", "request.ip"))
    assert replay([other], new).decisions == 1
    written = entry(action="edit", user="bob", changes={}, masked=("changes.title",))
    assert replay([written], new).masked == 1
    behind = entry(record={"title": "A", "owner": "ann"}, masked=("record.owner.*",))
    assert replay([behind], new).decisions == 1


def test_what_is_no_longer_there(new: PolicySet) -> None:
    found = replay([entry(user="gone"), entry(action="gone"), entry(resource="gone"), entry(now="never")], new)
    assert {each.cause for each in found.turned} == {
        "`page` has no action `gone`",
        "there is no resource `gone`",
        "there is no user `gone`",
    }
    assert found.unreadable == 1


def test_a_log_survives_its_way(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(
        encode(entry()) + b"\n" + b"\xff\n\n" + encode(entry())[:50] + b"\n" + encode(entry(id="2")) + b"\n"
    )
    found = list(read_log(path))
    assert [each and each.id for each in found] == ["1", None, None, "2"]


@pytest.mark.parametrize("damage", ["cut", "head", "changed", "more"])
def test_a_packed_log_that_is_damaged(tmp_path: Path, damage: str) -> None:
    """What can be read of it counts, and what cannot is told."""
    log = b"".join(encode(entry(id=str(number))) + b"\n" for number in range(20_000))
    packed = gzip.compress(log)
    half = len(packed) // 2
    content = {
        "cut": packed[:half],
        "head": packed[:2],
        "changed": packed[:half] + b"\xff" * 20 + packed[half + 20 :],
        "more": packed + b"more",
    }
    (tmp_path / "log.gz").write_bytes(content[damage])
    found = list(read_log(tmp_path / "log.gz"))
    assert found[-1] is None
    assert (len(found) > 100) is (damage != "head")
    assert all(each is not None for each in found[:100]) or damage == "head"


# --- the command ---------------------------------------------------------------------------------------------


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "decisions.jsonl"
    path.write_bytes(b"".join(encode(each) + b"\n" for each in (entry(), entry(id="2"), entry(user="bob"))))
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    (tmp_path / "old/a.policy").write_text(OLD)
    (tmp_path / "new/a.policy").write_text(NEW)
    return path


def test_the_command(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from policylang.cli.replay import replay as command

    monkeypatch.chdir(log.parent)

    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(command, arguments)
        return result.exit_code, result.output

    assert run("decisions.jsonl", "--against", "old") == (0, "3 logged decisions would come out the same\n")
    code, said = run("decisions.jsonl", "--against", "new", "--format", "line")
    assert (code, said) == (1, "this change would have denied 2 requests of 3 that were logged\n")
    code, said = run("decisions.jsonl", "decisions.jsonl", "--against", "new", "--format", "json")
    assert (code, json.loads(said)["denied"]) == (1, 4)
    code, said = run("decisions.jsonl", "--against", "new")
    assert code == 1
    assert said.splitlines()[0] == "2 times `ann` view `page`: was allowed, would be denied"
    assert run("none.jsonl", "--against", "new")[0] == 2
    assert run("decisions.jsonl", "--against", "nowhere")[0] == 2
    assert run("decisions.jsonl")[0] == 2


@pytest.mark.parametrize("content", ["", "\n\n", '{"a":', "user,action\nann,view\n"])
def test_a_log_without_decisions_is_no_success(log: Path, monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    from click.testing import CliRunner

    from policylang.cli.replay import replay as command

    monkeypatch.chdir(log.parent)
    Path("other.jsonl").write_text(content)
    result = CliRunner().invoke(command, ["other.jsonl", "--against", "old"])
    assert result.exit_code == 2
    assert "other.jsonl: there is no decision that can be made again" in result.stderr


# --- the law -------------------------------------------------------------------------------------------------


@pytest.mark.hypothesis
@settings(max_examples=15, deadline=None, phases=[Phase.generate])
@given(case=cases(PLAIN))
def test_nothing_turns_by_the_same_policies(case: Case) -> None:
    """Whatever was decided is decided again, from what went through the log; nothing of it was masked."""
    policies = PolicySet(case.policy_set)
    shown = [f"{r.name}.{a.name}" for r in case.policy_set.resources for a in r.attributes if a.sensitive]
    mask, index = Mask(shown=shown), policies.index
    log = []
    for number, arguments in enumerate(case.arguments()):
        record, request, changes = (arguments[name] or {} for name in ("record", "request", "changes"))
        if not isinstance(record, dict) or arguments["resource"] not in index.resources:
            continue
        decision = policies.decide(**arguments)
        named = {name: arguments[name] for name in ("user", "action", "resource", "field")}
        made = entry(
            **named,
            id=str(number),
            allowed=decision.allowed,
            now=arguments["now"].isoformat(),
            record=mask.record(index, arguments["resource"], record).shown,
            request=mask.others(index, "request", request).shown,
            changes=None if arguments["changes"] is None else mask.record(index, arguments["resource"], changes).shown,
        )
        log.append(decode(encode(made).decode()))
    found = replay(log, policies)
    assert (found.turned, found.masked, found.unreadable) == ((), 0, 0)
    assert found.decisions == len(log)
