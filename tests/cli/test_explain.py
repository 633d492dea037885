"""`policylang explain` shows all of a rule."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from policylang.check.catalogue import RULES
from policylang.check.fix.fixes import fix_in_words
from policylang.cli.explain import explain
from policylang.diagnostics import Rule


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_everything_is_shown(rule: Rule) -> None:
    result = CliRunner().invoke(explain, [rule.code])
    assert result.exit_code == 0
    titles = [line for line in result.output.splitlines() if line.endswith(":") and not line.startswith(" ")]
    wanted = ["Gives the finding:", "Does not:", *(["Neither does:"] if rule.near else [])]
    assert [title for title in titles if title in wanted] == wanted
    assert "#!" not in result.output
    assert ("\nFix: " in result.output) == (fix_in_words(rule) is not None)
