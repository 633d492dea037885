"""What PostgreSQL takes for a value is what decisions take for one: in requests, in columns, and of users."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from psycopg import errors

from policylang.pipelines.compile import compile_for
from policylang.runtime.index import Index
from policylang.runtime.reference import decide
from policylang.targets import find_target
from policylang.targets.postgres.request import become_arguments
from policylang.targets.target import Input, TargetBundle
from tests.engines.postgres_engine import PostgresServer
from tests.helpers import compiled
from tests.targets.postgres_sales import inside

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
TYPES = {
    "channel": ("one of ui, api", "is ui", "in [api]", "is missing"),
    "word": ("text", 'is "5"', 'starts with "t"', 'in ["true", "x"]', "is missing"),
    "amount": ("money", ">= 100", "is 0", "in [0.1, 5]", "is missing"),
    "count": ("int", "< 100", "is 5", "is missing"),
    "ok": ("bool", "is true", "is false", "is missing"),
    "day": ("date", "after 2026-01-01", "within 2 years", "is missing"),
    "moment": ("datetime", "after 2026-01-01T00:00:00Z", "older than 1 month", "within next 1 year", "is missing"),
    "ip": ("ip", 'in "10.0.0.0/8"', 'in "::/0"', 'is "10.0.0.1"', "is missing"),
    "who": ("user", "is assigned user", 'is "5"', "is missing"),
    "words": ("set of text", 'contains "5"', "is missing"),
    "counts": ("set of int", "contains 5", "is missing"),
    "amounts": ("set of decimal", "contains 5", "is missing"),
    "flags": ("set of bool", "contains true", "is missing"),
    "days": ("set of date", "contains 2026-02-01", "is missing"),
    "moments": ("set of datetime", "contains 2026-02-01T00:00:00Z", "is missing"),
    "ips": ("set of ip", 'contains "10.0.0.1"', "is missing"),
    "people": ("set of user", "contains assigned user", "is missing"),
}
COLUMNS = {
    **dict.fromkeys(("channel", "word", "who"), "text"),
    **dict.fromkeys(("amount", "count"), "numeric"),
    "ok": "boolean",
    "day": "date",
    "moment": "timestamptz",
    "ip": "inet",
    **dict.fromkeys(("words", "people"), "text[]"),
    **dict.fromkeys(("counts", "amounts"), "numeric[]"),
    "flags": "boolean[]",
    "days": "date[]",
    "moments": "timestamptz[]",
    "ips": "inet[]",
}
DEEP = ('who.level is "5"', "who.level is missing")


def conditions_of(name: str) -> list[str]:
    """Conditions about an attribute, and the opposite of each."""
    found = [f"{name} {test}" for test in TYPES[name][1:]] + [each for each in DEEP if each.startswith(f"{name}.")]
    return found + [f"not ({test})" for test in found]


def policies(root: str) -> str:
    """A user for each condition as a limit, and one for each as a deny."""
    declared = " ".join(f"{name} : {types[0]}" for name, types in TYPES.items())
    attributes = f"request {{ {declared} }}" if root else ""
    parts = [attributes, "subject { level : text }"]
    parts.append(f"resource item {{ {'id : text' if root else declared} actions view }}")
    parts.append('user "5" { level : "5" } user "t" { level : "x" }')
    for name in TYPES:
        for number, test in enumerate(conditions_of(name)):
            key, condition = f"{name}_{number}", test.replace(name, f"{root}{name}", 1)
            parts.append(f"policy p_{key} on item {{ {condition} }}")
            parts.append(f"role l_{key} {{ grant view on item  policy p_{key} }}")
            parts.append(f"role d_{key} {{ grant view on item  deny view on item {{ {condition} }} }}")
            parts.append(f'user "l_{key}" {{ assign role l_{key} }} user "d_{key}" {{ assign role d_{key} }}')
    return "\n".join(parts)


def made(text: str) -> tuple[Index, bytes]:
    policy_set = compiled(text)
    bundle = compile_for(find_target("postgres"), Input(policy_set))
    assert isinstance(bundle, TargetBundle)
    clock = f"""
    CREATE OR REPLACE FUNCTION policylang.instant() RETURNS timestamptz LANGUAGE sql STABLE AS
    $$ SELECT '{NOW.isoformat()}'::timestamptz $$;
    CREATE FUNCTION seen(users text[], request jsonb) RETURNS boolean[] LANGUAGE plpgsql AS $$
    DECLARE found boolean[] := '{{}}'; each text;
    BEGIN
      FOREACH each IN ARRAY users LOOP
        PERFORM policylang.become(each, request);
        found := found || EXISTS (SELECT FROM item);
        RESET ROLE;
      END LOOP;
      RETURN found;
    END $$;
    """
    return Index(policy_set), inside(bundle.files["up.sql"]) + clock.encode()


@pytest.fixture(scope="module")
def requests(postgres: PostgresServer) -> Iterator[tuple[psycopg.Connection[Any], Index]]:
    """One row, and limits and denies about attributes of requests."""
    index, script = made(policies("request."))
    with postgres.database() as database, database.connect() as opened:
        opened.execute("CREATE TABLE item (id text); INSERT INTO item VALUES ('1')")
        opened.execute(b"BEGIN;" + script + b"COMMIT;")
        yield opened, index


STRANGE = (
    *(
        "",
        "ui",
        "UI",
        "hacker",
        "5",
        " 5",
        "5 ",
        "+5",
        "05",
        "-5",
        "5.",
        ".5",
        "5.0",
        "1e5",
        "1_000",
        "0x1F4",
        "٥",
        "100.1",
    ),
    *(
        "NaN",
        "nan",
        "Infinity",
        "-Infinity",
        "inf",
        "infinity",
        "9" * 200,
        "9" * 201,
        "0." + "3" * 200,
        "0." + "3" * 201,
    ),
    *("true", "false", "yes", "no", "on", "off", "t", "f", "1", "0", "TRUE", "null"),
    *(
        "now",
        "today",
        "tomorrow",
        "yesterday",
        "epoch",
        "allballs",
        "2026-02-01",
        "2026-02-30",
        "2024-02-29",
        "2100-02-29",
    ),
    *("20260201", "2026-2-1", "01/02/2026", "Feb 1 2026", "2026-02-01 BC", "0000-01-01", "0001-01-01", "9999-12-31"),
    *("10000-01-01", "2026-W05-1", "2026-032", "J2451187", "-2026-02-01", "2026-00-01", "2026-13-01", "2026-01-00"),
    *("2026-02-01T00:00:00Z", "2026-02-01T00:00Z", "2026-02-01T00:00:00.5Z", "2026-02-01T00:00:00.123456Z"),
    *("2026-02-01T00:00:00.1234567Z", "2026-02-01T00:00:00", "2026-02-01 00:00:00Z", "2026-02-01T00:00:00z"),
    *("2026-02-01T24:00:00Z", "2026-02-01T23:59:60Z", "2026-02-01T23:60:00Z", "2026-02-01T25:00:00Z"),
    *("2026-02-01T00:00:00+23:59", "2026-02-01T00:00:00-23:59", "2026-02-01T00:00:00+24:00", "2026-02-01T00:00+0100"),
    *("2026-02-01T00:00:00 Europe/Paris", "2026-02-01T00:00:00 CET", "0001-01-01T00:00:00+01:00"),
    *(
        "9999-12-31T23:59:59.999999-00:01",
        "9999-12-31T23:59:59.999999Z",
        "2027-02-01T00:00:00Z",
        "2026-11-21T12:00:00Z",
    ),
    *("10.0.0.1", "10.0.0.1/32", "10.0.0.1/8", "10.0.0.0/16", "10.0.0", "10", "010.0.0.1", "10.0.0.01", "10.0.0.256"),
    *(" 10.0.0.1", "10.0.0.1\n", "::1", "::", "1::", ":::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8"),
    *("1::2:3:4:5:6:7:8", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::1.2.3.4", "1:2:3:4:5:6:1.2.3.4", "::1.2.3.4:1"),
    *(
        "1::2::3",
        ":1:2:3:4:5:6:7",
        "12345::",
        "FE80::A",
        "::ffff:10.0.0.1",
        "::FFFF:a00:1",
        "::g",
        "1.2.3.4::",
        "2001:db8::/32",
    ),
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(STRANGE)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5)
    | st.from_regex(r"\A-?[0-9]{1,3}(\.[0-9]{1,3})?\Z")
    | st.from_regex(r"\A[0-9]{4}-[01][0-9]-[0-3][0-9]\Z")
    | st.from_regex(
        r"\A[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9](:[0-6][0-9])?(Z|[+-][0-2][0-9]:[0-5][0-9])\Z"
    )
    | st.ip_addresses().map(str)
    | st.from_regex(r"\A[0-9a-f]{0,2}(:[0-9a-f]{0,2}){1,8}(\.[0-9]{1,3}){0,3}\Z"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "5"]), inner, max_size=2),
    max_leaves=4,
)


def agree(
    asked: tuple[psycopg.Connection[Any], Index], name: str, record: dict[str, Any], request: dict[str, Any]
) -> None:
    connection, index = asked
    users = [f"{kind}_{name}_{number}" for number in range(len(conditions_of(name))) for kind in "ld"]
    found = connection.execute("SELECT seen(%s, %s)", [users, json.dumps(request)]).fetchone()
    assert found is not None
    for user, answer in zip(users, found[0], strict=True):
        decision = decide(index, user, "view", "item", record, now=NOW, request=request)
        condition = conditions_of(name)[int(user.rpartition("_")[2])]
        assert answer == decision.allowed, (condition, user, record, request, decision)


def of_request(asked: tuple[psycopg.Connection[Any], Index], name: str, value: Any) -> None:
    agree(asked, name, {"id": "1"}, json.loads(json.dumps({name: value})))


@pytest.mark.parametrize("name", TYPES)
def test_values_of_requests_that_are_of_another_type(
    requests: tuple[psycopg.Connection[Any], Index], name: str
) -> None:
    others = (1e199, 1e200, 1e-200, 1e-201, 5, 5.0, 100, -1, 0.1, True, False, None, [], {}, {"id": "5"}, {"a": 5})
    if TYPES[name][0].startswith("set of "):
        for value in (*STRANGE, *others):
            of_request(requests, name, [value])
        for value in (*others, "5", "", ["5", None], ["x", "5"], [None], [[5]]):
            of_request(requests, name, value)
    else:
        for value in (*STRANGE, *others):
            of_request(requests, name, value)


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.hypothesis
def test_generated_values_of_requests(requests: tuple[psycopg.Connection[Any], Index], name: str) -> None:
    @given(JSON)
    @settings(max_examples=settings.default.max_examples // 4, deadline=None, suppress_health_check=list(HealthCheck))  # type: ignore[union-attr]
    @example(1e22)
    def ask(value: Any) -> None:
        of_request(requests, name, value)

    ask()


@pytest.mark.parametrize("number", ["1e400", "1e-400", "-1e400", "100.00000000000000000001", "9007199254740993"])
def test_a_json_number_that_readers_take_for_different_ones_is_none(
    requests: tuple[psycopg.Connection[Any], Index], number: str
) -> None:
    connection, _ = requests
    with connection.transaction(force_rollback=True):
        read = "SELECT policylang.as_number(%s::jsonb), policylang.set_as_number(%s::jsonb)"
        assert connection.execute(read, [number, f"[{number}]"]).fetchone() == (None, None)


def test_what_a_service_sends_is_read(requests: tuple[psycopg.Connection[Any], Index]) -> None:
    """Numbers are written out, whatever their size."""
    connection, index = requests
    for value in (1e22, 1e-7, 5, "5.0", Decimal("1E+2")):
        _, request = become_arguments(index, "5", {"amount": value, "amounts": [value]})
        read = "SELECT policylang.as_number(%s::jsonb), policylang.set_as_number(%s::jsonb)"
        written = [json.dumps(request[name]) for name in ("amount", "amounts")]
        assert connection.execute(read, written).fetchone() == (Decimal(str(value)), [Decimal(str(value))])


# --- columns -------------------------------------------------------------------------------------------------

HELD = {
    "channel": ("ui", "api", "UI", "hacker", ""),
    "word": ("5", "true", "", "t "),
    "amount": ("100", "0", "0.1", "NaN", "Infinity", "-Infinity", "5", "9" * 200, "9" * 201, "0." + "1" * 201),
    "count": ("5", "5.5", "NaN", "Infinity", "-Infinity", "1"),
    "ok": ("true", "false"),
    "day": ("2026-02-01", "infinity", "-infinity", "10000-01-01", "0001-01-01", "9999-12-31", "2020-01-01"),
    "moment": (
        *("2026-02-01T00:00:00Z", "infinity", "-infinity", "10000-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"),
    ),
    "ip": (
        "10.0.0.1",
        "10.0.0.0/8",
        "10.0.0.0/16",
        "::/0",
        "192.0.2.1",
        "2001:db8::1",
        "2001:db8::/32",
        "::ffff:10.0.0.1",
    ),
    "who": ("5", "t", "nobody", ""),
    "words": (["5"], [], [None], ["x", None, "5"], [["5"]]),
    "counts": (["5"], ["5", "5.5"], ["NaN", "5"], ["5", None], [None], [], ["Infinity", "5"], [["5"]]),
    "amounts": (
        *(["5"], ["5.5", "5.0"], ["NaN", "5"], ["5", None], ["NaN", None], [], ["5", "-Infinity"]),
        *(["5", "0." + "1" * 200], ["5", "0." + "1" * 201], ["9" * 201], ["5", "9" * 200]),
    ),
    "flags": (["true"], ["false"], ["false", None], []),
    "days": (["2026-02-01"], ["infinity", "2026-02-01"], ["-infinity", None], [None], []),
    "moments": (["2026-02-01T00:00:00Z"], ["2026-02-01T00:00:00Z", "infinity"], [None], []),
    "ips": (["10.0.0.1"], ["10.0.0.1", "10.0.0.0/8"], ["192.0.2.1", None], []),
    "people": (["5"], ["5", None], []),
}
"""What columns can hold, some of it no value of the attribute's type: as a text, which decisions do not take either."""


