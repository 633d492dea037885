"""Every command that asks a policy set agrees with the decision, by the meaning that docs/asking.md gives to it."""

from __future__ import annotations

import datetime
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from hypothesis import given, note, settings

from policylang.api.policy_set import PolicySet as PolicyApi
from policylang.cli.main import commands
from policylang.ir.nodes import PolicySet
from policylang.model.types import SetType, UserType
from policylang.runtime.index import Index
from policylang.runtime.reference import decide, eligible
from policylang.text.readable import json_bytes
from tests.generated import Case, Features, cases
from tests.helpers import compiled
from tests.runtime.databases import Sqlite
from tests.runtime.dates import holds
from tests.runtime.test_filter import REFUSED

EXAMPLES = settings.default.max_examples // 6  # type: ignore[union-attr]

Answer = tuple[int, Any]
"""Exit code, and the JSON that was printed."""


class Commands:
    """A policy set in a folder, and the commands that ask it."""

    def __init__(self, folder: Path, text: str) -> None:
        self.folder = folder
        (folder / "a.policy").write_text(text, encoding="utf-8")
        self.policy_set: PolicySet = compiled(a=text)
        self.index = Index(self.policy_set)

    def run(self, command: str, *words: str, **options: Any) -> tuple[int, str]:
        given = [word for name, value in options.items() if value is not None for word in _option(name, value)]
        policies = [] if command in ("test", "diff") else ["--policies", str(self.folder)]
        result = CliRunner().invoke(commands, [command, *given, *policies, "--", *words], color=False)
        assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
        assert result.exit_code in (0, 1), (command, words, options, result.output)
        return result.exit_code, result.stdout

    def ask(self, command: str, *words: str, **options: Any) -> Answer:
        code, text = self.run(command, *words, format="json", **options)
        return code, json.loads(text)


def _option(name: str, value: Any) -> Iterator[str]:
    for each in value if isinstance(value, list) else [value]:
        yield f"--{name.replace('_', '-')}"
        if isinstance(each, datetime.datetime):
            yield each.isoformat()
        else:
            yield each if isinstance(each, str) else json.dumps(each)


def in_json(value: Any, depth: int = 3) -> Any:
    """A value as JSON has it; of records that lead in circles as many as fit."""
    match value:
        case dict():
            names = value if depth else [name for name in value if name == "id"]
            return {name: in_json(value[name], depth - 1) for name in names}
        case list() | tuple():
            return [in_json(item, depth) for item in value]
        case None | bool() | int() | str():
            return value
        case datetime.datetime():
            return value.isoformat()
        case _:
            return str(value)


# --- about one request ---------------------------------------------------------------------------------------


def agrees(asked: Commands, question: Mapping[str, Any]) -> None:
    """``question``: the arguments of `decide`, in JSON but for the instant."""
    decision = decide(asked.index, **question)
    user, action, resource, record, now = (question[name] for name in ("user", "action", "resource", "record", "now"))
    field, changes, request = question["field"], question["changes"], question["request"]
    options = {"field": field, "changes": changes, "request": request, "now": now}
    code, said = asked.ask("decide", user, action, resource=resource, record=record, **options)
    assert (code, said["allowed"]) == (int(not decision.allowed), decision.allowed)
    assert said["fields"] == list(decision.fields)
    assert said["reasons"] == list(decision.reasons)
    assert said["missing"] == list(decision.missing)
    code, text = asked.run("decide", user, action, resource=resource, record=record, **options)
    assert (code, text.split(":")[0]) == (int(not decision.allowed), "allowed" if decision.allowed else "denied")
    if changes is None:
        holders_agree(asked, question)
    if decision.allowed:
        lines_agree(asked, question, decision.fields)


def holders_agree(asked: Commands, question: Mapping[str, Any]) -> None:
    """`who-can` about the record lists those who are allowed, and without a record nobody less."""
    action, resource, record, now = (question[name] for name in ("action", "resource", "record", "now"))
    field, request = question["field"], question["request"]
    users = sorted(asked.index.requesters)
    allowed = [user for user in users if decide(asked.index, **{**question, "user": user}).allowed]
    code, said = asked.ask("who-can", action, resource, record=record, field=field, request=request, now=now)
    assert (code, sorted(each["user"] for each in said["users"])) == (int(not allowed), allowed)
    for each in said["users"]:
        fields = decide(asked.index, **{**question, "user": each["user"], "field": None}).fields
        assert sorted(each["fields"]) == sorted(fields)
    code, said = asked.ask("who-can", action, resource, field=field, now=now)
    assert {each["user"] for each in said["users"]} >= set(allowed)
    assert code == int(not said["users"])


