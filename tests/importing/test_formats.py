"""What formats say of themselves: every code has an example, every silent rule exists."""

from __future__ import annotations

import pytest

from policylang.check.catalogue import BY_CODE
from policylang.importing import NAMES, every_name, find_format
from tests.helpers import TESTS


@pytest.mark.parametrize("name", NAMES)
def test_every_code_has_an_example(name: str) -> None:
    format = find_format(name)
    expected = "".join(path.read_text() for path in (TESTS / "importing" / name / "cases").glob("*.expected"))
    assert [code for code in format.refuses if f"refused[{code}]" not in expected] == []
    assert [code for code in format.leaves_out if f"left out[{code}]" not in expected] == []
    assert not format.refuses.keys() & format.leaves_out.keys()


@pytest.mark.parametrize("name", NAMES)
def test_what_is_silent_is_a_rule(name: str) -> None:
    assert find_format(name).silent.keys() <= BY_CODE.keys()


def test_names() -> None:
    assert find_format("xlsx") is find_format("csv")
    assert set(NAMES) < set(every_name())