@pytest.fixture(scope="module")
def rows(postgres: PostgresServer) -> Iterator[tuple[psycopg.Connection[Any], Index]]:
    index, script = made(policies(""))
    with postgres.database() as database, database.connect() as opened:
        columns = ", ".join(f"{name} {type_}" for name, type_ in COLUMNS.items())
        opened.execute(f"CREATE TABLE item (id text, {columns})".encode())
        opened.execute(b"BEGIN;" + script + b"COMMIT;")
        yield opened, index


@pytest.mark.parametrize("name", TYPES)
def test_values_of_columns_that_are_of_no_attribute(rows: tuple[psycopg.Connection[Any], Index], name: str) -> None:
    connection, _ = rows
    for value in (None, *HELD[name]):
        with connection.transaction(force_rollback=True):
            insert = f"INSERT INTO item (id, {name}) VALUES ('1', %s::{COLUMNS[name]})"
            connection.execute(insert.encode(), [value])
            agree(rows, name, {name: _typed(name, value)}, {})


def _typed(name: str, value: Any) -> Any:
    """As decisions are asked: only booleans are not read from texts."""
    if isinstance(value, list):
        return [_typed(name, each) for each in value]
    return value == "true" if name in ("ok", "flags") and value is not None else value


MAPPED = """
subject { home : ip }
request { from : ip  seen : set of ip }
resource item { ip : ip  other : ip  all : set of ip  actions view }
policy p on item { CONDITION }
group g { grant view on item  policy p }
user "ann" in g { home : "::ffff:10.9.1.1" }
"""


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ('ip in "10.0.0.0/8"', "ab"),
        ('ip in "10.9.1.1/32"', "ab"),
        ('not (ip in "10.0.0.0/8")', "cd"),
        ('ip in "::/0"', "c"),
        ('ip in "::fffe:0:0/95"', ""),
        ('not (ip in "::/0")', "abd"),
        ('ip is "10.9.1.1"', "ab"),
        ('ip in ["10.9.1.1", "192.0.2.9"]', "abd"),
        ("ip is other", "abd"),
        ("not (ip is other)", "c"),
        ('all contains "10.9.1.1"', "ab"),
        ("ip is request.from", "ab"),
        ("request.seen contains ip", "ab"),
        ("ip is assigned user.home", "ab"),
        ('request.from in "10.0.0.0/8"', "abcd"),
        ('request.from in "::/0"', ""),
    ],
)
def test_an_ipv4_address_that_is_written_as_an_ipv6_one(
    connection: psycopg.Connection[Any], condition: str, found: str
) -> None:
    with connection.transaction(force_rollback=True):
        connection.execute("""
            CREATE TABLE item (id text, ip inet, other inet, "all" inet[]);
            INSERT INTO item VALUES ('a', '10.9.1.1', '::ffff:10.9.1.1', '{::ffff:10.9.1.1}'),
              ('b', '::ffff:10.9.1.1', '10.9.1.1', '{10.9.1.1,::1}'), ('c', '2001:db8::1', '::1', '{::1}'),
              ('d', '::ffff:192.0.2.9', '192.0.2.9', '{}')
        """)
        connection.execute(made(MAPPED.replace("CONDITION", condition))[1])
        request = json.dumps({"from": "::FFFF:10.9.1.1", "seen": ["::ffff:a09:101"]})
        connection.execute("SELECT policylang.become('ann', %s)", [request])
        assert "".join(row[0] for row in connection.execute("SELECT id FROM item ORDER BY id")) == found


