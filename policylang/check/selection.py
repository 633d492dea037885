"""Which rules run, and how severe what they find is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from policylang.check.catalogue import BY_CODE, OF_USAGE, RULES, find_rule
from policylang.diagnostics import Severity
from policylang.settings.config import Config
from policylang.suggest import closest

SOURCE = "PL1"
"""Codes of the source itself: they can be selected, but not left out."""


class Selection(msgspec.Struct, frozen=True):
    """Rules by code. ``named`` are those asked for by their whole code or name, which run though the config has them
    off.
    """

    codes: frozenset[str]
    named: frozenset[str] = frozenset()


EVERYTHING = Selection(frozenset(BY_CODE))


class SelectionError(ValueError):
    """A word that selects no rule, one that cannot be left out, or one that leaves none."""

    def __init__(self, word: str, message: str, help: str) -> None:
        super().__init__(message)
        self.word, self.message, self.help = word, message, help


def select(wanted: Sequence[str] = (), unwanted: Sequence[str] = ()) -> Selection:
    """The rules that are wanted, all if nothing is said, without those that are not.

    A word is a code (``PL402``), the beginning of codes (``PL2``) or a name (``limit-lost``), in any case.
    Raises `SelectionError`.
    """
    chosen = {code for word in wanted for code in _matching(word)} if wanted else set(BY_CODE)
    named = {rule.code for word in wanted if (rule := find_rule(word)) is not None}
    for word in unwanted:
        codes = _matching(word)
        if all(code.startswith(SOURCE) for code in codes):
            help = f"{SOURCE}xx are errors in the source, which are always reported"
            raise SelectionError(word, "this cannot be ignored", help)
        chosen -= codes
        if not chosen:
            raise SelectionError(word, "no rules are left to run", "ignore fewer rules, or select more")
    return Selection(frozenset(chosen), frozenset(named & chosen))


def _matching(word: str) -> set[str]:
    """The codes that a word stands for, at least one. Raises `SelectionError`."""
    rule = find_rule(word)
    if rule is not None:
        return {rule.code}
    codes = {code for code in BY_CODE if code.startswith(word.upper())} if len(word) > 2 else set()
    if not codes:
        raise SelectionError(word, "unknown rule", near_code(word))
    return codes


def near_code(word: str) -> str:
    """What may have been meant by a word that is no rule."""
    near = closest(word.upper(), BY_CODE) or closest(word.lower(), (rule.name for rule in RULES))
    return f"did you mean `{near}`?" if near else "`policylang rules` lists the rules"


def severities(selection: Selection, config: Config, *, with_usage: bool = False) -> dict[str, Severity]:
    """The severity of each rule that runs on a policy set without errors, in the order of their codes. ``with_usage``:
    there is a log for the rules about that.
    """
    found: dict[str, Severity] = {}
    for rule in RULES:
        said = config.severities.get(rule.code)
        is_off = said == "off" and rule.code not in selection.named
        if rule.code in OF_USAGE and not with_usage:
            continue
        if rule.code.startswith(SOURCE) or rule.code not in selection.codes or is_off:
            continue
        found[rule.code] = rule.severity if said is None or said == "off" else said
    return found


def unknown_rules(config: Config) -> Iterator[tuple[str, str]]:
    """Each word in a config that is no rule, as ``severities: PL499``, and what may have been meant."""
    named = [("severities", code) for code in config.severities]
    named += [(f"ignores: {path}", code) for path, codes in config.ignores.items() for code in codes]
    for where, code in named:
        if not any(known.startswith(code) for known in BY_CODE):
            yield f"{where}: {code}", near_code(code)
