"""Every directory file gives the report, or the people, in the file beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.directory.pairs import actual, expected_path, inputs


@pytest.mark.parametrize("path", list(inputs()), ids=lambda path: path.name)
def test_as_expected(path: Path) -> None:
    assert actual(path) == expected_path(path).read_text(encoding="utf-8")
