"""PostgreSQL decides as the reference does: real rows, real roles, a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
from hypothesis import HealthCheck, assume, given, settings

from policylang.ir import nodes as ir
from policylang.model import conditions as c
from policylang.pipelines.compile import compile_for
from policylang.runtime.index import Index
from policylang.runtime.request import Request
from policylang.settings.config import Config
from policylang.settings.limits import Limits
from policylang.settings.targets import TargetSettings
from policylang.targets import find_target
from policylang.targets.postgres.rights import commands
from policylang.targets.target import Input, TargetBundle
from tests.docs.blocks import ROOT, blocks
from tests.engines.postgres_engine import Database, PostgresServer
from tests.generated import Case, Features, cases
from tests.helpers import compiled, project
from tests.targets.differential import NOW, SETS, Compared, compare, known, of_case
from tests.targets.postgres_sales import BOB, DENIED, ROWS, SALES, bundle, inside, run
from tests.targets.postgres_session import TARGET, PostgresSession, loaded, undone
from tests.targets.postgres_session import settings as tables_of

EXAMPLES = settings.default.max_examples  # type: ignore[union-attr]
FEATURES = Features(
    trees=False,
    record_attributes=False,
    objects=False,
    spellings=False,
    strange_requests=False,
    wrong_values=False,
    durations=False,
    requests=30,
)


@pytest.fixture(scope="module")
def database(postgres: PostgresServer) -> Iterator[Database]:
    with postgres.database() as made:
        yield made


@pytest.fixture(scope="module")
def connection(database: Database) -> Iterator[psycopg.Connection[Any]]:
    with database.connect() as opened:
        yield opened


Load = Callable[[psycopg.Connection[Any], TargetBundle, Index], AbstractContextManager[PostgresSession]]


def asked(database: Database, policy_set: ir.PolicySet, requests: Any, load: Load = loaded) -> Compared:
    chosen = TargetSettings(postgres=tables_of(policy_set))
    # A connection of its own: one that has undone hundreds of scripts takes ten times as long to undo the next.
    with database.connect() as connection:

        def start(bundle: TargetBundle, of: Index) -> AbstractContextManager[PostgresSession]:
            return load(connection, bundle, of)

        return compare("postgres", start, policy_set, requests, settings=chosen)


@pytest.mark.parametrize("name", SETS)
def test_policy_sets_that_people_wrote(database: Database, name: str) -> None:
    policy_set, scenarios = known(name)
    found = asked(database, policy_set, [scenario.asked for scenario in scenarios])
    assert found.refused == []
    assert found.asked > found.unanswered
    assert 0.2 < found.allowed / found.asked < 0.8


def generated(database: Database, features: Features, count: int) -> Compared:
    total = Compared()

    @given(cases(features))
    @settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck))
    def agree(case: Case) -> None:
        total.add(asked(database, case.policy_set, of_case(case), undone))

    agree()
    return total


@pytest.mark.hypothesis
def test_generated_policy_sets(database: Database) -> None:
    total = generated(database, replace(FEATURES, fields=False, sensitive=False), EXAMPLES)
    assert total.refused == []
    assert total.asked > 10 * EXAMPLES
    assert 0.15 < total.allowed / total.asked < 0.7


@pytest.mark.hypothesis
def test_generated_policy_sets_about_attributes(database: Database) -> None:
    """Most let somebody view an attribute on some records only, which is refused."""
    total = generated(database, FEATURES, EXAMPLES * 2 // 3)
    assert all("column privileges do not depend on the row" in each for each in total.refused)
    assert total.asked > 2 * EXAMPLES
    assert 0.15 < total.allowed / total.asked < 0.7


def in_the_row(asked: list[Request]) -> list[Request]:
    """The requests about records that have the key of the row that the session is about."""
    return [msgspec.structs.replace(each, record={**each.record, "id": TARGET}) for each in asked]


@pytest.mark.hypothesis
def test_generated_trees(database: Database) -> None:
    total = Compared()
    features = replace(FEATURES, trees=True, fields=False, sensitive=False, policies=8, places=False, requests=25)

    @given(cases(features))
    @settings(max_examples=EXAMPLES // 6, deadline=None, suppress_health_check=list(HealthCheck))
    def agree(case: Case) -> None:
        assume(any(isinstance(test, c.Under) for _, each in case.policy_set.conditions() for test in each.tests()))
        total.add(asked(database, case.policy_set, in_the_row(of_case(case)), undone))

    agree()
    assert total.refused == []
    assert total.asked > EXAMPLES // 2


TREES = """
subject {{ home : deal  key : text  boss : user }}
request {{ of : deal  by : user }}
resource deal {{ {optional} parent : deal as tree  other : deal  name : text  actions view, modify, create }}
resource note {{ deal : deal  actions view }}
policy p on deal {{ {condition} }}
policy q on note {{ not (deal is under assigned user.home) }}
role r {{ grant view, modify, create on deal  policy p  grant view on note  policy q }}
user "ann" {{ home : "top"  key : "top"  assign role r }}
user "bea" {{ boss : "ann"  assign role r }}
"""


@pytest.mark.parametrize("optional", ["optional", ""])
@pytest.mark.parametrize(
    "condition",
    [
        "deal is under assigned user.home",
        "not (deal is under assigned user.key)",
        'parent is under "top"',
        "deal is under other",
        "deal is under deal and deal is not under name",
        "deal is under request.of",
        "not (deal is under request.of) or parent is under request.by.home",
        "deal is not under assigned user.boss.home",
    ],
)
def test_rows_above_rows(database: Database, condition: str, optional: str) -> None:
    policy_set = compiled(TREES.format(condition=condition, optional=optional))
    ways: list[tuple[str, ...]] = [("top",), ("a", "top"), ("b", "c", "d"), ("e", "f", "g", "top"), ()]
    above = [_chain(way) for way in ways]
    circle: dict[str, Any] = {"id": "x", "parent": {"id": "y"}}
    circle["parent"]["parent"] = circle
    above += [circle, "unknown", {"id": "h", "parent": "unknown"}]
    records = [
        {"id": TARGET} | ({} if each is None else {"parent": each}) | {"other": {"id": "top"}, "name": "c"}
        for each in above
    ]
    brought: list[dict[str, Any]] = [{}, {"of": "top"}, {"of": {"id": "c"}, "by": "ann"}, {"of": _chain(("g", "top"))}]
    brought += [{"of": "unknown", "by": "bea"}, {"of": None}]
    requests = [
        Request(user, action, "deal", record, NOW, brought[(number + len(user)) % len(brought)])
        for number, record in enumerate(records * 2)
        for user in ("ann", "bea")
        for action in ("view", "modify", "create")
    ]
    requests += [
        Request("ann", "modify", "deal", each, NOW, changes={"parent": to}) for each in records for to in above
    ]
    requests += [Request("ann", "view", "note", {"id": TARGET, "deal": each}, NOW) for each in above]
    found = asked(database, policy_set, requests)
    assert found.refused == []
    assert found.unanswered == 0
    assert found.allowed or not optional  # where each has one above it, nothing is known to lie elsewhere


def _chain(keys: tuple[str, ...]) -> Any:
    """A record with the others above it."""
    record: Any = None
    for key in reversed(keys):
        record = {"id": key} | ({} if record is None else {"parent": record})
    return record


RECORDS_OF_USERS = """
subject {{ home : deal  boss : user }}
resource deal {{ name : text  optional parent : deal  kin : set of deal  lead : user  actions view, modify, create }}
policy p on deal {{ {condition} }}
role r {{ grant view, modify, create on deal  policy p }}
role s {{ grant view, modify, create on deal  deny view, modify, create on deal {{ {condition} }} }}
user "ann" {{ home : "top" boss : "bea"  assign role r }}
user "bea" {{ home : "c" assign role r }}
user "cid" {{ assign role r }}
user "dan" {{ home : "top" boss : "cid"  assign role s }}
"""


@pytest.mark.parametrize(
    "condition",
    [
        "parent is assigned user.home",
        "not (parent is assigned user.home)",
        "parent is not assigned user.boss.home",
        "kin contains assigned user.home",
        "not (kin contains assigned user.boss.home)",
        "kin contains lead.home or not (lead.boss.home is parent)",
        "assigned user.boss.home is missing",
        "lead.home is not assigned user.home",
    ],
)
def test_records_of_users_are_told_by_their_ids(database: Database, condition: str) -> None:
    above: list[Any] = [None, "top", {"id": "top"}, {"id": "c"}, {"id": "d"}]
    kin: list[Any] = [None, [], [{"id": "top"}], [{"id": "c"}, None], ["d"]]
    records = [
        {"name": "n", "parent": parent, "kin": each, "lead": lead}
        for parent, each in zip(above * 5, [k for k in kin for _ in above], strict=True)
        for lead in ("ann", "cid", None)
    ]
    requests = [
        Request(user, action, "deal", {name: value for name, value in record.items() if value is not None}, NOW)
        for record in records
        for user in ("ann", "bea", "cid", "dan")
        for action in ("view", "create")
    ]
    found = asked(database, compiled(RECORDS_OF_USERS.format(condition=condition)), requests)
    assert found.refused == []
    assert found.asked > 400
    assert 0 < found.allowed < found.asked


@pytest.mark.parametrize(
    "condition",
    ["request.of is under other", "deal is under request.of.other", "assigned user.home is under other"],
)
def test_records_of_users_and_requests_are_no_rows(condition: str) -> None:
    text = TREES.format(condition=condition, optional="optional")
    found = compile_for(find_target("postgres"), Input(compiled(text)))
    assert not isinstance(found, TargetBundle)
    assert ["users and requests hold no rows" in each.message for each in found] == [True]


# --- statements about several rows ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("user", "statement", "done", "left"),
    [
        ("ann", "SELECT name FROM customer", 3, None),
        ("eve", "SELECT name FROM customer", DENIED, None),
        ("ann", "UPDATE customer SET name = 'x'", 2, {"1": "x", "2": "x", "3": "c"}),
        ("ann", "UPDATE customer SET name = 'x' WHERE id > '1'", 1, {"1": "a", "2": "x", "3": "c"}),
        (BOB, "UPDATE customer SET name = 'x'", 1, {"1": "a", "2": "b", "3": "x"}),
        ("ann", "UPDATE customer SET owner = 'it''s \"bob\"'", DENIED, None),  # out of her own reach
        ("ann", "UPDATE customer SET owner = 'eve'", DENIED, None),
        ("eve", "UPDATE customer SET name = 'x'", DENIED, None),
        ("ann", "UPDATE customer SET id = 'x'", DENIED, None),
        ("ann", "DELETE FROM customer", 1, {"2": "b", "3": "c"}),
        ("ann", "DELETE FROM customer WHERE status = 'active'", 0, None),
        ("eve", "DELETE FROM customer", DENIED, None),
        ("ann", "TRUNCATE customer", DENIED, None),
        ("ann", "INSERT INTO customer VALUES ('4', 'd', 'ann', 'lead')", 1, {"1": "a", "2": "b", "3": "c", "4": "d"}),
        ("ann", "INSERT INTO customer VALUES ('4', 'd', 'eve', 'lead')", DENIED, None),
        ("ann", "INSERT INTO customer (id, name) VALUES ('4', 'd')", DENIED, None),  # nobody's
        (
            "ann",
            "INSERT INTO customer VALUES ('4', 'd', 'ann', 'lead') RETURNING id",
            1,
            {"1": "a", "2": "b", "3": "c", "4": "d"},
        ),
        ("eve", "INSERT INTO customer VALUES ('4', 'd', 'eve', 'lead')", DENIED, None),
        ("ann", "SELECT * FROM policylang.users", DENIED, None),
    ],
)
def test_statements(
    customers: psycopg.Connection[Any], user: str, statement: str, done: int | str, left: dict[str, str] | None
) -> None:
    found, rows = run(customers, user, statement)
    assert found == done
    assert {row[0]: row[1] for row in rows} == (left or {row[0]: row[1] for row in ROWS})


def test_the_owner_of_the_table_sees_nothing(customers: psycopg.Connection[Any]) -> None:
    customers.execute("SET LOCAL ROLE landlord")
    assert customers.execute("SELECT * FROM customer").fetchall() == []
    assert customers.execute("UPDATE customer SET name = 'x'").rowcount == 0
    assert customers.execute("DELETE FROM customer").rowcount == 0


@pytest.mark.parametrize("user", ["", "nobody", "ann'; --", "${user}", "{{ann}}"])
def test_nobody_becomes_a_user_that_there_is_not(customers: psycopg.Connection[Any], user: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="there is no user"), customers.transaction():
        customers.execute("SELECT policylang.become(%s)", [user])


def test_a_role_alone_is_nobody(customers: psycopg.Connection[Any]) -> None:
    """Neither without a user, nor with one of another role, nor after the transaction that said one."""
    role, other = (
        customers.execute("SELECT policylang.role_of(%s)", [user]).fetchone()[0]  # type: ignore[index]
        for user in ("ann", "eve")
    )
    assert role != other
    for user in ("", "eve", "nobody"):
        with customers.transaction(force_rollback=True):
            customers.execute(
                "SELECT set_config('policylang.user', %s, true), set_config('role', %s, true)", [user, role]
            )
            assert customers.execute("SELECT name FROM customer").fetchall() == []


def test_again_and_back(connection: psycopg.Connection[Any]) -> None:
    """The script runs twice, over an older one, and what it did is taken back whole."""
    state = """
        SELECT relrowsecurity, relforcerowsecurity, relacl, (SELECT count(*) FROM pg_policies),
          (SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal), (SELECT count(*) FROM pg_roles),
          (SELECT count(*) FROM pg_namespace WHERE nspname = 'policylang')
        FROM pg_class WHERE relname = 'customer'
    """
    older = SALES.replace('user "eve"', 'user "eve" in sales { append policy leads on customer }')
    scripts = [compile_for(find_target("postgres"), Input(compiled(text))) for text in (older, SALES)]
    with connection.transaction(force_rollback=True):
        connection.execute("CREATE TABLE customer (id text PRIMARY KEY, name text, owner text, status text)")
        connection.execute("GRANT SELECT ON customer TO PUBLIC")
        before = connection.execute(state).fetchone()
        after = []
        for bundle in (scripts[1], scripts[0], scripts[1], scripts[1]):
            assert isinstance(bundle, TargetBundle)
            connection.execute(inside(bundle.files["up.sql"]))
            after.append(connection.execute(state).fetchone())
        assert after[2] == after[3] != after[1]
        assert after[0] == after[2]
        connection.execute(inside(scripts[1].files["down.sql"]))  # type: ignore[union-attr]
        assert connection.execute(state).fetchone() == before


AGAIN = """
subject { home : deal }
resource deal { owner : user  optional parent : deal as tree  actions view }
resource note { deal : deal  when : set of date  actions view }
policy branch on deal { deal is under assigned user.home }
policy told on note { deal.owner is assigned user and not (deal is under assigned user.home) and when overlaps when }
group sales { grant view on deal  grant view on note  policy branch  policy told }
user "ann" in sales { home : "1" }
"""


def test_again_with_functions_for_trees_and_related_rows(connection: psycopg.Connection[Any]) -> None:
    script = inside(bundle(AGAIN).files["up.sql"])
    functions = "SELECT count(*) FROM pg_proc WHERE pronamespace = 'policylang'::regnamespace"
    with connection.transaction(force_rollback=True):
        connection.execute("CREATE TABLE deal (id text PRIMARY KEY, owner text, parent text)")
        connection.execute('CREATE TABLE note (id text PRIMARY KEY, deal text, "when" date[])')
        counts = []
        for _ in range(2):
            connection.execute(script)
            counts.append(connection.execute(functions).fetchone())
        assert counts[0] == counts[1]


# --- the bundle ----------------------------------------------------------------------------------------------


def test_the_readme_tells_the_truth(customers: psycopg.Connection[Any]) -> None:
    """Its statements, as they stand, with the names of this set."""
    bundle = compile_for(find_target("postgres"), Input(compiled(SALES)))
    assert isinstance(bundle, TargetBundle)
    text = bundle.files["README.md"].decode()
    blocks = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    assert blocks[0] == "psql -v ON_ERROR_STOP=1 -f up.sql"
    customers.execute("CREATE ROLE my_login LOGIN")
    customers.execute(blocks[1].encode())
    customers.execute("SET LOCAL SESSION AUTHORIZATION my_login")
    assert blocks[2:] == ["BEGIN;", blocks[3], "SELECT ...;", "COMMIT;"]
    customers.execute(blocks[3].replace("user@example.test", "ann").encode())
    assert len(customers.execute("SELECT name FROM customer").fetchall()) == 3
    assert '| `customer` | "public"."customer" | view, create, modify, delete | none |' in text


def test_the_documentation_tells_the_truth(connection: psycopg.Connection[Any]) -> None:
    found = blocks(ROOT / "docs" / "targets" / "postgres.md")
    (policies,) = (block.text for block in found if block.info == "policy file=policies/crm.policy")
    (session,) = (block.text for block in found if block.kind == "sql")
    rows = [("1", "a", "dana@acme.test"), ("2", "b", "milo@acme.test")]
    with connection.transaction(force_rollback=True):
        connection.execute("CREATE TABLE customer (id text PRIMARY KEY, name text, sales_rep text, status text)")
        connection.cursor().executemany("INSERT INTO customer VALUES (%s, %s, %s)", rows)
        connection.execute(inside(bundle(policies).files["up.sql"]))
        begin, become, query, change, commit = session.splitlines()
        assert (begin, commit) == ("BEGIN;", "COMMIT;")
        connection.execute(become.encode())
        assert connection.execute(query.encode()).fetchall() == [row[:2] for row in rows]
        assert connection.execute(change.encode()).rowcount == 1


def test_the_script_stays_as_it_is() -> None:
    """`EXPECTED` beside the policy set; `python -m tests.targets.test_postgres` writes it."""
    assert EXPECTED.read_text(encoding="utf-8") == written()


EXPECTED = Path(__file__).parent / "postgres" / "sales.sql"


def written() -> str:
    bundle = compile_for(find_target("postgres"), Input(compiled(SALES)))
    assert isinstance(bundle, TargetBundle)
    return bundle.files["up.sql"].decode()


@pytest.mark.parametrize(
    ("attribute", "condition", "said"),
    [
        ("length : duration", "length < 3 days", "PL801 PostgreSQL cannot express attributes that are durations"),
        ("made : datetime", "made within 1001 years", "PL803 1001 years exceed PostgreSQL's calendar"),
        ("word : text", 'word is "a\\u{0}"', "PL803 text in PostgreSQL cannot contain a NUL character"),
        (f"{'long' * 16} : text", f'{"long" * 16} is "a"', "PL803 PostgreSQL cuts names after 63 bytes"),
    ],
)
def test_refused(attribute: str, condition: str, said: str) -> None:
    text = f"resource a {{ {attribute} actions view }} group g {{ grant view on a policy p }}"
    made = project(text, f"policy p on a {{ {condition} }}", config=Config(limits=Limits(duration_years=2000)))
    assert made.ir is not None
    found = compile_for(find_target("postgres"), Input(made.ir))
    assert not isinstance(found, TargetBundle)
    assert [f"{each.code} {each.message}"[: len(said)] for each in found] == [said]


def test_a_name_that_is_cut_changes_no_help_of_another() -> None:
    tables = {"a": {"table": "ä" * 40}, "b": {"columns": {"name": "one", "other": "one"}}}
    text = "resource a { name : text actions view } resource b { name : text other : text actions view }"
    asked = msgspec.convert({"postgres": {"tables": tables}}, TargetSettings)
    found = compile_for(find_target("postgres"), Input(compiled(text), settings=asked))
    assert not isinstance(found, TargetBundle)
    assert {each.message.split(" ")[0]: (each.help or "").split(" ")[0] for each in found} == {
        "PostgreSQL": "name",
        "two": "correct",
    }


def test_an_attribute_that_is_viewed_on_some_records_only() -> None:
    text = (
        SALES
        + 'group mixed { grant view on customer (name) } user "mia" in mixed { assign role some }'
        + ("role some { grant view on customer policy own }")
    )
    found = compile_for(find_target("postgres"), Input(compiled(text)))
    assert not isinstance(found, TargetBundle)
    assert {each.message.split("`")[1] for each in found} == {"owner", "status"}


def test_of_the_actions_of_a_kind_one_is_a_command() -> None:
    """The one that is named like the kind, or else the first."""
    actions = "look like view, view, drop like delete, erase like delete"
    (resource,) = compiled(f"resource a {{ name : text  actions {actions} }}").resources
    assert commands(resource) == {"view": "view", "drop": "delete"}


if __name__ == "__main__":
    EXPECTED.parent.mkdir(exist_ok=True)
    EXPECTED.write_text(written(), encoding="utf-8")
