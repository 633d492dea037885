"""What holds of every file that is formatted."""

from __future__ import annotations

import re
from bisect import bisect_left

from policylang.check.suppress.suppressions import read_suppressions
from policylang.source import Source
from policylang.syntax import ast
from policylang.syntax.builder import text_of
from policylang.syntax.format import format_source
from policylang.syntax.grammar import tables
from policylang.syntax.lexer import Scan
from policylang.syntax.parser import Parsed, parse
from tests.helpers import without_places

Place = tuple[int, str, bool]


def formatted(text: str, width: int = 120) -> str:
    made = format_source(Source("a.policy", text), width).text
    assert made is not None
    return made


def obeys(text: str, width: int = 120) -> str:
    """Format a text that parses, and hold the result to every law."""
    before = parse(Source("a.policy", text.replace("\r\n", "\n").replace("\r", "\n")))
    assert before.diagnostics == ()
    made = formatted(text, width)
    after = parse(Source("a.policy", made))
    assert after.diagnostics == ()
    assert without_places(after.file.declarations) == without_places(before.file.declarations)
    assert words(after) == words(before)
    assert comments(after) == comments(before)
    assert suppressed(after) == suppressed(before)
    assert formatted(made, width) == made
    tidy(made)
    return made


def tidy(text: str) -> None:
    assert text == "" or text.endswith("\n")
    assert not text.endswith("\n\n")
    assert not text.startswith("\n")
    assert "\n\n\n" not in text
    assert not re.search(r"[ \t]$", text, re.MULTILINE)
    assert "\r" not in text


def words(parsed: Parsed) -> list[str]:
    """The words of a file; of texts their values."""
    tokens = Scan(tables().lexer, parsed.source.text).tokens_from(0)
    return [f'"{text_of(token).value}' if token.value.startswith('"') else token.value for token in tokens]


def comments(parsed: Parsed) -> list[Place]:
    """For each comment how many words stand before it, what it says, and whether it stands behind a word."""
    source = parsed.source
    ends = [token.end_pos for token in Scan(tables().lexer, source.text).tokens_from(0)]
    found = []
    for comment in parsed.file.comments:
        line, _ = source.position(comment.start_pos)
        behind = bool(source.text[source.line_starts[line - 1] : comment.start_pos].strip())
        found.append((bisect_left(ends, comment.start_pos + 1), comment.text.rstrip(" \t"), behind))
    return found


def suppressed(parsed: Parsed) -> list[list[int]]:
    """What each comment that suppresses findings speaks of: declarations and items, by number."""
    nodes = [node for each in parsed.file.declarations for node in (each, *ast.block_items(each))]
    numbers = {(node.start_pos, node.end_pos): number for number, node in enumerate(nodes)}
    suppressions, _ = read_suppressions([parsed])
    return [[numbers[extent] for extent in each.extents] for each in suppressions]
