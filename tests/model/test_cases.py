"""Policy sets with the findings they must give, line by line: `#! PL101` ends a line where that finding is expected,
and nothing else may be found."""

from __future__ import annotations

import pytest

from tests.helpers import TESTS, found, marked

CASES = sorted((TESTS / "model" / "cases").glob("*.policy"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_findings_as_marked(path) -> None:
    text = path.read_text(encoding="utf-8")
    assert sorted(found(text)) == sorted(marked(text))
