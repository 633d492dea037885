"""Who has which permission, as tables say it."""

from __future__ import annotations

from pathlib import Path

import pytest

from policylang.importing.reading import NotThisError
from policylang.mining.pairs import Pairs, read_kept, read_pairs


def held(pairs: Pairs) -> dict[str, list[str]]:
    return {
        user: [f"{resource}.{action}" for n, (resource, action) in enumerate(pairs.permissions) if row >> n & 1]
        for user, row in zip(pairs.users, pairs.matrix.rows, strict=True)
    }


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (
            "User,Permission,Granted\nann,bill.pay,no\nann,bill.view,yes\nben,bill.view,\n",
            {"ann": ["bill.view"], "ben": []},
        ),
        (
            "User,Permission,Mode\nann,bill.pay,allow\nann,bill.pay,deny\nben,bill.pay,allow\n",
            {"ann": [], "ben": ["bill.pay"]},
        ),
        ("User,Resource,Action,Effect\nann,bill,pay,deny\nann,bill,view,allow\n", {"ann": ["bill.view"]}),
        ("User,Permission,Remote\nann,bill.pay,no\nben,bill.pay,yes\n", {"ann": ["bill.pay"], "ben": ["bill.pay"]}),
        ("User,Permission,Allowed\nann,bill.pay,no\n", {"ann": []}),
    ],
)
def test_a_row_that_is_said_to_give_nothing_gives_nothing(
    tmp_path: Path, table: str, expected: dict[str, list[str]]
) -> None:
    path = tmp_path / "p.csv"
    path.write_text(table)
    assert held(read_pairs([str(path)], {})) == expected


@pytest.mark.parametrize("word", ["perhaps", "=A1"])
def test_a_row_that_may_give_something_is_an_error(tmp_path: Path, word: str) -> None:
    path = tmp_path / "p.csv"
    path.write_text(f"User,Permission,Granted\nann,bill.view,yes\nann,bill.pay,{word}\n")
    with pytest.raises(NotThisError, match="`Granted` says neither yes nor no here"):
        read_pairs([str(path)], {})


def test_a_column_that_is_an_attribute_says_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("User,Permission,Granted\nann,bill.view,no\n")
    pairs = read_pairs([str(path)], {}, ["Granted"])
    assert held(pairs) == {"ann": ["bill.view"]}
    assert pairs.attributes == {"Granted": {"ann": "no"}}


def test_kept_roles_have_what_they_are_granted(tmp_path: Path) -> None:
    path, kept = tmp_path / "p.csv", tmp_path / "k.csv"
    path.write_text("User,Permission\nann,bill.view\nann,bill.pay\n")
    kept.write_text("Role,Permission,Effect\nclerk,bill.view,allow\nclerk,bill.pay,deny\n")
    pairs = read_pairs([str(path)], {})
    assert read_kept(str(kept), pairs, {}) == {"clerk": 1 << pairs.permissions.index(("bill", "view"))}
