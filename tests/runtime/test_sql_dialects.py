"""Every dialect that sqlglot knows gets SQL that it reads as it was meant, or a refusal."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import pytest
from sqlglot import exp, parse_one
from sqlglot.dialects import DIALECTS

from policylang import PolicySet, UnsupportedError
from policylang.runtime.dialects import (
    DOUBLES_IN_TEXT,
    INSTANTS_IN_TEXT,
    NO_DATABASES,
    NO_DAYS,
    TEXT_TESTS,
    UNCERTAIN,
)
from policylang.runtime.filter import Filter
from tests.helpers import compiled

NAMES = sorted(map(str.lower, DIALECTS))
CERTAIN = {*NAMES} - NO_DATABASES - UNCERTAIN
USER = "o'n\\e\"il"
SET = r"""
subject {{ department : text }}
resource office {{ city : text  actions view }}
resource customer {{
  name : text
  other : text
  office : office
  rep : user
  born : date
  made : datetime
  fee : money
  ok : bool
  tags : set of text
  ip : ip
  select : text
  status : one of lead, active
  related : office
  actions view
}}
policy p on customer {{ {condition} }}
group g {{ grant view on customer  policy p }}
user "o'n\\e\"il" in g {{ department : "n" }}
"""
NOW = datetime.datetime(2026, 3, 31, 12, 0, 0, 1, tzinfo=datetime.UTC)
HOSTILE = "a'b\"c\\d`e]f--g\n${h}{{i}}%s:j"
PLAIN = {
    f'name is "{HOSTILE}"'.replace("\\", "\\\\").replace('c"', "c").replace('b"', 'b\\"').replace("\n", "\\n"): HOSTILE,
    "rep is assigned user": USER,
    'rep.department is "n"': USER,
    'office.city is "x"': "x",
    'not (office.city is "x" or select is "y")': "y",
    "fee < 2 and ok is true or select is missing": None,
}


def of(condition: str) -> Filter:
    return PolicySet(compiled(SET.format(condition=condition))).filter(USER, "view", "customer", now=NOW)


def texts(sql: str, dialect: str) -> Iterator[str]:
    """The texts in a condition, as the dialect reads them. Bytes more, such as a second statement, are errors."""
    for literal in parse_one(f"SELECT 1 WHERE {sql}", dialect=dialect).find_all(exp.Literal, exp.National):
        if isinstance(literal, exp.National) or literal.is_string:
            yield literal.this


@pytest.mark.parametrize("dialect", sorted(CERTAIN))
def test_conditions_that_all_can_say(dialect: str) -> None:
    for condition, said in PLAIN.items():
        found = of(condition)
        assert said is None or said in texts(found.to_sql_text(dialect), dialect)
        sql, parameters = found.to_sql(dialect)
        assert HOSTILE not in sql
        assert said is None or said in map(str, parameters.values())


@pytest.mark.parametrize("dialect", NAMES)
@pytest.mark.parametrize(
    ("condition", "saying"),
    [
        ('name contains "x"', TEXT_TESTS),
        ('not (name starts with "")', TEXT_TESTS),
        ("name ends with other", TEXT_TESTS),
        ("made within 30 days", INSTANTS_IN_TEXT),
        ('tags contains "x"', {"postgres", "duckdb", "sqlite"}),
        ('ip in "10.0.0.0/8"', {"postgres"}),
        ("ok is true", CERTAIN),
        ("born within 1 month", CERTAIN - set(NO_DAYS)),
        ("fee < 2.5", CERTAIN - DOUBLES_IN_TEXT),
        ('name is ""', CERTAIN - {"oracle"}),
        ('name in ["a", ""]', CERTAIN - {"oracle"}),
        ('name is "Ω"', CERTAIN - {"oracle"}),
        ('name is "a\\\\\\nb"', CERTAIN - {"tsql"}),
        ("fee < 12345678901234567890123456789", {"postgres"}),
        ("fee < 0.00000000000000000000000000001", {"postgres", "sqlite"}),
    ],
)
def test_what_a_dialect_cannot_say_is_refused(dialect: str, condition: str, saying: set[str]) -> None:
    if dialect in saying:
        assert of(condition).to_sql_text(dialect)
    else:
        with pytest.raises(
            UnsupportedError,
            match=rf"^{dialect} (cannot say|does not read|is no|takes)|^{dialect} may not compare",
        ):
            of(condition).to_sql_text(dialect)


EXACT = {
    "tsql": "[customer].[name] = N'Ωa ' AND "
    "(CAST([customer].[name] AS NVARCHAR(MAX)) COLLATE Latin1_General_100_BIN2 = CAST(N'Ωa ' AS NVARCHAR(MAX)) AND "
    "DATALENGTH(CAST([customer].[name] AS NVARCHAR(MAX))) = DATALENGTH(CAST(N'Ωa ' AS NVARCHAR(MAX))))",
    "mysql": "`customer`.`name` = 'Ωa ' AND CAST(CAST(`customer`.`name` AS CHAR CHARACTER SET utf8mb4) AS BINARY) = "
    "CAST(CAST('Ωa ' AS CHAR CHARACTER SET utf8mb4) AS BINARY)",
    "redshift": '"customer"."name" = \'Ωa \' AND LENGTH(CAST("customer"."name" AS VARCHAR(65535))) = '
    "LENGTH(CAST('Ωa ' AS VARCHAR(65535)))",
}
"""Dialects that compare texts as their collation says, or without blanks at the end, if nothing else is asked for."""


@pytest.mark.parametrize("dialect", EXACT)
@pytest.mark.parametrize(
    "condition",
    [
        'name is "Ωa "',
        'not (name is "Ωa ")',
        'name in ["Ωa ", "b"]',
        "name is other",
        "rep is assigned user",
        'rep.department is "n"',
        "rep.department is other",
        'office.city is "Ωa "',
        "office is related",
        "status is lead",
        "rep.department is present",
    ],
)
def test_texts_are_compared_exactly(dialect: str, condition: str) -> None:
    """Everywhere that texts are: beside each `=` of columns stands what makes it exact."""
    sql = of(condition).to_sql_text(dialect)
    if condition == 'name is "Ωa "':
        assert sql == EXACT[dialect]
    words = {"tsql": "COLLATE Latin1_General_100_BIN2 =", "mysql": "AS BINARY) =", "redshift": "AS VARCHAR(65535))) ="}
    exact = sql.count(words[dialect])
    others = {"tsql": 3, "mysql": 2, "redshift": 2}[dialect]  # `=` in all that is said of one pair
    assert exact > 0
    assert sql.count(" = ") == exact * others
    assert " IN (" not in sql


@pytest.mark.parametrize("dialect", sorted(CERTAIN - set(EXACT) - {"sqlite"}))
def test_a_list_of_texts_is_a_list(dialect: str) -> None:
    assert " IN ('a', 'b')" in of('name in ["a", "b"]').to_sql_text(dialect)


@pytest.mark.parametrize("dialect", ["", "Postgres", "postgres, x=y", "nix", "dialect"])
def test_no_dialect(dialect: str) -> None:
    with pytest.raises(ValueError, match="there is no dialect"):
        of("ok is true").to_sql(dialect)


TWO_SETS = """
request {{ ip : ip }}
resource doc {{
  fees : set of money  sizes : set of int
  times : set of datetime  others : set of datetime
  ip : ip
  actions view
}}
policy p on doc {{ {condition} }}
role reader {{ grant view on doc  policy p }}
user "ann" {{ assign role reader }}
"""


@pytest.mark.parametrize(
    ("dialect", "condition", "said"),
    [
        ("postgres", "fees overlaps sizes", "sets of different numbers"),
        ("postgres", "not (fees overlaps sizes)", "sets of different numbers"),
        ("postgres", "ip is request.ip", "the zone of an address"),
    ],
)
def test_values_that_a_dialect_cannot_compare_are_refused(dialect: str, condition: str, said: str) -> None:
    policies = PolicySet(compiled(TWO_SETS.format(condition=condition)))
    found = policies.filter("ann", "view", "doc", now=NOW, request={"ip": "fe80::1%eth0"})
    with pytest.raises(UnsupportedError, match=said):
        found.to_sql(dialect)
