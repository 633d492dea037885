"""`docs/rules/` says what the records of the rules say."""

from __future__ import annotations

import pytest

from tools.rule_docs import FOLDER, pages

PAGES = pages()


def test_there_is_a_page_for_every_rule() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(PAGES), "run: make expected"


@pytest.mark.parametrize("name", PAGES)
def test_page_is_up_to_date(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name], "run: make expected"