SETS = """
resource item { tags : set of text  other : set of text  actions view }
policy p on item { not (tags overlaps other) }
group g { grant view on item  policy p }
user "ann" in g
"""


def test_sets_that_have_nothing_in_common(connection: psycopg.Connection[Any]) -> None:
    """Nothing is in an empty one, whatever may be in the other."""
    index, script = made(SETS)
    rows: dict[str, tuple[list[str | None] | None, list[str | None]]] = {
        "both told": (["x"], ["y"]),
        "left empty": ([], ["x", None]),
        "right empty": ([None], []),
        "left untold": (["x", None], ["y"]),
        "both untold": ([None], [None]),
        "left missing": (None, []),
        "shared": (["x", None], ["x"]),
    }
    with connection.transaction(force_rollback=True):
        connection.execute("CREATE TABLE item (id text, tags text[], other text[])")
        for id_, sets in rows.items():
            connection.execute("INSERT INTO item VALUES (%s, %s, %s)", [id_, *sets])
        connection.execute(script)
        connection.execute("SELECT policylang.become('ann')")
        seen = {row[0] for row in connection.execute("SELECT id FROM item")}
    assert seen == {"both told", "left empty", "right empty"}
    for id_, (tags, other) in rows.items():
        decision = decide(index, "ann", "view", "item", {"id": id_, "tags": tags, "other": other}, now=NOW)
        assert decision.allowed == (id_ in seen), id_


