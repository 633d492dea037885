"""Every rule's examples do what they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import policylang.check.rules
from policylang.check.catalogue import RULES, find_rule
from policylang.diagnostics import Rule
from tests.helpers import found, marked

SOURCE = [rule for rule in RULES if rule.family == "source"]


@pytest.mark.parametrize("rule", SOURCE, ids=lambda rule: rule.code)
def test_bad_example_gives_exactly_the_finding(rule: Rule) -> None:
    expected = marked(rule.bad)
    assert {code for _, code in expected} == {rule.code}
    assert found(rule.bad) == expected


@pytest.mark.parametrize("rule", SOURCE, ids=lambda rule: rule.code)
def test_good_example_gives_nothing(rule: Rule) -> None:
    assert found(rule.good) == []


def test_codes_and_names_are_unique_and_in_order() -> None:
    codes = [rule.code for rule in RULES]
    assert codes == sorted(set(codes))
    assert len({rule.name for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.name)
        assert find_rule(rule.code.lower()) is find_rule(rule.name.upper()) is rule


def test_every_rule_file_is_in_the_catalogue() -> None:
    folder = Path(policylang.check.rules.__file__).parent
    files = {path.stem.replace("_", "-") for path in folder.glob("*/*.py") if path.stem != "__init__"}
    assert files == {rule.name for rule in RULES}


def test_every_code_in_the_sources_is_a_rule() -> None:
    """A diagnostic with a code that nobody can look up would be a dead end."""
    package = Path(policylang.check.rules.__file__).parents[2]
    used = {
        code for path in package.rglob("*.py") for code in re.findall(r'"(PL\d{3})"', path.read_text(encoding="utf-8"))
    }
    assert used == {rule.code for rule in RULES}
