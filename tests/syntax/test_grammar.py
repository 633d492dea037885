"""The grammar: without conflicts, whole, and with keywords that stay usable as names."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from lark import Lark, logger

from policylang.source import Source
from policylang.syntax import ast, grammar, lark_tables
from policylang.syntax.grammar import PATH, grammar_text, tables
from policylang.syntax.lark_tables import make_lark
from policylang.syntax.parser import parse
from tests.helpers import ACCEPTANCE, codes, compiled, without_places

ROOT = Path(__file__).parents[2]
FILES = sorted(ACCEPTANCE.rglob("*.policy"))
STOCK = make_lark("contextual")
PLUGGED = make_lark()
KEYWORDS = sorted(tables().lexer.keywords)


def test_lalr_without_conflicts(caplog: pytest.LogCaptureFixture) -> None:
    """`strict` turns every shift/reduce conflict and every collision of terminals into an exception."""
    logger.setLevel(logging.CRITICAL)
    Lark(grammar_text(), parser="lalr", strict=True)


@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_tables_are_those_of_the_grammar(seed: str) -> None:
    """Whatever order sets have."""
    command = [
        sys.executable,
        "-c",
        "from policylang.syntax.lark_tables import tables_text; print(tables_text(), end='')",
    ]
    made = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True
    )
    assert made.stdout.decode() == PATH.read_text(encoding="utf-8"), "run: make expected"


def test_the_parser_follows_the_grammar(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the file with the tables, where that is of another grammar."""
    changed = grammar_text().replace('"because"', '"since"')
    assert changed != grammar_text()
    for module in (grammar, lark_tables):
        monkeypatch.setattr(module, "grammar_text", lambda: changed)
    text = 'group a { grant view on b since "c" }'
    assert parse(Source("a", text)).diagnostics
    tables.cache_clear()
    try:
        assert not parse(Source("a", text)).diagnostics
    finally:
        tables.cache_clear()


def test_parsing_loads_no_lark() -> None:
    """As long as the tables are those of the grammar."""
    command = [sys.executable, "-c", "import sys, policylang.cli.check as _; assert 'lark' not in sys.modules"]
    subprocess.run(command, cwd=ROOT, check=True)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_acceptance_files_parse_with_every_lexer_alike(path) -> None:
    text = path.read_text(encoding="utf-8")
    ours = parse(Source(path.name, text))
    assert ours.diagnostics == ()
    assert ours.file.declarations == STOCK.parse(text)
    assert ours.file.declarations == PLUGGED.parse(text)


@pytest.mark.parametrize("word", KEYWORDS)
def test_a_keyword_can_name_nearly_everything(word: str) -> None:
    """Every kind of definition, reference and attribute named by a keyword at once."""
    action = "every_action" if word == "all" else word  # `grant all` grants every action
    atom = "act" if word in ("feature", "superuser") else action
    feature = "switch" if word == "on" else word  # `requires feature on x` reads as an action
    condition = "rate is present" if word == "not" else f"{word} in [{word}, other]"
    text = f"""
portals {word}, staff
scope area contains {word}_place
place area "A"
feature {feature} on
subject {{ {word} : text }}
request {{ {word} : ip }}
resource {word} "L" {{
  {word} : one of {word}, other
  sensitive rate : money
  actions {action}, other
  action more requires {atom if atom == action else "other"} on {word} assignable via api
  action switched requires feature {feature}
}}
resource child {{ {word} : {"text" if word == "user" else word} actions view }}
policy {word} "P" on {word} for other {{ {condition} }}
policy with_it({word}: duration, d: text) on any resource with rate {{ rate is present }}
role {word} {{
  portal {word}
  grant {action}, other on {word} (rate, {word}) because "x"
  grant other on {word} except {word} including rate
  deny other on {word}
  policy {word} for other
  policy with_it(3 days, "x") on {word}
  performs {word}
  may assign {word}
}}
role holder {{ role {word} }}
group {word} {{ role {word} policy {word} }}
task {word} {{ needs other on {word} (rate) }}
job "J" {{ role {word} }}
user "u" in {word} job "J" {{ {word} : "x" assign role {word} }}
integration {word} {{ role {word} objects {word}, child mirror role {word} }}
separate {action} on {word} from other on {word}
invariant "i" {{ no user with role {word} or in {word} can {action} {word}.{word} where {{ rate is present }} }}
review role {word} every 90 days
review group {word} every 90 days
"""
    assert codes(text) == []


@pytest.mark.parametrize("word", [word for word in KEYWORDS if word != "not"])
def test_a_keyword_can_be_an_attribute_in_conditions(word: str) -> None:
    """`not` is the one word that no operand can begin with; it stays reachable behind a dot."""
    text = f"""
resource thing {{
  {word} : text
  up : thing
  actions view
}}
policy a on thing {{ {word} is "x" and up.{word} is missing or not {word} starts with "y" }}
"""
    assert codes(text) == []
    condition = compiled(text).policy_instances[0].condition
    assert f"'{word}'" in repr(condition)