NUMBERS = """
resource item { fee : money  other : money  actions view }
policy p on item { fee is other }
group g { grant view on item  policy p }
user "ann" in g
"""


def test_what_is_no_number_is_equal_to_nothing(connection: psycopg.Connection[Any]) -> None:
    with connection.transaction(force_rollback=True):
        connection.execute("""
            CREATE TABLE item (id text, fee numeric, other numeric);
            INSERT INTO item VALUES ('a', 5, 5.0), ('b', 5, 6), ('c', 'NaN', 'NaN'), ('d', 'Infinity', 'Infinity')
        """)
        connection.execute(made(NUMBERS)[1])
        connection.execute("SELECT policylang.become('ann')")
        assert connection.execute("SELECT id FROM item").fetchall() == [("a",)]


TIMES = """
resource item { id : text  actions view }
role r { grant view on item }
user "until now" { assign role r until 2026-11-21 12:00 }
user "until later" { assign role r until 2026-11-21 12:01 }
user "from now" { assign role r from 2026-11-21 12:00 }
user "from later" { assign role r from 2026-11-21 12:01 }
"""


def test_a_role_is_over_at_its_end(connection: psycopg.Connection[Any]) -> None:
    index, script = made(TIMES)
    users = [*index.users]
    with connection.transaction(force_rollback=True):
        connection.execute("CREATE TABLE item (id text); INSERT INTO item VALUES ('1')")
        connection.execute(script)
        (seen,) = connection.execute("SELECT seen(%s, '{}')", [users]).fetchone() or ()
    assert dict(zip(users, seen, strict=True)) == {
        "until now": False,
        "until later": True,
        "from now": True,
        "from later": False,
    }


