"""The page about targets says what they say of themselves."""

from __future__ import annotations

from tools import target_docs


def test_the_tables_are_up_to_date() -> None:
    """`python tools/update_expected.py` writes them."""
    text = target_docs.PAGE.read_text(encoding="utf-8")
    assert target_docs.page(text) == text
    assert text.count("| ") > 100
