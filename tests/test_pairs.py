"""Every input gives, byte for byte, the output in the file beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pairs import PAIRS, Pair

CASES = [(pair, source) for pair in PAIRS for source in pair.inputs()]


@pytest.mark.parametrize(("pair", "source"), CASES, ids=lambda value: value.stem if isinstance(value, Path) else None)
def test_output_is_as_expected(pair: Pair, source: Path) -> None:
    assert pair.actual(source).decode() == pair.expected_path(source).read_bytes().decode()


def test_every_folder_has_cases() -> None:
    assert all(list(pair.inputs()) for pair in PAIRS)
