"""Scalars without quotes are what the core schema of YAML 1.2.2 (section 10.3.2) makes of them, in every reader."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policylang.directory import yaml_values
from policylang.directory.problems import UnreadableTextError
from policylang.files.yaml_core import plain
from policylang.files.yaml_source import YamlError, read_yaml
from policylang.text.readable import json_in_yaml

REFUSED = object()
TABLE: dict[str, tuple[str, Callable[[str], Any]]] = {
    "null": (r"null|Null|NULL|~|", lambda written: None),
    "bool": (r"true|True|TRUE|false|False|FALSE", lambda written: written.lower() == "true"),
    "int": (r"[-+]?[0-9]+", int),
    "octal": (r"0o[0-7]+", lambda written: int(written[2:], 8)),
    "hexadecimal": (r"0x[0-9a-fA-F]+", lambda written: int(written[2:], 16)),
    "float": (r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", Decimal),
    "infinity": (r"[-+]?(\.inf|\.Inf|\.INF)", lambda _written: REFUSED),
    "not a number": (r"\.nan|\.NaN|\.NAN", lambda _written: REFUSED),
}
"""The rows of the table."""


def _by_the_table(written: str) -> Any:
    for pattern, value in TABLE.values():
        if re.fullmatch(pattern, written):
            return value(written)
    return written


def _same(one: Any, other: Any) -> bool:
    return one == other and type(one) is type(other)


WORDS = st.from_regex("|".join(row for row, _ in TABLE.values()), fullmatch=True) | st.text(
    "0123456789abcdefoxXEe+-_.:TNnulyse~", max_size=8
)


@given(WORDS)
def test_the_table(written: str) -> None:
    written = re.sub(r"(?<=[eE])([-+]?)[0-9]*([0-9]{2})", r"\1\2", written[:90])  # no more digits than are read
    expected = _by_the_table(written)
    if expected is REFUSED:
        with pytest.raises(ValueError, match=r"is not a number: leave it out, or write it in quotes"):
            plain(written)
    else:
        assert _same(plain(written), expected)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        *((word, word) for word in ("no", "yes", "on", "off", "y", "n", "No", "YES", "tRUE", "nULL")),
        *((word, word) for word in ("1:0", "12:30:45", "1_000", "0b101", "0O10", "0X1F", "-0x1F", "1.2.3", "e3", "1e")),
        *((word, Decimal(word)) for word in ("1e3", ".5", "5.", "1.50", "-.5E-3", "+1.0", "0.1", "1" * 200 + ".5")),
        *((word, word) for word in (".iNF", "inf", "NaN", "-.nan", "2026-01-31", "2026-01-31T08:00:00Z", "=", "<<")),
        *((word, None) for word in ("", "~", "null", "Null", "NULL")),
        *((word, True) for word in ("true", "True", "TRUE")),
        *((word, False) for word in ("false", "False", "FALSE")),
        ("010", 10),
        ("08", 8),
        ("0o10", 8),
        ("0x1F", 31),
        ("+5", 5),
        ("-0", 0),
        ("9" * 200, int("9" * 200)),
    ],
)
def test_every_reader_says_the_same(written: str, value: Any) -> None:
    assert _same(read_yaml(f"a: {written}").value["a"], value)
    (entry,) = yaml_values.entries(f"people:\n- a: {written}\n", "people", 10_000)
    assert _same(entry.value["a"].value.value, value)
    for quote in "'", '"':
        assert read_yaml(f"a: {quote}{written}{quote}").value == {"a": written}


@pytest.mark.parametrize("key", ["<<", "010", "no", "~", "true"])
def test_keys_are_texts(key: str) -> None:
    assert read_yaml(f"{key}: 1").value == {key: 1}


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("a: 1\nb: 2\na: 3", (3, 4)),
        ("a: &x 1", (1, 4)),
        ("a: !!int 1", (1, 4)),
        ("a: [&x [], *x]", (1, 5)),
        ("a: 1\n---\nb: 2", (2, 1)),
        ("? [a]\n: 1", (1, 3)),
        ('a: 1\nb: "x\x85y"', (2, 6)),
        ("a: x\u2028y", (1, 5)),
        ("a: x\u2029y", (1, 5)),
    ],
)
def test_what_is_refused(text: str, where: tuple[int, int]) -> None:
    with pytest.raises(YamlError) as caught:
        read_yaml(text)
    assert (caught.value.line, caught.value.column) == where


def test_many_laughs() -> None:
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60))]
    with pytest.raises(YamlError, match="anchors"):
        read_yaml("\n".join(lines))


@pytest.mark.parametrize("written", [".inf", "-.INF", "+.Inf", ".nan", ".NaN"])
def test_every_reader_refuses_what_is_no_number(written: str) -> None:
    message = re.escape(f"`{written}` is not a number: leave it out, or write it in quotes if it is text")
    with pytest.raises(YamlError, match=message) as caught:
        read_yaml(f"b: x\na: {written}")
    assert (caught.value.line, caught.value.column) == (2, 4)
    with pytest.raises(UnreadableTextError, match=message):
        list(yaml_values.entries(f"people:\n- a: {written}\n", "people", 10_000))
    assert read_yaml(f"a: '{written}'").value["a"] == written


LONG = ["9" * 201, "-" + "9" * 5000, "0x" + "f" * 300, "1e201", "1e-201", "1e999999999999", "." + "1" * 201]


@pytest.mark.parametrize("written", LONG)
def test_every_reader_refuses_a_number_that_is_too_long(written: str) -> None:
    with pytest.raises(YamlError, match="has more than 200 digits"):
        read_yaml(f"a: {written}")
    with pytest.raises(UnreadableTextError, match="has more than 200 digits"):
        list(yaml_values.entries(f"people:\n- a: {written}\n", "people", 10_000))
    assert read_yaml(f"a: '{written}'").value["a"] == written


@given(
    st.text(st.characters(codec="utf-8"))
    | st.sampled_from(["🔑", "\x85", "\u2028", "\ufeff", "\x7f", "\\ud83d🔑", "\ud7ff"])
)
def test_json_that_yaml_reads_as_well(text: str) -> None:
    value = {"texts": [text, {"deep": text}], "number": 1, "none": None}
    written = json_in_yaml(value)
    assert read_yaml(f"a:\n  - {written}\n").value == {"a": [value]}
    assert "\n" not in written