def lines_agree(asked: Commands, question: Mapping[str, Any], fields: Iterable[str]) -> None:
    """`access` lists what is allowed, at the instant and at any time; `sql` selects something."""
    user, action, resource, now = (question[name] for name in ("user", "action", "resource", "now"))
    for at in (now, None):
        code, said = asked.ask("access", user, now=at)
        lines = [each for each in said["access"] if (each["action"], each["resource"]) == (action, resource)]
        lines = [each for each in lines if holds(each["dates"], asked.index, now)]
        assert (code, bool(lines)) == (0, True)
        assert {name for each in lines for name in each["fields"]} >= set(fields)


# --- about a policy set --------------------------------------------------------------------------------------


def the_eligible_agree(asked: Commands, now: datetime.datetime) -> None:
    for resource in asked.policy_set.resources:
        for declared in resource.attributes:
            type_ = declared.type.of if isinstance(declared.type, SetType) else declared.type
            if isinstance(type_, UserType):
                code, said = asked.ask("eligible", f"{resource.name}.{declared.name}", now=now)
                expected = list(eligible(asked.index, resource.name, declared.name, now))
                assert (code, [each["user"] for each in said["users"]]) == (int(not expected), expected)


def rows_agree(asked: Commands, case: Case) -> None:
    """`sql` selects the rows on which the action is allowed."""
    if not Sqlite.holds(case.rows):
        return
    database = Sqlite(case.policy_set, case.rows)
    for request, arguments in zip(case.requests, case.arguments(), strict=True):
        names = (request.user, request.action, request.resource)
        if request.kind not in ("record", "field") or request.user not in asked.index.requesters:
            continue
        attributes = in_json(arguments["request"])
        who = {"now": request.now, "request": attributes}
        rows = case.rows.by_resource.get(request.resource, ())
        decisions = [(row, decide(asked.index, *names, record=case.rows.record(row), **who)) for row in rows]
        given = ["--request", json.dumps(attributes)] if attributes is not None else []
        command = ["sql", *given, "--dialect", "sqlite", "--now", request.now.isoformat()]
        command += ["--policies", str(asked.folder), "--", *names]
        result = CliRunner().invoke(commands, command, color=False)
        if result.exit_code == 2:
            assert any(each in result.stderr for each in (*REFUSED, "other control characters")), result.stderr
            continue
        expected = sorted(row.key for row, decision in decisions if decision.allowed)
        assert database.keys(request.resource, result.stdout, {}) == expected, (request, result.stdout)
        assert result.exit_code == 0 or not expected


def scenarios_agree(asked: Commands, questions: list[dict[str, Any]]) -> None:
    """A scenario file written from decisions passes, and fails in each case where it says the opposite."""
    records: dict[str, Any] = {}
    tests: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
    for number, question in enumerate(questions):
        if not _is_said(question):
            continue
        name = f"record{number}"
        written: Any = name if question["field"] is None else f"{name}.{question['field']}"
        if question["changes"] is not None:
            written = {name: question["changes"]}
        records[name] = {"resource": question["resource"], **question["record"]}
        allowed = decide(asked.index, **question).allowed
        for right in (True, False):
            side = "allow" if allowed == right else "deny"
            test = {"name": name, "user": question["user"], side: {question["action"]: [written]}}
            test["now"] = question["now"].isoformat()
            if question["request"] is not None:
                test["request"] = question["request"]
            tests[right].append(test)
    if not records:
        return
    for right, cases_ in tests.items():
        file = asked.folder / "a.test.yaml"
        content = {"policies": ".", "now": "2026-11-21T12:00:00Z", "records": records, "tests": cases_}
        text = json.dumps(content, ensure_ascii=False)
        file.write_text(text.replace("\x7f", "\\u007f"), encoding="utf-8")
        code, text = asked.run("test", str(file), format="json")
        passed, failed = (len(cases_), 0) if right else (0, len(cases_))
        assert f'"passed": {passed}' in text, text
        assert f'"failed": {failed}' in text, text
        assert code == int(not right)
        file.unlink()


def _is_said(question: Mapping[str, Any]) -> bool:
    """Whether a scenario file can ask it: related records are records of their own there, not written inside."""
    values = [*question["record"].values(), *(question["changes"] or {}).values()]
    return "{" not in json.dumps(values) and (question["field"] is None or question["changes"] is None)


