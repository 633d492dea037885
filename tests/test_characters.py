"""What is known of characters is the same on every Python that is installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from policylang.text import characters
from tools import pythons

ROOT = Path(__file__).parents[1]
SCRIPT = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from policylang.text import characters as c
found = hashlib.sha256()
for number in [*range(0x300, 0xD800), *range(0xE000, 0x20000), *range(0x2F800, 0x32000), *range(0xE0000, 0xE0200)]:
    x = chr(number)
    known = c.is_printable(x), c.is_letter(x), c.is_word(x), c.name(x), c.normal("e" + x), c.width(x)
    found.update(ascii(known).encode())
print(found.hexdigest())
"""


def _said(python: str) -> str:
    result = subprocess.run([python, "-S", "-c", SCRIPT, str(ROOT)], capture_output=True, text=True, timeout=300)
    return result.stdout.strip()


@pytest.mark.parametrize("version", pythons.found())
def test_the_same_on_every_other_python(version: str) -> None:
    assert _said(str(pythons.found()[version])) == _said(sys.executable) != ""


def test_what_later_versions_added_is_unknown() -> None:
    later = "\U0001e030"  # of Unicode 15: small like a Cyrillic a
    assert not characters.is_known(later)
    assert not characters.is_printable(f"a{later}")
    assert not characters.is_letter(later)
    assert characters.name(later) == ""
    assert characters.normal(f"\ufb01{later}\ufb01") == f"fi{later}fi"
    assert characters.masked(f"a{later}b") == "a\ufffdb"
    assert [run[0] for run in characters.letters(f"a{later}b \u00e9\u00df")] == ["a", "b", "\u00e9\u00df"]
    assert characters.width(later) == characters.width("\u4dc0") == characters.width("a") == 1
    assert characters.width("\u6f22") == 2
    assert characters.width("\u0301") == 0
    assert characters.is_printable("\U0001f511 \u00e9")
    assert characters.is_word("_")
    assert characters.is_word("\u0430")
    assert not characters.is_word("-")
