"""Every rule there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from policylang.check.finding import Finding
from policylang.check.rules import administration, conflicts, hygiene, privilege, stacking, statements, usage
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
from policylang.check.rules.targets import needs_an_instant, not_in_target, value_not_in_target
from policylang.check.used import UsageAnalysis
from policylang.check.world import World
from policylang.diagnostics import Rule

_MODULES = (
    *conflicts.MODULES,
    *stacking.MODULES,
    *privilege.MODULES,
    *administration.MODULES,
    *statements.MODULES,
    *hygiene.MODULES,
)

_IN_ANY_ORDER: tuple[Rule, ...] = (
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
    *(module.RULE for module in _MODULES),
    *(module.RULE for module in hygiene.SUPPRESSIONS),
    *(module.RULE for module in usage.MODULES),
    not_in_target.RULE,
    needs_an_instant.RULE,
    value_not_in_target.RULE,
)

RULES = tuple(sorted(_IN_ANY_ORDER, key=lambda rule: rule.code))

BY_CODE: dict[str, Rule] = {rule.code: rule for rule in RULES}
BY_NAME: dict[str, str] = {rule.name: rule.code for rule in RULES}
"""The code of each rule by its name."""

CHECKS: dict[str, Callable[[World], Iterator[Finding]]] = {module.RULE.code: module.check for module in _MODULES}
"""The rules that look at a compiled policy set. Those of the source itself are found on the way to it, those of targets
on the way from it.
"""

OF_USAGE: dict[str, Callable[[UsageAnalysis], Iterator[Finding]]] = {
    module.RULE.code: module.check for module in usage.MODULES
}
"""The rules that look at what people did: they run where a usage log is given."""

OF_SUPPRESSIONS = frozenset(module.RULE.code for module in hygiene.SUPPRESSIONS)
"""The rules about comments, which come to their turn when all others have run."""


def find_rule(code_or_name: str) -> Rule | None:
    """The rule of a code or a name, whatever the case."""
    wanted = code_or_name.casefold()
    return next((rule for rule in RULES if wanted in (rule.code.casefold(), rule.name)), None)