def a_set_is_itself(asked: Commands) -> None:
    code, said = asked.ask("diff", str(asked.folder), str(asked.folder), now="2026-11-21T12:00:00Z")
    assert code == 0, said


QUIET = Features(
    requests=4,
    strange_requests=False,
    objects=False,
    wrong_values=False,
    unknown_records=False,
    spellings=False,
    durations=False,
    addresses=False,
)


HAND_MADE = """\
timezone "America/Denver"
portals staff, client
scope region contains site
place region "same"
place site "HQ" in "same"
feature dark off
subject { same : text }
request { same : text }
resource same {
  owner : user
  keeper : user with role same
  same  : text
  optional note : text
  site  : site
  sensitive rate : money
  actions view, modify, create, delete
  action same requires view on same at region
  action peek bypasses policies
  action shine requires feature dark
  action audit requires superuser
}
resource door { actions open }
policy same on same { same is assigned user.same }
policy mine on same { owner is assigned user }
policy asked on same { request.same is "x" }
role same { portal staff  grant view, modify, create on same  grant peek, same, shine, audit on same  policy same }
role mine { portal client  grant view on same (same, note)  grant create on same (note)  policy mine }
role none { grant delete on same (note)  deny delete on same (note)  deny view on same (note) }
role reads { grant view on same including rate  policy asked }
essential role gone { grant open on door }
group same { role same  grant delete on same  deny delete on same { note is "kept" }  policy mine }
group mine { role mine  grant open on door }
job "same" { role reads }
user "same" in same { same : "same" }
user "dana" in mine job "same" { same : "x" }
user "past" { assign role same until 2020-01-31  assign role none from 2020-01-01 until 2020-06-30 }
user "here" { same : "same"  assign role same at site "HQ"  assign role mine at region "same" from 2026-11-21 }
user "none" { assign role none  assign role gone }
user "over" in same { same : "x"  override policy asked on same }
user "less" in same { same : "same"  append policy asked }
superuser user "root" { assign role same }
terminated user "left" in same { assign role gone  assign role same }
integration bot { role mine  objects same }
deny view on same (rate) { note is "secret" }
"""
HAND_MADE_RECORDS: list[dict[str, Any]] = [
    {},
    {"owner": "same", "same": "same", "site": "HQ"},
    {"owner": "dana", "same": "x", "note": "kept", "rate": "1.50"},
    {"owner": "here", "same": "same", "note": "secret", "site": "HQ", "keeper": "same"},
    {"note": "n", "owner": "bot"},
    {"keeper": "dana", "owner": "less", "same": "same"},
]
NOWS = [
    datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC),
    datetime.datetime(2026, 11, 21, 6, 59, 59, tzinfo=datetime.UTC),
    datetime.datetime(2020, 1, 31, 12, tzinfo=datetime.UTC),
]


def test_commands_agree_with_decisions_about_a_set_with_everything(tmp_path: Path) -> None:
    asked = Commands(tmp_path, HAND_MADE)
    actions = [(resource, action) for resource in asked.index.actions for action in asked.index.actions[resource]]
    questions = [
        {
            "user": user,
            "action": action,
            "resource": resource,
            "record": record if resource == "same" else {},
            "now": NOWS[number % len(NOWS)],
            "request": None if number % 4 == 3 else {"same": "x"},
            "field": (None, None, "note", "rate")[number % 4] if resource == "same" else None,
            "changes": None,
        }
        for number, (user, record, (resource, action)) in enumerate(
            (user, record, action)
            for user in asked.index.requesters
            for record in HAND_MADE_RECORDS
            for action in actions
        )
    ]
    questions += [
        {**each, "changes": changes, "field": None}
        for each in questions
        if each["action"] == "modify"
        for changes in ({"note": "kept"}, {"keeper": "here", "owner": "same"})
    ]
    assert {decide(asked.index, **each).allowed for each in questions} == {True, False}
    for question in questions[::7]:
        agrees(asked, question)
    scenarios_agree(asked, questions)
    for now in NOWS:
        the_eligible_agree(asked, now)
    a_set_is_itself(asked)


