"""Whoever writes what reads well elsewhere is told how it is written here, and no help leads into the next error."""

from __future__ import annotations

import pytest

from policylang.syntax.slips import TABLES, phrases
from policylang.syntax.slips.match import matcher
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
    assert len(SLIPS) > 600


@pytest.mark.parametrize("place", TABLES)
@pytest.mark.filterwarnings("error")
def test_every_phrase_is_a_pattern(place: str) -> None:
    for each in phrases(place):
        matcher(each.phrase)


@pytest.mark.parametrize(
    ("written", "mended", "help"),
    [
        ("amount = 5", "amount is 5", "write `amount is 5`"),
        ("title = draft", 'title is "draft"', 'write `title is "draft"`'),
        (
            "created between 2026-01-01 and 2026-02-01",
            "created >= 2026-01-01T00:00:00Z and created <= 2026-02-01T00:00:00Z",
            "write `created >= 2026-01-01T00:00:00Z and created <= 2026-02-01T00:00:00Z`",
        ),
        ("resource.owner == principal.id", "owner is assigned user", "write `owner is assigned user`"),
        ("day = 2026-02-30", None, "write `day is 2026-02-30`; 2026-02 has 28 days"),
    ],
)
def test_an_edit_is_followed_to_its_end(written: str, mended: str | None, help: str) -> None:
    source, diagnostics = diagnose(f"policy x on doc {{ {written} }}")
    assert diagnostics[0].help == help
    assert (diagnostics[0].edit and edited(source, diagnostics[0])) == (mended and f"policy x on doc {{ {mended} }}")


def test_an_edit_in_a_large_policy_set_is_not_tried_out() -> None:
    _, diagnostics = diagnose("policy x on doc { title = draft }\n" + "# much\n" * 60_000)
    assert diagnostics[0].help == "write `title is draft`"