KINDS = """
resource item { name : text  made : datetime  born : date  fee : money  ok : bool  ip : ip  tags : set of text
  above : item  actions view }
policy p on item { name is "x" and made within 3 days and born within 3 days and fee > 1 and ok is true
  and ip in "10.0.0.0/8" and tags contains "x" and above.name is "x" }
group g { grant view on item  policy p }
user "ann" in g
"""
RIGHT = {
    "id": "text",
    "name": "varchar(20)",
    "made": "timestamptz",
    "born": "date",
    "fee": "bigint",
    "ok": "boolean",
    "ip": "inet",
    "tags": "text[]",
    "above": "text",
}


@pytest.mark.parametrize(
    ("column", "type_"),
    [
        *(("name", each) for each in ("char(20)", 'text COLLATE "any case"', "integer", "text[]", "padded", "jsonb")),
        *(("name", each) for each in ("name", "folded")),
        *(("made", each) for each in ("timestamp", "date", "text", "timestamptz[]")),
        *(("born", each) for each in ("timestamptz", "timestamp", "text")),
        *(("fee", each) for each in ("double precision", "real", "money", "text")),
        *(("ok", each) for each in ("integer", "text")),
        *(("ip", each) for each in ("text", "macaddr")),
        *(("tags", each) for each in ("text", "char(3)[]", "jsonb", "integer[]", "padded[]", "folded[]")),
        *(("above", each) for each in ("char(8)", "double precision", "folded")),
        *(("id", each) for each in ("char(8)", 'text COLLATE "any case"')),
    ],
)
def test_columns_that_compare_in_other_ways(connection: psycopg.Connection[Any], column: str, type_: str) -> None:
    """The script fails, and says which column."""
    with pytest.raises(errors.RaiseException, match=rf"column {column} of public.item is "):
        _load_with(connection, {**RIGHT, column: type_})


