"""The pages say of the formats what these say of themselves."""

from __future__ import annotations

from tools import import_docs


def test_the_tables_are_up_to_date() -> None:
    """`python tools/update_expected.py` writes them."""
    text = import_docs.PAGE.read_text(encoding="utf-8")
    assert import_docs.page(text) == text
    readme = import_docs.README.read_text(encoding="utf-8")
    assert import_docs.readme(readme) == readme
