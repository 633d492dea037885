"""The copies in the tests equal their originals, where those are at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.compare_copies import SCHEMAS, main

ORIGINALS = Path(__file__).parents[2] / "shared"


@pytest.mark.skipif(not (ORIGINALS / "data").is_dir(), reason="the originals are not here")
def test_copies_are_as_the_originals() -> None:
    assert main(ORIGINALS) == 0


def test_copies_are_there() -> None:
    assert all((folder / name).is_file() for name, folder in SCHEMAS.items())
