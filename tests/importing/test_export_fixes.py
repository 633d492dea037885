"""The fix of a finding in what was imported is written back, in each format."""

from __future__ import annotations

from pathlib import Path

import pytest

from policylang.importing import NAMES, find_format
from tests.importing.fixing import mended

CASES = sorted((Path(__file__).parent / "fixes").glob("*.case"))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_a_finding_is_gone_once_its_fix_is_written_back(case: Path) -> None:
    """What is written stands beside the case; where a fix changes no access, nothing is."""
    found = mended(case)
    assert any(each.patch.startswith("+++") for each in found)
    for each in found:
        assert each.before
        assert bool(each.after) == (each.patch == "nothing to write\n"), each


def test_there_is_a_case_of_each_format() -> None:
    assert [case.stem for case in CASES] == sorted(name for name in NAMES if find_format(name).patch is not None)
