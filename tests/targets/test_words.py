"""Each word of the language in each target: expressed or refused at its place, as the documentation says."""

from __future__ import annotations

import datetime

import pytest

from policylang.pipelines.compile import compile_for
from policylang.runtime.index import Index
from policylang.targets import NAMES, find_target
from policylang.targets.constructs import CONSTRUCTS, uses
from policylang.targets.target import Input, TargetBundle
from tests.helpers import compiled
from tests.targets.words import WORDS, Word
from tools import target_docs

NOW = datetime.datetime(2026, 1, 5, 21, tzinfo=datetime.UTC)
CODES = {"no": "PL801", "`--now`": "PL802", "yes": None, "input": None}
"""What the signs of the table come to where no instant is given."""


def the_table() -> dict[tuple[str, str], str]:
    """What the page says of each construct and target."""
    text = target_docs.PAGE.read_text(encoding="utf-8")
    _, _, *rows = text.split("<!-- table -->\n")[1].split("<!-- end of table -->")[0].splitlines()
    cells = {row.split(" | ")[0].removeprefix("| "): row.removesuffix(" |").split(" | ")[1:] for row in rows}
    return {
        (construct, name): cells[words][number]
        for construct, words in CONSTRUCTS.items()
        for number, name in enumerate(NAMES)
    }


TABLE = the_table()


def refused(name: str, word: Word) -> str | None:
    """The code with which a target refuses a word, by the documentation."""
    if word.row is not None:
        return CODES[TABLE[word.row, name]]
    return "PL801" if name in word.refused else None


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("name", NAMES)
def test_expressed_or_refused_at_its_place(name: str, word: str) -> None:
    each = WORDS[word]
    found = compile_for(find_target(name), Input(compiled(each.text)))
    code = refused(name, each)
    if code is None:
        assert isinstance(found, TargetBundle), found
        return
    assert not isinstance(found, TargetBundle)
    (only,) = found
    assert only.code == code
    assert each.text.count(each.points) == 1
    lines = each.text.splitlines()
    place = only.location
    assert place.line == place.end_line
    assert lines[place.line - 1][place.column - 1 : place.end_column - 1] == each.points
    assert only.help
    assert only.help[-1] != "."


@pytest.mark.parametrize("word", [word for word, each in WORDS.items() if each.row in ("dated", "hours")])
@pytest.mark.parametrize("name", NAMES)
def test_with_an_instant_only_what_is_never_expressed_is_refused(name: str, word: str) -> None:
    found = compile_for(find_target(name), Input(compiled(WORDS[word].text), NOW))
    assert isinstance(found, TargetBundle) == (refused(name, WORDS[word]) != "PL801")


@pytest.mark.parametrize("word", [word for word, each in WORDS.items() if each.row is not None])
def test_the_row_is_that_of_the_word(word: str) -> None:
    each = WORDS[word]
    found = {use.construct for use in uses(Index(compiled(each.text)))}
    assert each.row in found
    assert not each.refused


@pytest.mark.parametrize("word", [word for word, each in WORDS.items() if each.refused])
def test_what_the_table_does_not_say_a_page_does(word: str) -> None:
    for name, told in WORDS[word].refused.items():
        page = target_docs.PAGE.parent / "targets" / f"{name}.md"
        assert told in " ".join(page.read_text(encoding="utf-8").split())


def test_every_construct_that_some_target_refuses_has_a_word() -> None:
    """Of those that came later into the language."""
    rows = {each.row for each in WORDS.values()}
    assert {"set", "overlaps", "empty", "clock", "tree", "dated", "hours", "integration", "modify"} <= rows
    assert {"deny-everyone", "deny-fields", "limits"} <= rows
