"""What PL308 says two roles differ in."""

from __future__ import annotations

import datetime

import pytest

from policylang.check.engine import run_checks
from tests.helpers import compiled

NOW = datetime.datetime(2026, 6, 1, 12, tzinfo=datetime.UTC)
RESOURCE = (
    "resource doc { owner : user  title : text  actions a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14 }\n"
)
TEN = "a1, a2, a3, a4, a5, a6, a7, a8, a9, a10"
ELEVEN = f"{TEN}, a11"


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (ELEVEN, TEN, "`b` has 10 of the 11 permissions of `a`: lacks a11 on `doc`"),
        (TEN, ELEVEN, "`b` has all 10 permissions of `a`, and a11 on `doc`"),
        (ELEVEN, f"{TEN}, a12", "`b` has 10 of the 11 permissions of `a`: lacks a11 on `doc`; has a12 on `doc`"),
        (
            ELEVEN,
            f"{TEN} on doc  grant a11 on doc (owner)",
            "`b` has 10 of the 11 permissions of `a`: differs in attributes, limits or denies of a11 on `doc`",
        ),
    ],
)
def test_what_two_differ_in(first: str, second: str, message: str) -> None:
    second = second if " on " in second else f"{second} on doc"
    text = f"{RESOURCE}role a {{ grant {first} on doc }}\nrole b {{ grant {second} }}\n"
    assert [each.message for each in run_checks(compiled(text), NOW, ["PL308"])] == [message]


def test_of_two_that_are_as_like_the_first_is_named() -> None:
    """Whichever way the permissions are ordered that tell them apart."""
    for one, other in ((11, 13), (13, 11)):
        first, second = (f"{TEN}, a{each}, a{each + 1}" for each in (one, other))
        roles = (first, second, f"{TEN}, a{one}, a{other}")
        text = RESOURCE + "".join(f"role r{n} {{ grant {each} on doc }}\n" for n, each in enumerate(roles))
        (found,) = run_checks(compiled(text), NOW, ["PL308"])
        assert (
            found.message
            == f"`r2` has 11 of the 12 permissions of `r0`: lacks a{one + 1} on `doc`; has a{other} on `doc`"
        )
