"""One grammar everywhere: every highlighter knows what the parser knows."""

from __future__ import annotations

import json
import re
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
from pygments.token import Comment, Error, Keyword

from policylang.syntax.classify import classified
from policylang.syntax.grammar import tables
from policylang.syntax.pygments_lexer import PolicyLexer
from tests.helpers import ACCEPTANCE, POLICIES
from tools.grammars import TEXTMATE, written

FILES = sorted([*POLICIES.rglob("*.policy"), *ACCEPTANCE.rglob("*.policy")])
GRAMMAR = json.loads(TEXTMATE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", written(), ids=lambda path: path.name)
def test_the_grammars_are_those_of_the_parser(path: Path) -> None:
    """`python -m tools.grammars` writes them."""
    assert path.read_text(encoding="utf-8") == written()[path]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_pygments_knows_every_token(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = list(PolicyLexer().get_tokens_unprocessed(text))
    assert [each for each in found if each[1] is Error] == []
    assert "".join(value for _, _, value in found) == text


def test_pygments_tells_keywords_from_names() -> None:
    text = "# here\nresource role { grant : text  actions view }\n"
    found = [(type_, value) for _, type_, value in PolicyLexer().get_tokens_unprocessed(text) if not value.isspace()]
    assert found[0] == (Comment.Single, "# here")
    assert [value for type_, value in found if type_ is Keyword] == ["resource", "actions"]
    assert [kind for _, _, kind in classified("role ä")] == ["keyword", "unreadable"]


def test_pygments_finds_the_lexer() -> None:
    """By its entry point, where the package is installed."""
    project = tomllib.loads((POLICIES.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, _, name = project["entry-points"]["pygments.lexers"]["policylang"].partition(":")
    assert getattr(import_module(module), name) is PolicyLexer
    assert PolicyLexer.filenames == ["*.policy"]


def scopes(line: str) -> list[tuple[str, str]]:
    """What the TextMate grammar makes of a line, as an editor does: the first match, of several the first pattern."""
    found = []
    at = 0
    while at < len(line):
        matches = [
            (re.compile(each["match"]).search(line, at), number) for number, each in enumerate(GRAMMAR["patterns"])
        ]
        hits = [(match.start(), number, match) for match, number in matches if match is not None]
        if not hits:
            break
        _, number, match = min(hits, key=lambda hit: hit[:2])
        pattern = GRAMMAR["patterns"][number]
        found.append((match[0], pattern.get("name", "captures")))
        at = max(match.end(), at + 1)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_textmate_knows_every_token(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    unknown = [(line, word) for line in lines for word, name in scopes(line) if name.startswith("invalid")]
    assert unknown == []


def test_textmate_knows_every_keyword() -> None:
    for word in tables().lexer.keywords:
        ((_, name),) = scopes(word)
        assert name == "captures" or name.split(".")[0] in ("keyword", "constant"), word
