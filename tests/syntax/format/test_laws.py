"""The laws of formatting, over real policy files, generated ones, and ones with comments anywhere."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policylang.source import Source
from policylang.syntax.grammar import tables
from policylang.syntax.lexer import Scan
from policylang.syntax.parser import parse
from tests.generated import Case, Features, cases
from tests.helpers import ACCEPTANCE, POLICIES
from tests.syntax.format.laws import obeys
from tests.syntax.test_properties import SPACED

SLOW = settings(deadline=None, suppress_health_check=list(HealthCheck))
FILES = [path for folder in (POLICIES, ACCEPTANCE) for path in sorted(folder.rglob("*.policy"))]
DECLARATIONS = [
    text
    for path in FILES
    for text in re.split(r"\n(?=[a-z])", re.sub(r"(?m) *#[^\"\n]*$", "", path.read_text(encoding="utf-8")))
    if text.strip()
]
# What may stand between two words: mostly a space, else line breaks and comments.
BETWEEN = [*[" "] * 12, "\n", "\n\n", "\n\n\n  ", "\r\n\t", " # why\n", "\n# why\n\n", " #\n", "\n\n  # one\n# two  \n"]
BETWEEN += [
    "  # policylang: ignore PL402\n",
    '\n  # policylang: ignore PL402 because "x"\n',
    " # policylang: ignore PL2\n",
]
WIDTHS = st.sampled_from([40, 60, 120, 400])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("width", [40, 120, 400])
def test_real_files(path: Path, width: int) -> None:
    obeys(path.read_text(encoding="utf-8"), width)


@SLOW
@given(cases(Features(requests=0)), WIDTHS)
def test_generated_policy_sets(case: Case, width: int) -> None:
    obeys(case.text, width)


@SLOW
@given(SPACED, WIDTHS)
def test_whatever_the_grammar_generates(text: str, width: int) -> None:
    if not parse(Source("a", text)).diagnostics:
        obeys(text, width)


@SLOW
@given(st.lists(st.sampled_from(DECLARATIONS), min_size=1, max_size=4), st.randoms(), WIDTHS)
def test_comments_and_line_breaks_between_any_words(chosen: list[str], random: Random, width: int) -> None:
    text = scattered("\n".join(chosen), random)
    if not parse(Source("a", text)).diagnostics:  # a user before a job goes on with it
        obeys(text, width)


@SLOW
@given(SPACED, st.randoms(), WIDTHS)
def test_comments_between_any_words_of_the_grammar(text: str, random: Random, width: int) -> None:
    if not parse(Source("a", text)).diagnostics:
        obeys(scattered(text, random), width)


def scattered(text: str, random: Random) -> str:
    """The words of a text with anything between them."""
    found = [token.value for token in Scan(tables().lexer, text).tokens_from(0)]
    return "".join(f"{random.choice(BETWEEN)}{word}" for word in [*found, ""])