@pytest.mark.parametrize(
    ("column", "type_"),
    [
        *(("name", each) for each in ("text", "word", 'text COLLATE "C"')),
        *(("fee", each) for each in ("numeric(12, 2)", "smallint")),
        *(("tags", each) for each in ("varchar(9)[]", "word[]", "words")),
        ("ip", "cidr"),
    ],
)
def test_columns_that_compare_as_attributes_do(connection: psycopg.Connection[Any], column: str, type_: str) -> None:
    _load_with(connection, {**RIGHT, column: type_})


def _load_with(connection: psycopg.Connection[Any], types: dict[str, str]) -> None:
    with connection.transaction(force_rollback=True):
        connection.execute("""
            CREATE COLLATION "any case" (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
            CREATE DOMAIN padded AS char(3); CREATE DOMAIN word AS text; CREATE DOMAIN words AS text[];
            -- As the extension citext makes its type, which compares without regard to case.
            CREATE TYPE folded;
            CREATE FUNCTION folded_in(cstring) RETURNS folded LANGUAGE internal IMMUTABLE STRICT AS 'textin';
            CREATE FUNCTION folded_out(folded) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
            CREATE TYPE folded (INPUT = folded_in, OUTPUT = folded_out, LIKE = text, CATEGORY = 'S', COLLATABLE = true)
        """)
        columns = ", ".join(f"{name} {type_}" for name, type_ in types.items())
        connection.execute(f"CREATE TABLE item ({columns}, PRIMARY KEY (id))".encode())
        connection.execute(made(KINDS)[1])
