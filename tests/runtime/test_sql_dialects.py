"""Every dialect that sqlglot knows gets SQL that it reads as it was meant, or a refusal."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import pytest
from sqlglot import exp, parse_one
from sqlglot.dialects import DIALECTS

from policylang import PolicySet, UnsupportedError
from policylang.runtime.filter import Filter
from policylang.runtime.sql import INSTANTS_IN_TEXT, NO_DATABASES, TEXT_TESTS
from tests.helpers import compiled

NAMES = sorted(map(str.lower, DIALECTS))
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
    "fee < 2.5 and ok is true or select is missing": None,
    "born within 1 month": "2026-02-28",
}


def of(condition: str) -> Filter:
    return PolicySet(compiled(SET.format(condition=condition))).filter(USER, "view", "customer", now=NOW)


def texts(sql: str, dialect: str) -> Iterator[str]:
    """The texts in a condition, as the dialect reads them. Bytes more, such as a second statement, are errors."""
    for literal in parse_one(f"SELECT 1 WHERE {sql}", dialect=dialect).find_all(exp.Literal):
        if literal.is_string:
            yield literal.this


@pytest.mark.parametrize("dialect", sorted({*NAMES} - NO_DATABASES))
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
        ("ok is true", {*NAMES} - NO_DATABASES),
    ],
)
def test_what_a_dialect_cannot_say_is_refused(dialect: str, condition: str, saying: set[str]) -> None:
    if dialect in saying:
        assert of(condition).to_sql_text(dialect)
    else:
        with pytest.raises(UnsupportedError, match=rf"^{dialect} (cannot say|does not read|is no)"):
            of(condition).to_sql_text(dialect)


@pytest.mark.parametrize("dialect", ["", "Postgres", "postgres, x=y", "nix", "dialect"])
def test_no_dialect(dialect: str) -> None:
    with pytest.raises(ValueError, match="there is no dialect"):
        of("ok is true").to_sql(dialect)
