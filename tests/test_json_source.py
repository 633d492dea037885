"""How deep JSON is, by its text alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policylang.files.json_source import is_deeper

_TEXTS = st.text('[]{}":,\\ aé', max_size=6)
_VALUES = st.recursive(
    st.none() | st.integers() | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=20,
)


def _depth(value: Any) -> int:
    if not isinstance(value, dict | list):
        return 0
    return 1 + max(map(_depth, value.values() if isinstance(value, dict) else value), default=0)


@given(_VALUES, st.integers(1, 6), st.sampled_from([None, 1]), st.booleans())
def test_the_depth_of_a_text_is_that_of_its_value(value: Any, levels: int, indent: int | None, ascii: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii)
    assert is_deeper(text, levels) == (_depth(value) > levels)


@pytest.mark.parametrize(
    ("text", "deeper"),
    [
        ("[" * 3 + "]" * 3, False),
        ("[" * 4 + "]" * 4, True),
        ('[[["]", ["["]]]]', True),  # brackets in texts close nothing
        ('[["[[[[", "]]]]"]]', False),
        ('["]", ["]", ["]", [1], "["], "["], "["]', True),
        (r'["\"]\"", ["\"]\"", ["\"]\"", [1], "\"[\""], "\"[\""], "\"[\""]', True),
        ('[[["\\"]", ["\\"["]]]]', True),
        ('[[["\\"[\\"", 1]]]', False),
        ("[[[[", True),
        ("]]]][[[[", False),  # no JSON, and its reader gets no further than the first bracket
        ('[[["', False),
    ],
)
def test_more_than_three_levels(text: str, deeper: bool) -> None:
    assert is_deeper(text, 3) is deeper