def test_not_stays_reachable_behind_a_dot() -> None:
    text = 'resource thing { not : text  up : thing  actions view }\npolicy a on thing { up.not is "x" }'
    assert codes(text) == []


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("sales rep is assigned user", "sales_rep"),
        ("sales_rep is assigned user", "sales_rep"),
        ("assigned user is sales rep", "sales_rep"),
        ("date of last contact is missing", "date_of_last_contact"),
    ],
)
def test_words_of_a_name(words: str, name: str) -> None:
    text = f"""
role sales_rep
resource customer {{
  sales_rep : user with role sales_rep
  date_of_last_contact : date
  actions view
}}
policy p on customer {{ {words} }}
"""
    assert f"steps=('{name}',)" in repr(compiled(text).policy_instances[0].condition)


def test_user_followed_by_a_job_declaration() -> None:
    text = """
user "a"
job "J1" { role r }
user "b" job "J1"
job "J2" "Two" { }
user "c" job "J1" { }
role r
user "d" job "J1" { assign role r }
user "e"
user "f"
job "J3" { role r role s }
role s
"""
    policy_set = compiled(text)
    assert [(job.code, len(job.roles)) for job in policy_set.jobs] == [("J1", 1), ("J2", 0), ("J3", 2)]
    assert [(u.id, u.job.name if u.job else None) for u in policy_set.users] == [
        ("a", None),
        ("b", "J1"),
        ("c", "J1"),
        ("d", "J1"),
        ("e", None),
        ("f", None),
    ]


def test_places_of_nodes_are_exact() -> None:
    text = 'role guard "Guard" {\n  grant view, modify on customer (name) because "x"\n  policy p(1 day) on customer\n}'
    (role,) = parse(Source("f", text)).file.declarations
    assert isinstance(role, ast.Role)
    assert text[role.start_pos : role.end_pos] == text
    grant, limit = role.items
    assert text[grant.start_pos : grant.end_pos] == 'grant view, modify on customer (name) because "x"'
    assert text[limit.start_pos : limit.end_pos] == "policy p(1 day) on customer"


def test_escapes() -> None:
    (role,) = parse(Source("f", r'role r "a\"b\\c\n\t\u{1F511}\u{41}"')).file.declarations
    assert isinstance(role, ast.Role)
    assert role.label is not None
    assert role.label.value == 'a"b\\c\n\t\U0001f511A'


def test_line_ends_and_tabs_do_not_matter() -> None:
    lines = ['role\tr "R" {', "\tgrant view on thing # why", "}", "resource thing { actions view }", ""]
    trees = {ending: parse(Source("f", ending.join(lines))) for ending in ("\n", "\r\n", "\r")}
    for parsed in trees.values():
        assert parsed.diagnostics == ()
        assert len(parsed.file.comments) == 1
        assert without_places(parsed.file.declarations) == without_places(trees["\n"].file.declarations)


@pytest.mark.parametrize("word", KEYWORDS)
def test_a_keyword_can_be_an_attribute_behind_any_other_item(word: str) -> None:
    attribute = f"  {word} : text\n"
    enum = f"  {word} : one of a, b\n"
    befores = ["x : text", "x : one of a, b", "x : set of one of a, b", "x : user with role r", "actions view, modify"]
    if word != "with":
        befores.append("x : user")
    for before in befores:
        for after in (attribute, enum, f"  optional {word} : one of a, b\n", f"  sensitive {word} : user\n"):
            text = f"role r\nresource thing {{\n  {before}\n{after}  z : int\n}}\n"
            assert codes(text) == [], text
    for before in ("action view assignable via ui", "action view bypasses policies"):
        text = f"resource thing {{\n  {before}\n{attribute}}}\n"
        expected = ["PL100"] if word in ("like", "requires", "bypasses", "assignable") else []
        assert codes(text) == expected, text


USER_ITEMS = [
    'x : "a"',
    "x : 3",
    "x : 2026-01-01",
    "x : word",
    "append policy p on thing for view",
    'override policy p on thing because "x"',
    'assign role r because "x"',
    'assign role r at site "HQ"',
    "grant view on thing",
    'deny view on thing { x is "a" }',
    "policy p on thing for view",
]


@pytest.mark.parametrize("word", KEYWORDS)
def test_a_keyword_can_be_a_users_attribute(word: str) -> None:
    taken = {
        "append policy p on thing for view": {"because"},
        'assign role r because "x"': {"at", "from", "until", "because", "approved"},
        'assign role r at site "HQ"': {"at", "from", "until", "because", "approved"},
        "grant view on thing": {"except", "including", "because"},
        'deny view on thing { x is "a" }': {"except", "because"},
    }
    for before in USER_ITEMS:
        text = f'user "u" {{\n  {before}\n  {word} : "b"\n}}\n'
        parsed = parse(Source("f", text))
        assert bool(parsed.diagnostics) == (word in taken.get(before, set())), (text, parsed.diagnostics)
