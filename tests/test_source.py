"""Places in a text after edits: lines that stand are where looking for all of them would find them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from policylang.source import Source

TEXTS = st.text(st.sampled_from("a\r\n\u2028é"), max_size=20)


@given(text=TEXTS, by=TEXTS, data=st.data())
def test_lines_after_an_edit(text: str, by: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    source = Source("a", text).edited(start, end, by)
    assert source.text == text[:start] + by + text[end:]
    assert source.line_starts == Source("a", source.text).line_starts