def test_somebody_is_like_a_user_with_the_same(tmp_path: Path) -> None:
    """`--as-role`, `--as-group` and `--as-attributes` against a user who is declared."""
    asked = Commands(tmp_path, HAND_MADE)
    made: list[tuple[dict[str, Any], str]] = [
        ({"as_role": ["same"]}, "{} {{ {} assign role same }}"),
        ({"as_role": ["mine", "same@site:HQ"]}, '{} {{ {} assign role mine  assign role same at site "HQ" }}'),
        ({"as_role": ["same@region:same"]}, '{} {{ {} assign role same at region "same" }}'),
        ({"as_group": "same"}, "{} in same {{ {} }}"),
        ({"as_group": "mine", "as_role": ["none"]}, "{} in mine {{ {} assign role none }}"),
    ]
    for options, block in made:
        for attributes, written in ((None, ""), ({"same": "same"}, 'same : "same"')):
            declared = Index(compiled(a=HAND_MADE, somebody="user " + block.format('"(somebody)"', written)))
            for action in asked.index.actions["same"]:
                for record in (*HAND_MADE_RECORDS, {"owner": "(somebody)", "same": "same"}):
                    decision = decide(declared, "(somebody)", action, "same", record, now=NOWS[0])
                    given_ = {"resource": "same", "record": record, "now": NOWS[0], "as_attributes": attributes}
                    code, said = asked.ask("decide", action, **given_, **options)
                    assert (code, said["allowed"]) == (int(not decision.allowed), decision.allowed)
                    assert said["fields"] == list(decision.fields)
            if attributes is None:
                for now in (NOWS[0], None):
                    _, said = asked.ask("access", now=now, **options)
                    _, theirs = _declared_access(declared, now)
                    assert [_line(each) for each in said["access"]] == theirs


def _declared_access(index: Index, now: datetime.datetime | None) -> tuple[None, list[tuple[Any, ...]]]:
    lines = PolicyApi(index).access("(somebody)", now=now)
    return None, [_line(json.loads(json_bytes(each))) for each in lines]


def _line(each: Mapping[str, Any]) -> tuple[Any, ...]:
    return each["resource"], each["action"], each["fields"], each["limits"], each["denies"], each["source"]


def test_users_made_up_are_like_users_declared(tmp_path: Path) -> None:
    text = """\
    subject { team : text }
    resource doc { owner : user  actions view }
    policy team on doc { owner.team is assigned user.team }
    role reader { grant view on doc  policy team }
    user "ann" { team : "x"  assign role reader }
    """
    asked = Commands(tmp_path, text)
    for team, allowed in (("x", True), ("y", False), (None, False)):
        code, said = asked.ask(
            "decide", "ann", "view", resource="doc", record={"owner": "new"}, users={"new": {"team": team}}, now=NOWS[0]
        )
        declared = compiled(text + 'user "new" { ' + (f'team : "{team}"' if team else "") + " }")
        assert decide(Index(declared), "ann", "view", "doc", {"owner": "new"}, now=NOWS[0]).allowed is allowed
        assert (code, said["allowed"]) == (int(not allowed), allowed)


def test_without_an_instant_the_answer_is_that_of_the_instant_it_names(tmp_path: Path) -> None:
    asked = Commands(tmp_path, HAND_MADE)
    record = HAND_MADE_RECORDS[1]
    for user in asked.index.requesters:
        code, said = asked.ask("decide", user, "view", resource="same", record=record)
        now = datetime.datetime.fromisoformat(said["now"])
        decision = decide(asked.index, user, "view", "same", record, now=now)
        assert (code, said["allowed"]) == (int(not decision.allowed), decision.allowed)
    code, said = asked.ask("who-can", "view", "same", record=record)
    now = datetime.datetime.fromisoformat(said["now"])
    allowed = [u for u in asked.index.requesters if decide(asked.index, u, "view", "same", record, now=now).allowed]
    assert sorted(each["user"] for each in said["users"]) == sorted(allowed)


@given(cases(QUIET))
@settings(max_examples=EXAMPLES, deadline=None)
def test_commands_agree_with_decisions(case: Case) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asked = Commands(Path(folder), case.text)
        questions = [
            {name: value if name == "now" else in_json(value) for name, value in arguments.items()}
            for arguments in case.arguments()
        ]
        for question in questions:
            question["record"] = question["record"] or {}
            note(str(question))
            agrees(asked, question)
        the_eligible_agree(asked, case.world.now)
        rows_agree(asked, case)
        scenarios_agree(asked, [each for each in questions if not _is_module(asked, each)])


def _is_module(asked: Commands, question: Mapping[str, Any]) -> bool:
    return not asked.index.attributes[question["resource"]]
