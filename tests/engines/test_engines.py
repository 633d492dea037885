"""The engines are there, and allow and deny what a policy written by hand says."""

from __future__ import annotations

import datetime
import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.engines import cerbos_engine, files, openfga_engine, postgres_engine
from tests.engines.cedar_engine import CedarEngine
from tests.engines.cerbos_engine import CerbosServer
from tests.engines.files import EngineError
from tests.engines.openfga_engine import OpenFgaEngine
from tests.engines.postgres_engine import Database, PostgresServer
from tests.engines.rego_engine import UNDEFINED, RegoCppEngine, RegorusEngine
from tests.engines.spicedb_engine import Check, SpiceDbEngine
from tools import engines

HOSTILE = 'a"\n${x}{{--é\\'

# --- what they have in common ------------------------------------------------------------------------------------

OWNER = """
import sys, time
from pathlib import Path
from tests.engines.process import Server
server = Server(["sleep", "600"], "TERM", Path(sys.argv[1]))
print("started", flush=True)
time.sleep(600)
"""


def test_a_server_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    folder = tmp_path / "server"
    folder.mkdir()
    command = [sys.executable, "-c", OWNER, str(folder)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "started\n"
        owner.kill()
    until = time.monotonic() + 30
    while folder.exists():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_missing_engine_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "FOLDER", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(engines.MissingError, match=r"install Node\.js"):
        CerbosServer()


# --- cedar -------------------------------------------------------------------------------------------------------

CEDAR_SCHEMA = "entity User, Doc; action view appliesTo {principal: User, resource: Doc, context: {amount: Long}};"
CEDAR_POLICIES = {
    "staticPolicies": {
        "grant/view": {
            "effect": "permit",
            "principal": {"op": "==", "entity": {"type": "User", "id": HOSTILE}},
            "action": {"op": "==", "entity": {"type": "Action", "id": "view"}},
            "resource": {"op": "All"},
            "conditions": [
                {
                    "kind": "when",
                    "body": {
                        "<": {"left": {".": {"left": {"Var": "context"}, "attr": "amount"}}, "right": {"Value": 3}}
                    },
                }
            ],
        }
    },
    "templates": {},
    "templateLinks": [],
}


def cedar_request(user: str, amount: object) -> dict[str, object]:
    entities = {"principal": ("User", user), "action": ("Action", "view"), "resource": ("Doc", "1")}
    return {
        **{name: {"type": type, "id": id} for name, (type, id) in entities.items()},
        "context": {"amount": amount},
    }


def test_cedar() -> None:
    engine = CedarEngine(json.dumps(CEDAR_POLICIES), CEDAR_SCHEMA)
    answers = engine.ask([cedar_request(HOSTILE, 1), cedar_request(HOSTILE, 3), cedar_request("bob", 1)])
    assert [answer.allowed for answer in answers] == [True, False, False]
    assert answers[0].reasons == ("grant/view",)


def test_cedar_refuses_what_does_not_fit_the_schema() -> None:
    with pytest.raises(EngineError, match="amuont"):
        CedarEngine("permit(principal, action, resource) when { context.amuont == 1 };", CEDAR_SCHEMA)
    with pytest.raises(EngineError, match="is not valid for"):
        CedarEngine(json.dumps(CEDAR_POLICIES), CEDAR_SCHEMA).ask([cedar_request("bob", "1")])


# --- rego --------------------------------------------------------------------------------------------------------

REGO = {
    "access.rego": """
package access
import rego.v1

default allow := false
allow if input.amount < data.grants.users[input.user].limit
limit := data.grants.users[input.user].limit
""",
    "grants/data.json": json.dumps({"users": {HOSTILE: {"limit": 3}}}),
}


@pytest.mark.parametrize("engine", [RegorusEngine, RegoCppEngine])
def test_rego(engine: type[RegorusEngine | RegoCppEngine]) -> None:
    asked = [{"user": HOSTILE, "amount": 1}, {"user": HOSTILE, "amount": 3}, {"user": "bob", "amount": 1}]
    running = engine(REGO)
    assert running.ask("data.access.allow", asked) == [True, False, False]
    assert running.ask("data.access.limit", asked) == [3, 3, UNDEFINED]
    with pytest.raises(EngineError):
        engine({"a.rego": "package a\nallow if {"})


# --- cerbos ------------------------------------------------------------------------------------------------------

KIND = HOSTILE.replace("{", "").replace("}", "")  # which no name of a kind may have
NOBODY_CLOSED = "R.attr.status == 'closed'"


def cerbos_policy(limit: str) -> str:
    allow = {"actions": ["view"], "effect": "EFFECT_ALLOW", "roles": ["user"]}
    deny = {
        "actions": ["view"],
        "effect": "EFFECT_DENY",
        "roles": ["*"],
        "condition": {"match": {"expr": NOBODY_CLOSED}},
    }
    rules = [{**allow, "condition": {"match": {"expr": f"R.attr.amount < {limit}"}}}, deny]
    policy = {"version": "default", "resource": KIND, "rules": rules}
    return json.dumps({"apiVersion": "api.cerbos.dev/v1", "resourcePolicy": policy})


def cerbos_request(role: str, **record: object) -> dict[str, object]:
    principal = {"id": "ann", "roles": [role]}
    return {"principal": principal, "resource": {"kind": KIND, "id": "1", "attr": record}, "actions": ["view"]}


def test_cerbos(cerbos: CerbosServer) -> None:
    cerbos.load({"doc.yaml": cerbos_policy("3")})
    asked = [("user", 1, "open"), ("user", 3, "open"), ("other", 1, "open"), ("user", 1, "closed")]
    requests = [cerbos_request(role, amount=amount, status=status) for role, amount, status in asked]
    assert [each["view"] for each in cerbos.check(requests)] == [True, False, False, False]
    # A deny that cannot be evaluated: allowed, without the setting.
    assert cerbos.check([cerbos_request("user", amount=1)]) == [{"view": False}]
    cerbos.load({"doc.yaml": cerbos_policy("1")})
    assert cerbos.check(requests[:1]) == [{"view": False}]
    assert len(cerbos.check(requests[:1] * 501)) == 501


@pytest.mark.parametrize("broken", [cerbos_policy("nothing"), "{", "a: 1"])
def test_cerbos_refuses(cerbos: CerbosServer, broken: str) -> None:
    cerbos.load({"doc.yaml": cerbos_policy("3")})
    with pytest.raises(EngineError, match=r"doc\.yaml"):
        cerbos.load({"doc.yaml": broken})


def test_cerbos_answers_after_a_rest(cerbos: CerbosServer) -> None:
    """When it has closed the connection."""
    cerbos.load({"doc.yaml": cerbos_policy("3")})
    cerbos._connection.sock.shutdown(socket.SHUT_RDWR)
    assert cerbos.check([cerbos_request("user", amount=1)]) == [{"view": False}]


def test_cerbos_waits_for_the_schemas(cerbos: CerbosServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which it may still have of the set before when the policies are in force."""
    cerbos.load({"doc.yaml": cerbos_policy("3")})
    ask, answers = cerbos._ask, []

    def stale(method: str, path: str, body: Any = None) -> tuple[int, Any]:
        status, answer = ask(method, path, body)
        if path == "/api/check/resources" and len(answers) < 2:
            answer["results"][0]["validationErrors"] = [{"message": "of the schema before"}]
        answers.append(path)
        return status, answer

    monkeypatch.setattr(cerbos, "_ask", stale)
    cerbos.load({"doc.yaml": cerbos_policy("1")})
    assert answers.count("/api/check/resources") > 1
    for name in ("a", "b", "c"):
        schema = {"type": "object", "required": [name]}
        ref = {"resourceSchema": {"ref": "cerbos:///doc.json"}}
        policy = {"version": "default", "resource": "doc", "schemas": ref}
        rule = {"actions": ["view"], "effect": "EFFECT_ALLOW", "roles": ["user"]}
        made = {"apiVersion": "api.cerbos.dev/v1", "resourcePolicy": {**policy, "rules": [rule]}}
        cerbos.load({"doc.json": json.dumps(made), "_schemas/doc.json": json.dumps(schema)})
        asked = {**cerbos_request("user"), "resource": {"kind": "doc", "id": "1", "attr": {name: 1}}}
        assert cerbos.check([asked]) == [{"view": True}]


def test_cerbos_compile(tmp_path: Path) -> None:
    def test(effect: str) -> str:
        expected = [{"principal": "ann", "resource": "doc", "actions": {"view": effect}}]
        asked = {"principals": ["ann"], "resources": ["doc"], "actions": ["view"]}
        return json.dumps(
            {
                "name": "suite",
                "principals": {"ann": {"id": "ann", "roles": ["user"]}},
                "resources": {"doc": {"id": "1", "kind": KIND, "attr": {"amount": 1}}},
                "tests": [{"name": "one", "input": asked, "expected": expected}],
            }
        )

    files.write(tmp_path, {"doc.yaml": cerbos_policy("3"), "doc_test.json": test("EFFECT_DENY")})
    assert cerbos_engine.compile(tmp_path) == (1, ())
    assert cerbos_engine.compile(tmp_path, strict=False).wrong
    files.write(tmp_path, {"doc.yaml": cerbos_policy("nothing")})
    with pytest.raises(EngineError, match="nothing"):
        cerbos_engine.compile(tmp_path)


# --- postgres ----------------------------------------------------------------------------------------------------

POSTGRES = """
CREATE TABLE doc (id int PRIMARY KEY, owner text);
INSERT INTO doc VALUES (1, 'ann'), (2, 'bob');
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE ROLE "a""b";
GRANT SELECT, UPDATE ON doc TO "a""b";
CREATE POLICY own ON doc TO "a""b" USING (owner = nullif(current_setting('app.user', true), ''));
"""


def of_postgres(database: Database) -> None:
    database.run(POSTGRES)
    statements = [
        "SELECT id FROM doc",
        "UPDATE doc SET owner = owner",
        "UPDATE doc SET owner = 'bob'",
        "DELETE FROM doc",
        "SELECT id FROM doc",
    ]
    outcomes = database.ask('a"b', {"app.user": "ann"}, statements)
    assert [(each.rows, each.error) for each in outcomes] == [
        (((1,),), ""),
        ((), ""),
        ((), "42501"),
        ((), "42501"),
        (((1,),), ""),
    ]
    assert outcomes[1].touched == 1
    (nobody,) = database.ask('a"b', {}, ["SELECT id FROM doc"])
    assert nobody == ((), 0, "")


def test_postgres(postgres: PostgresServer) -> None:
    for _ in range(2):  # roles are gone with their database
        with postgres.database() as database:
            of_postgres(database)
            with database.connect() as connection:
                (row,) = connection.execute("SELECT now()")
                assert isinstance(row[0], datetime.datetime)


def test_postgres_of_the_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_engine, "_OWN", ())
    with PostgresServer() as server, server.database() as database:
        of_postgres(database)


# --- openfga -----------------------------------------------------------------------------------------------------

OPENFGA = """model
  schema 1.1
type user
type doc
  relations
    define owner: [user, user with below]
    define view: owner
condition below(amount: int, limit: int) {
  amount < limit
}
"""
OPENFGA_TUPLES: list[dict[str, object]] = [
    {"user": "user:ann", "relation": "owner", "object": "doc:1"},
    {
        "user": "user:bob",
        "relation": "owner",
        "object": "doc:1",
        "condition": {"name": "below", "context": {"limit": 3}},
    },
]


def test_openfga() -> None:
    engine = OpenFgaEngine(OPENFGA, OPENFGA_TUPLES)
    asked = [
        ("ann", "1", {}),
        ("ann", "2", {}),
        ("bob", "1", {"amount": 1}),
        ("bob", "1", {"amount": 3}),
        ("bob", "1", {}),
    ]
    requests = [
        {"user": f"user:{user}", "relation": "view", "object": f"doc:{doc}", "context": context}
        for user, doc, context in asked
    ]
    assert engine.check(requests) == [True, False, True, False, None]
    assert engine.check_each_once([requests[n] for n in (0, 1, 4)]) == [True, False, None]
    assert engine.check_each_once(requests[1:2]) == [False]
    listed = [{**each, "type": "doc"} for each in requests]
    assert engine.list_objects(listed) == [["doc:1"], ["doc:1"], ["doc:1"], [], None]
    with pytest.raises(EngineError, match="typo"):
        OpenFgaEngine("model\n  schema 1.1\ntypo user\n").check(requests)
    with pytest.raises(EngineError):
        OpenFgaEngine("model\n  schema 1.1\ntypo user\n").check_each_once(requests)


@pytest.mark.parametrize("expected", [True, False])
def test_openfga_tests(tmp_path: Path, expected: bool) -> None:
    path = tmp_path / "store.fga.yaml"
    check = [{"user": "user:ann", "object": "doc:1", "assertions": {"view": expected, "owner": True}}]
    store = {"model": OPENFGA, "tuples": OPENFGA_TUPLES, "tests": [{"name": "one", "check": check}]}
    path.write_text(json.dumps(store))
    if expected:
        assert openfga_engine.run_tests(path)[0] == 2
    else:
        with pytest.raises(EngineError, match="expected=false, got=true"):
            openfga_engine.run_tests(path)


# --- spicedb -----------------------------------------------------------------------------------------------------

SPICEDB = """
caveat below(amount int, limit int) { amount < limit }
definition user {}
definition group {
    relation member: user
}
definition doc {
    relation reader: user | user with below | group#member
    permission view = reader
}
"""


def test_spicedb() -> None:
    relationships = [
        "doc:1#reader@user:ann",
        'doc:1#reader@user:bob[below:{"limit": 3}]',
        "doc:2#reader@group:all#member",
        "group:all#member@user:bob",
    ]
    with SpiceDbEngine(SPICEDB, relationships) as engine:
        asked = [
            ("ann", "1", {}),
            ("ann", "2", {}),
            ("bob", "1", {"amount": 1}),
            ("bob", "1", {"amount": 3}),
            ("bob", "1", {}),
        ]
        requests = [Check(f"doc:{doc}", "view", f"user:{user}", context) for user, doc, context in asked]
        assert engine.check(requests) == ["yes", "no", "yes", "no", "conditional"]
        assert engine.lookup("doc", "view", "user:ann") == {"1": "yes"}
        assert engine.lookup("doc", "view", "user:bob") == {"1": "conditional", "2": "yes"}
        assert engine.lookup("doc", "view", "user:bob", {"amount": 3}) == {"2": "yes"}
    with SpiceDbEngine(SPICEDB) as engine:
        assert engine.check(requests[:1]) == ["no"]
        with pytest.raises(EngineError, match="nothing"):
            engine.check([Check("doc:1", "nothing", "user:ann")])
    with pytest.raises(EngineError, match="`user` not found"):
        SpiceDbEngine("definition doc {\n relation reader: user\n}")
    with pytest.raises(EngineError, match="not a relationship"):
        SpiceDbEngine(SPICEDB, ["doc:1"])
    with SpiceDbEngine(SPICEDB, [f"doc:{n}#reader@user:ann" for n in range(2500)]) as engine:
        assert len(engine.lookup("doc", "view", "user:ann")) == 2500
