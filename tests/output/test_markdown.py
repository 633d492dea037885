"""Nothing that policies say is a link, a mention, a reference or markup in Markdown."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policylang.output.markdown import markdown

HOSTILE = """\
@octocat #1 GH-1 JIRA-12 org/repo#1 https://x.test www.x.test mailto:a@b.c a@b.c <b>x</b> ![x](https://x.test) [x](y)
` `` | *x* ~x~ deadbeef1 deadbeef :smile: !3 $x$ &#64;x <code> </code> \\ " ( ) , because word 2026-01-01"""
PIECES = st.sampled_from([*HOSTILE.split(), " ", "\n"])
BAD = {
    "a mention": r"@\w",
    "a reference": r"#\d|\b[A-Za-z]+-\d|!\d",
    "a commit": r"\b[0-9a-f]{7,40}\b",
    "a link": r"(?i)www\.|://|mailto:",
    "an emoji": r":\w+:",
    "markup": r"(?<!\\)[`*_\[\]|~]",
    "HTML": r"<(?!br>)",
}


@given(st.lists(PIECES, max_size=8).map("".join))
def test_nothing_is_linked_or_marked_up(text: str) -> None:
    shown = markdown(text)
    assert "\n" not in shown
    outside = re.sub(r"<code>.*?</code>", " ", shown)
    assert not [what for what, pattern in BAD.items() if re.search(pattern, re.sub(r"&[#\w]+;", " ", outside))], shown
    inside = re.sub(r"</?code>|<br>", " ", shown)
    assert not [what for what in ("a link", "markup", "HTML") if re.search(BAD[what], inside.replace("mailto:", ""))], (
        shown
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("view on `customer`, until 2026-01-31.", "view on <code>customer</code>, until 2026-01-31."),
        ("see #7 @ann now", "see <code>#7 &#64;ann</code> now"),
        ("`a` @b `c`", "<code>a</code> <code>&#64;b</code> <code>c</code>"),
        ("what's new? (nothing)", "what&#x27;s new? (nothing)"),
    ],
)
def test_words_stay_words(text: str, shown: str) -> None:
    assert markdown(text) == shown
