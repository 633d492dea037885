"""Every rule there is."""

from __future__ import annotations

from policylang.check.rules.source import (
    bad_argument,
    bad_dates,
    cyclic_definition,
    duplicate_definition,
    limit_exceeded,
    policy_does_not_fit,
    syntax_error,
    type_mismatch,
    unknown_name,
    unsafe_text,
    user_in_two_groups,
)
from policylang.diagnostics import Rule

RULES: tuple[Rule, ...] = (
    syntax_error.RULE,
    unknown_name.RULE,
    duplicate_definition.RULE,
    type_mismatch.RULE,
    bad_argument.RULE,
    cyclic_definition.RULE,
    unsafe_text.RULE,
    policy_does_not_fit.RULE,
    user_in_two_groups.RULE,
    bad_dates.RULE,
    limit_exceeded.RULE,
)

BY_CODE: dict[str, Rule] = {rule.code: rule for rule in RULES}


def find_rule(code_or_name: str) -> Rule | None:
    """The rule of a code or a name, whatever the case."""
    wanted = code_or_name.casefold()
    return next((rule for rule in RULES if wanted in (rule.code.casefold(), rule.name)), None)
