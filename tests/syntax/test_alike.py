"""Ids that look alike: what is found, what is not, whatever their order."""

from __future__ import annotations

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policylang.syntax.alike import alike, how_alike

PAIRS = (
    ("ann", "Ann"),
    ("ann", "ann "),
    ("ann", "\tann\n"),
    ("ann", "\u0430nn"),  # Cyrillic
    ("ann", "\u03b1nn"),  # Greek
    ("ann", "\uff41nn"),  # of full width
    ("ann", "\u0251nn"),  # Latin, another a
    ("ann", "a\u200bnn"),
    ("ann", "ann\u3000"),
    ("ann", "\U0001d41ann"),  # mathematical
    ("Ivan", "\u0406van"),
    ("ivan", "\u0406van"),
    ("jos\u00e9", "jose\u0301"),
    ("JOS\u00c9", "jose\u0301"),
    ("\u0430\u0441\u0435", "ace"),
    ("\u0410\u041d\u041d\u0410", "\u0430\u043d\u043d\u0430"),
)
DIFFERENT = (
    ("user1", "userl"),
    ("user0", "userO"),
    ("rnark", "mark"),
    ("j\u00fcrgen", "jurgen"),
    ("j\u00fcrgen1", "j\u00fcrgenl"),
    ("andr\u00e90", "andr\u00e9O"),
    ("stra\u00dfe", "strasse"),
    ("a b", "ab"),
    ("\u674e", "\u5b63"),
    ("\u0416\u0430\u043d\u043d\u0430", "\u0416\u0430\u043d\u043d\u0430 2"),
    ("dana", "danae"),
)


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_alike(one: str, other: str) -> None:
    for first, second in ((one, other), (other, one)):
        assert list(alike([(first, 1), ("someone", 2), (second, 3)])) == [(second, 3, first, 1)]


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_plainly_different(one: str, other: str) -> None:
    for ids in ((one, other), (other, one), (one, other, "\u0416"), ("\u0416", other, one)):
        assert list(alike([(id, 0) for id in ids])) == []


def test_how_they_differ() -> None:
    assert how_alike("a ", "a") == "differs in spaces at its ends"
    assert how_alike("A", "a") == "differs in upper and lower case"
    assert how_alike("\u0430", "a") == "differs in a letter that cannot be seen"


@given(st.lists(st.text(string.ascii_lowercase + string.digits + ".@-", min_size=1), unique=True))
def test_ids_in_lower_case_ascii_are_never_alike(ids: list[str]) -> None:
    assert list(alike([(id, 0) for id in ids])) == []


@given(st.lists(st.text("aA\u0430\u0410\u03b1 \u200b\u0301\u00e1l1I\u0406", min_size=1), unique=True), st.randoms())
def test_as_many_stand_alone_in_any_order(ids: list[str], order: random.Random) -> None:
    """Every id that is found looks like one before it, and each pair is found in both directions."""
    found = list(alike([(id, n) for n, id in enumerate(ids)]))
    assert all(where > first and id != other for id, where, other, first in found)
    for id, _, other, _ in found:
        assert list(alike([(id, 0), (other, 1)])) == [(other, 1, id, 0)]
