"""Whoever writes what reads well elsewhere is told how it is written here, and no help leads into the next error."""

from __future__ import annotations

import pytest

from tests.words.slips import AROUND, Slip, diagnose, edited, slips

SLIPS = slips()


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: slip.written)
def test_the_help(slip: Slip) -> None:
    source, diagnostics = diagnose(slip.written)
    first = diagnostics[0]
    assert first.location.line > AROUND.count("\n")
    assert first.help == slip.help
    assert (None if first.edit is None else edited(source, first)) == slip.mended


@pytest.mark.parametrize("slip", [slip for slip in SLIPS if slip.mended], ids=lambda slip: slip.written)
def test_a_mended_line_has_no_errors(slip: Slip) -> None:
    assert slip.mended is not None
    assert diagnose(slip.mended)[1] == []


def test_what_is_around_has_no_errors() -> None:
    assert diagnose("")[1] == []
    assert len(SLIPS) > 300
