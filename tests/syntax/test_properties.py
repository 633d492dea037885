"""Whatever the grammar generates, and whatever it does not: diagnostics or a compiled set, never an exception."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.lark import from_lark
from lark import Lark

from policylang.ir import from_json, to_json
from policylang.source import Source
from policylang.syntax.grammar import grammar_text
from policylang.syntax.lark_tables import make_lark
from policylang.syntax.parser import parse
from tests.helpers import ACCEPTANCE, project

GRAMMAR = Lark(grammar_text(), parser="lalr")
PLUGGED = make_lark()
SLOW = settings(deadline=None, suppress_health_check=list(HealthCheck))

# Words that mean something together, so that much of what is generated gets past the parser.
NAMES = ["customer", "status", "created", "site", "view", "modify", "sales", "guard", "recent", "from", "role", "x"]
TEXTS = ['"HQ"', '"dana@acme.test"', '"10.0.0.0/8"', '"UTC"', '"a\\"b\\\\\\u{1F511}"', '""']


def spaced(words: list[str]) -> st.SearchStrategy[str]:
    return st.sampled_from([f"{word} " for word in words])


def terminals() -> dict[str, st.SearchStrategy[str]]:
    """Each terminal with a space behind it, so that two words stay two words."""
    _, rules, _ = GRAMMAR.grammar.compile(["start"], ())
    found = {symbol.name for rule in rules for symbol in rule.expansion if symbol.is_term}
    spelled = {terminal.name: terminal.pattern for terminal in GRAMMAR.terminals}
    special = {
        "NAME": spaced(NAMES),
        "STRING": spaced(TEXTS),
        "NUMBER": spaced(["1", "30", "-3", "49.90"]),
        "DATE": spaced(["2026-01-31", "2026-02-30"]),
        "COMMENT": st.sampled_from(["# why\n", "#\r\n"]),
        "WHITESPACE": st.sampled_from([" ", "\n", "\t"]),
        "DATETIME": spaced(["2026-01-31T08:00:00Z", "2026-01-31T08:00"]),
    }
    return {
        name: special[name] if name in special else spaced([spelled[name].value])
        for name in found | {"COMMENT", "WHITESPACE"}
    }


SPACED = from_lark(GRAMMAR, explicit=terminals())


def survives(text: str) -> None:
    """The text compiles, and then to a document that loads, or it gives diagnostics in order, inside the text."""
    made = project(text)
    found = made.diagnostics
    assert list(found) == sorted(found, key=lambda diagnostic: diagnostic.order)
    lines = made.sources.sources[0].line_starts
    for diagnostic in found:
        assert 1 <= diagnostic.location.line <= diagnostic.location.end_line <= len(lines)
        assert diagnostic.message
    if not found:
        assert made.ir is not None
        assert from_json(to_json(made.ir)) == made.ir


@SLOW
@given(SPACED)
def test_generated_text_compiles_or_gives_diagnostics(text: str) -> None:
    survives(text)


@SLOW
@given(SPACED)
def test_generated_text_parses_alike_through_lark(text: str) -> None:
    parsed = parse(Source("a", text))
    if not parsed.diagnostics:
        assert PLUGGED.parse(text) == parsed.file.declarations


@SLOW
@given(from_lark(GRAMMAR))
def test_text_generated_from_the_grammar_alone(text: str) -> None:
    survives(text)


@SLOW
@given(st.text(st.characters(codec="utf-8")) | st.text('{}()[]"\\#,:.<=> \n\tab1-'))
def test_any_text(text: str) -> None:
    survives(text)


TOKEN = re.compile(r'"[^"\n]*"|\w+|\s+|.')
SOURCES = [path.read_text(encoding="utf-8") for path in sorted(ACCEPTANCE.rglob("*.policy"))]


@SLOW
@given(st.data())
def test_damaged_policy_files(data: st.DataObject) -> None:
    """Real files with tokens deleted, doubled, swapped or replaced."""
    tokens = TOKEN.findall(data.draw(st.sampled_from(SOURCES)))
    for _ in range(data.draw(st.integers(1, 4))):
        here = data.draw(st.integers(0, len(tokens) - 1))
        there = data.draw(st.integers(0, len(tokens) - 1))
        match data.draw(st.sampled_from(["delete", "double", "swap", "replace"])):
            case "delete":
                tokens[here] = ""
            case "double":
                tokens[here] *= 2
            case "swap":
                tokens[here], tokens[there] = tokens[there], tokens[here]
            case "replace":
                tokens[here] = tokens[there]
    survives("".join(tokens))


@pytest.mark.parametrize("text", SOURCES)
def test_undamaged_policy_files_compile(text: str) -> None:
    made = project(text)
    assert made.diagnostics == ()
    survives(text)
