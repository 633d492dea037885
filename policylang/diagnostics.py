"""Diagnostics: what is wrong, where, and what to do about it. And rules: what kinds of wrong there are."""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec

from policylang.source import Location
from policylang.text.characters import is_printable

Severity = Literal["error", "warning", "info"]

_IN_OPENSSL = re.compile(r"^\[[A-Z0-9_]+(: [A-Z0-9_]+)?\] |,? ?\(_ssl\.c:\d+\)$")


class Related(msgspec.Struct, frozen=True):
    """Another place that a diagnostic speaks of."""

    location: Location
    message: str


class Edit(msgspec.Struct, frozen=True):
    """A change of a source: the text to put in place of what stands at the location."""

    location: Location
    text: str


class Diagnostic(msgspec.Struct, frozen=True, kw_only=True):
    """One finding.

    ``message`` is lower case without a final period and quotes the user's words in backticks; ``help`` says what to
    do; where that is a change of the text and nothing else, ``edit`` is the change. ``witness`` is a concrete request
    that shows the finding, in the shape that ``policylang decide`` takes.
    """

    code: str
    message: str
    location: Location
    help: str | None = None
    related: tuple[Related, ...] = ()
    severity: Severity = "error"
    witness: dict[str, Any] | None = None
    edit: Edit | None = None

    @property
    def order(self) -> tuple[Any, ...]:
        """What diagnostics are sorted by: file, place, code."""
        return (*self.location, self.code, self.message)


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What one code means. Documentation, ``explain``, schemas and tests are made from it.

    ``bad`` and ``good`` are policy sets: the first gives this code, at the place that ``#! CODE`` marks at the end of
    a line, the second gives nothing, and neither does ``near``, which looks like the first and is right nevertheless.
    ``proof``: it is decided by proof and reported with a witness, or with what was proved. ``fix``: whether the tool
    can mend it, without changing what anybody may do (safe), or as a suggestion. ``log``: the usage log (CSV) that the
    examples are checked with, for a rule about what people did. ``security``: how much it matters to
    security; null where it is about correctness. High: somebody can do what the policy set says must not be. Medium:
    more is open than anybody is likely to have meant, or a limit that readers rely on does not limit. Low: access is as
    it should be today, and nobody would notice if it were not.
    """

    code: str
    name: str
    family: str
    severity: Severity
    security: Literal["high", "medium", "low"] | None = None
    summary: str
    why: str
    bad: str
    good: str
    since: str
    near: str = ""
    log: str = ""
    proof: bool = False
    fix: Literal["none", "safe", "suggested"] = "none"

    @property
    def examples(self) -> dict[str, str]:
        """The policy sets by what they show, without the marks."""
        titled = {"Gives the finding": self.bad, "Does not": self.good, "Neither does": self.near}
        plain = {title: [line.split("#! ")[0].rstrip() for line in text.splitlines()] for title, text in titled.items()}
        return {title: "\n".join(lines) for title, lines in plain.items() if lines}


def quoted(text: str, limit: int = 60) -> str:
    """Text from a policy file as a message shows it: in backticks, shortened, nothing invisible in it."""
    return f"`{visible(cut(text, limit))}`"


def cut(text: str, limit: int = 60) -> str:
    """Text that is no longer than that."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def visible(text: str) -> str:
    """The text with every character that does not show itself written as ``\\u{…}``.

    Terminals would otherwise obey the control characters of a policy file.
    """
    if is_printable(text):
        return text
    return "".join(c if is_printable(c) else f"\\u{{{ord(c):X}}}" for c in text)


def reason(error: OSError) -> str:
    """What the system says of a file, as messages say it; of TLS, without the place in OpenSSL."""
    return _IN_OPENSSL.sub("", error.strerror or str(error)).lower()


def listed(words: list[str], last: str = "or") -> str:
    """``a, b or c``"""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"
