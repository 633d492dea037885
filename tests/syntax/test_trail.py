"""A text that is parsed with what an earlier parse left gives what it gives by itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from policylang.settings.limits import Limits
from policylang.source import Source
from policylang.syntax.parser import Parsed, parse
from policylang.syntax.trail import Trail, unchanged
from tests.helpers import POLICIES

DECLARATIONS = [
    'resource note "Note" { title : text  actions view, modify }\n',
    "role reader { grant view on note }\n",
    "role plain\n",
    'user "a"\n',
    'user "b" in sales\njob "GRD" "Guard" { role guard }\n',
    'user "c" job "GRD" { assign role reader from 2026-01-01 }\n',
    'job "X" { role reader }\n',
    "policy p(age: duration, kind: one of x, y) on any resource with created { not (a is b) and created within age }\n",
    '# a comment { with " in it\n',
    "deny delete on note # why\n",
    "feature f on\n",
    "role broken {\n",
    "rolle misspelt { }\n",
    "grant view on note }\n",
]
PIECES = [*'"{}()#\n\r ,:', "\r\n", "not ", "role", "é", "\u202e", "# ", '"x" {', *DECLARATIONS]
EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 30), st.sampled_from(PIECES) | st.just("")), max_size=8)
LIMITS = [Limits(), Limits(words=40), Limits(nesting=2, name_length=9, text_length=5)]


def said(parsed: Parsed) -> object:
    return parsed.file, parsed.diagnostics


def edited(text: str, edit: tuple[float, int, str]) -> str:
    where, length, piece = edit
    start = int(where * len(text))
    return text[:start] + piece + text[start + length :]


def followed(text: str, edits: list[tuple[float, int, str]], limits: Limits) -> None:
    """Each text after the first is parsed with what the one before left."""
    parsed = parse(Source("a", text), limits, Trail())
    for edit in edits:
        text = edited(text, edit)
        source = Source("a", text)
        assert parsed.trail is not None
        parsed = parse(source, limits, parsed.trail)
        assert said(parsed) == said(parse(source, limits))


@example(['job "X" { role reader }\n', *["role plain\n"] * 19], [(0, 0, "jb\n")], Limits(words=40))
@settings(deadline=None, max_examples=200)
@given(declarations=st.lists(st.sampled_from(DECLARATIONS), max_size=12), edits=EDITS, limits=st.sampled_from(LIMITS))
def test_after_any_edits(declarations: list[str], edits: list[tuple[float, int, str]], limits: Limits) -> None:
    followed("".join(declarations), edits, limits)


@settings(deadline=None, max_examples=20)
@given(edits=EDITS, path=st.sampled_from(sorted(POLICIES.rglob("*.policy"))))
def test_examples_after_any_edits(edits: list[tuple[float, int, str]], path: Path) -> None:
    followed(path.read_text(encoding="utf-8"), edits, Limits())


def test_declarations_that_stand_are_the_same_objects() -> None:
    text = "".join(f"role r{number} {{ grant view on note }}\n" for number in range(50))
    before = parse(Source("a", text), None, Trail())
    after = parse(Source("a", text.replace("role r25", "role q25")), None, before.trail)
    kept = {id(each) for each in before.file.declarations}
    assert sum(id(each) in kept for each in after.file.declarations) == 47


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [("", "", (0, 0)), ("abc", "abc", (3, 3)), ("abc", "abxc", (2, 3)), ("aa", "aaa", (2, 3)), ("xa", "a", (0, 0))],
)
def test_what_is_the_same(old: str, new: str, same: tuple[int, int]) -> None:
    assert unchanged(old, new) == same


@given(old=st.text("ab", max_size=20), new=st.text("ab", max_size=20))
def test_what_is_the_same_is_as_long_as_it_can_be(old: str, new: str) -> None:
    first, last = unchanged(old, new)
    assert old[:first] == new[:first]
    assert old[len(old) - len(new) + last :] == new[last:]
    assert first in (len(old), len(new)) or old[first] != new[first]
