"""Comments that say which findings are meant to be there: ``# policylang: ignore PL402 because "…" until 2027-01-31``.

Such a comment speaks of the declarations and block items that start on its line or, standing alone, of the next one:
of every finding on it or inside it. What is no finding of a rule but an error in the source (PL1xx) cannot be ignored.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import NoReturn

from policylang.check.catalogue import BY_CODE, BY_NAME, OF_SUPPRESSIONS
from policylang.check.enclosing import Layout, Offsets
from policylang.check.selection import near_code
from policylang.check.suppress.suppression import Suppression
from policylang.diagnostics import Diagnostic, quoted
from policylang.source import Location, Source
from policylang.suggest import closest
from policylang.syntax import ast
from policylang.syntax.parser import Parsed

_FORM = 'write it as `# policylang: ignore PL402 because "…" until 2027-01-31`; the reason and date are optional'
_MEANT = re.compile(r"#+\s*policylang\s*(?::|\W?\s*ignore\W*PL\d)", re.IGNORECASE)
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<comment>\#.*) | (?P<text>"(?:[^"\\]|\\.)*") | (?P<comma>,) | (?P<colon>:)
      | (?P<word>[^\s,:"\#]+) | (?P<open>".*) | (?P<end>$)
    )""",
    re.VERBOSE,
)
_CODE = re.compile(r"PL[0-9]{3}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def is_meant(comment: ast.Comment) -> bool:
    """Whether a comment speaks to policylang, or looks as if it should."""
    return _MEANT.match(comment.text) is not None


def read_suppressions(files: Sequence[Parsed]) -> tuple[list[Suppression], list[Diagnostic]]:
    """The comments of files that speak to policylang, in the order of files and places; and what is wrong with those
    that were meant to.
    """
    found: list[Suppression] = []
    mistakes: list[Diagnostic] = []
    for parsed in files:
        meant = [comment for comment in parsed.file.comments if is_meant(comment)]
        if not meant:
            continue
        layout = Layout(parsed)
        for comment in meant:
            try:
                found.append(_read(comment, layout))
            except _MistakeError as error:
                mistakes.append(error.diagnostic)
    return found, mistakes


def _read(comment: ast.Comment, layout: Layout) -> Suppression:
    reader = _Reader(comment, layout.source)
    codes, reason, until = reader.read()
    at = layout.source.location(comment.start_pos, reader.end)
    return Suppression(at, codes, reason, until, _extents(comment, layout, at.line))


def _extents(comment: ast.Comment, layout: Layout, line: int) -> tuple[Offsets, ...]:
    source = layout.source
    alone = not source.text[source.line_starts[line - 1] : comment.start_pos].strip()
    if not alone:
        return layout.on_line(line)
    following = layout.next_after(comment.end_pos)
    return () if following is None else (following,)


# --- which findings ------------------------------------------------------------------------------------------


class Covering:
    """Suppressions in some files, by the places that they speak of."""

    def __init__(self, files: Sequence[Parsed], suppressions: Sequence[Suppression]) -> None:
        self._sources = {parsed.source.name: parsed.source for parsed in files}
        self._by_key: dict[tuple[str, str], list[Suppression]] = {}
        for each in suppressions:
            for code in each.codes:
                self._by_key.setdefault((each.at.path, code), []).append(each)

    def of(self, code: str, at: Location) -> list[Suppression]:
        """Those that speak of a finding."""
        known = self._by_key.get((at.path, code))
        if not known:
            return []
        start = self._sources[at.path].offset(at.line, at.column)
        return [each for each in known if any(first <= start < last for first, last in each.extents)]


# --- reading one comment -------------------------------------------------------------------------------------


class _MistakeError(Exception):
    def __init__(self, diagnostic: Diagnostic) -> None:
        self.diagnostic = diagnostic


class _Reader:
    """Reads the words of one comment. ``end``: where they end, another comment behind them left out."""

    def __init__(self, comment: ast.Comment, source: Source) -> None:
        self.source, self.start = source, comment.start_pos
        self.tokens = list(_tokens(comment.text, comment.start_pos))
        self.number = 0
        self.end = self.tokens[-1][2]

    def read(self) -> tuple[tuple[str, ...], str | None, datetime.date | None]:
        self.take()  # the word policylang, as was seen before
        if self.kind != "colon":
            self.fail("a colon is missing before `ignore`")
        self.take()
        word = self.take_word("`ignore`")
        if word != "ignore":
            is_near = word.lower() == "ignore" or closest(word.lower(), ("ignore",)) is not None
            help = "did you mean `ignore`?" if is_near else _FORM
            self.fail(f"{quoted(word)} is not an instruction to policylang", help, back=1)
        codes = [self.take_code()]
        while self.kind == "comma":
            self.take()
            codes.append(self.take_code())
        reason: str | None = None
        until: datetime.date | None = None
        said: set[str] = set()
        while self.kind != "end":
            clause = self.value if self.kind == "word" else ""
            if clause in said:
                self.fail(f"`{clause}` is given twice", "delete one of the two")
            said.add(clause)
            if clause == "because":
                self.take()
                reason = self.take_reason()
            elif clause == "until":
                self.take()
                until = self.take_date()
            elif _CODE.fullmatch(clause) or clause in BY_NAME:
                self.fail("a comma is missing between two rules", "write `ignore PL402, PL404`")
            else:
                self.fail(f"{quoted(self.value)} does not fit here", _FORM)
        return tuple(dict.fromkeys(codes)), reason, until

    @property
    def kind(self) -> str:
        return self.tokens[self.number][0]

    @property
    def value(self) -> str:
        _, start, end = self.tokens[self.number]
        return self.source.text[start:end]

    def take(self) -> str:
        value = self.value
        self.number += 1
        return value

    def take_word(self, wanted: str) -> str:
        if self.kind != "word":
            self.fail(f"expected {wanted} here")
        return self.take()

    def take_code(self) -> str:
        word = self.take_word("the code of a rule, such as `PL402`,")
        code = BY_NAME.get(word, word)
        if code not in BY_CODE:
            self.fail(f"unknown rule {quoted(code)}", _meant_code(code), back=1)
        if code.startswith("PL1"):
            help = "PL1xx are errors in the source: fix the source"
            self.fail(f"`{code}` cannot be ignored", help, back=1)
        if code in OF_SUPPRESSIONS:
            help = "it is about comments like this one: fix or delete the comment"
            self.fail(f"`{code}` cannot be ignored", help, back=1)
        return code

    def take_reason(self) -> str:
        if self.kind == "open":
            self.fail("the quote is never closed", 'close it with `"`')
        if self.kind != "text":
            self.fail("expected a reason in quotes here", 'write `because "…"`')
        return self.take()[1:-1]

    def take_date(self) -> datetime.date:
        word = self.take_word("a date such as `2027-01-31`")
        if _DATE.fullmatch(word):
            with suppress(ValueError):
                return datetime.date.fromisoformat(word)
        return self.fail(f"{quoted(word)} is not a date", "write year, month and day: `2027-01-31`", back=1)

    def fail(self, message: str, help: str = _FORM, back: int = 0) -> NoReturn:
        kind, start, end = self.tokens[self.number - back]
        if kind == "end":
            start, end = self.start, self.end
        location = self.source.location(start, end)
        raise _MistakeError(Diagnostic(code="PL100", message=message, location=location, help=help))


def _meant_code(word: str) -> str:
    if word.upper() in BY_CODE:
        return f"did you mean `{word.upper()}`?"
    if re.fullmatch(r"PL\d{0,2}", word, re.IGNORECASE):
        return "write the whole code of each rule"
    return near_code(word)


def _tokens(text: str, start: int) -> Iterator[tuple[str, int, int]]:
    """Kind and place of each word of a comment behind its ``#``, and of its end."""
    pos = len(text) - len(text.lstrip("#"))
    last = pos
    while True:
        match = _TOKEN.match(text, pos)
        assert match is not None
        kind = str(match.lastgroup)
        if kind in ("end", "comment"):
            yield "end", start + last, start + last
            return
        yield kind, start + match.start(kind), start + match.end(kind)
        pos = last = match.end()
