"""What went wrong at a token the grammar has no use for, and where to go on.

The automaton says what would fit; what the author meant is guessed here, the surest guess first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from typing import Any

import msgspec

from policylang.diagnostics import Diagnostic, Related, listed, quoted
from policylang.source import Source
from policylang.suggest import closest
from policylang.syntax import ast
from policylang.syntax.automaton import advance, fits
from policylang.syntax.grammar import Tables
from policylang.syntax.lexer import END, NAME, TOO_DEEP, TOO_LONG, UNREADABLE, Scan, Token
from policylang.syntax.unsafe import INVISIBLE, confusable_letter, named, skeleton

_WHAT = {
    NAME: "a name",
    "STRING": "a text in quotes",
    "NUMBER": "a number",
    "DATE": "a date",
    "DATETIME": "a date with time",
    END: "the end of the file",
}

# What people write from habit, and what to write here.
_HABITS = {
    "=": "write `is`",
    "!": "write `is not` or `not`",
    "&": "write `and`",
    "|": "write `or`",
    "'": 'texts stand in double quotes: `"…"`',
    "`": 'texts stand in double quotes: `"…"`',
    **dict.fromkeys("\u201c\u201d\u2018\u2019", 'texts stand in straight double quotes: `"…"`'),
    ";": "nothing stands between declarations or items: delete it",
    "/": "comments begin with `#`",
    "*": "every action is `all`, every resource `all resources`",
    "@": 'user ids stand in quotes: `"dana@acme.test"`',
}

# The tokens that begin a value of any kind.
_VALUES = frozenset({NAME, "STRING", "NUMBER", "DATE", "DATETIME"})

# The tokens that begin a comparison's operator.
_COMPARISONS = frozenset(
    [
        "IS",
        "IN",
        "BEFORE",
        "AFTER",
        "LESSTHAN",
        "MORETHAN",
        "LESS_OR_EQUAL",
        "MORE_OR_EQUAL",
        "WITHIN",
        "OLDER",
        "CONTAINS",
        "STARTS",
        "ENDS",
    ]
)

_ESCAPE = re.compile(r'\\(?!["\\nt]|u\{(?!0*[Dd][89A-Fa-f][0-9A-Fa-f]{2}\})0*(?:10|[0-9A-Fa-f])?[0-9A-Fa-f]{1,4}\})')


class Mistake(msgspec.Struct, frozen=True):
    """A syntax error, the declaration that it hides, and the offset at which parsing goes on.

    There is no diagnostic where another phase reports the character itself.
    """

    diagnostic: Diagnostic | None
    broken: ast.Broken | None
    resume_at: int
    before_is_complete: bool
    """The declaration before the mistake is whole; the mistake begins another one."""


class _Place(msgspec.Struct):
    """Everything known about the place of a mistake."""

    source: Source
    scan: Scan
    starters: frozenset[str]  # token types that begin a declaration
    expected: frozenset[str]  # token types that would fit
    expected_before: frozenset[str]  # token types that would have fitted in place of the token before
    before: list[Token]  # the tokens of the broken declaration before the mistake
    token: Token

    def spelling(self, type_: str) -> str:
        return _WHAT.get(type_) or f"`{self.scan.lexer.spelling[type_]}`"

    def words(self, types: Iterable[str]) -> dict[str, str]:
        """The keywords among token types, by how they are written."""
        keywords = self.scan.lexer.keywords
        return {word: type_ for word, type_ in keywords.items() if type_ in set(types)}

    def column(self, token: Token) -> int | None:
        """The column of a token that is the first on its line, else ``None``."""
        text = self.source.text
        start = max(text.rfind("\n", 0, token.start_pos), text.rfind("\r", 0, token.start_pos)) + 1
        return None if text[start : token.start_pos].strip(" \t\ufeff") else token.start_pos - start


def diagnose(
    source: Source, scan: Scan, grammar: Tables, state_stack: list[int], value_stack: list[Any], token: Token
) -> Mistake:
    """Explain the token at which the automaton stopped. Changes none of its arguments."""
    start = _offset(value_stack[1]) if len(value_stack) > 1 else token.start_pos
    place = _look(source, scan, grammar, state_stack[:2], start, token)
    complete = place.before != [] and place.expected >= place.starters and _begins_another(place)
    if complete:
        place = _look(source, scan, grammar, state_stack[:2], token.start_pos, token)
    unclosed = _unclosed_block(place)
    if unclosed is not None:
        brace, next_declaration = unclosed
        diagnostic: Diagnostic | None = _missing_brace(place, brace, next_declaration)
        resume_at = next_declaration.start_pos
    else:
        diagnostic = _explain(place)
        resume_at = _next_declaration(place)
    return Mistake(diagnostic, _broken(place), resume_at, complete)


def _look(source: Source, scan: Scan, grammar: Tables, bottom: list[int], start: int, token: Token) -> _Place:
    """Take stock of the declaration that begins at ``start``, by parsing it once more up to the token.

    The parser's own stack will not do: on a token that does not fit an LALR automaton may reduce before it stops, and
    has then forgotten what else could have followed.
    """
    stack = list(bottom) if len(bottom) > 1 else [grammar.start]
    before: list[Token] = []
    earlier_stack = stack
    replay = Scan(scan.lexer, scan.text, scan.limits)
    replay.pos = start
    for earlier in replay.tokens(grammar.states, stack):
        if earlier.start_pos >= token.start_pos:
            break
        before.append(earlier)
        earlier_stack = list(stack)
        advance(grammar.states, stack, earlier.type)
    expected, expected_before = _expected(grammar, stack), _expected(grammar, earlier_stack)
    return _Place(source, scan, grammar.starters, expected, expected_before, before, token)


def _begins_another(place: _Place) -> bool:
    """Whether the token stands where a declaration begins: first on its line and no deeper than the one before."""
    here = place.column(place.token)
    return place.token.type == "RBRACE" or (here is not None and here <= (place.column(place.before[0]) or 0))


# --- what would fit ------------------------------------------------------------------------------------------


def _expected(grammar: Tables, state_stack: list[int]) -> frozenset[str]:
    """The token types that could come next: those that can be shifted after the reductions they cause."""
    return frozenset(
        type_
        for type_ in grammar.states[state_stack[-1]]
        if (type_.isupper() or type_ == END) and fits(grammar.states, state_stack, type_)
    )


# --- blocks that are not closed ------------------------------------------------------------------------------


def _open_braces(tokens: Iterable[Token]) -> list[Token]:
    open_: list[Token] = []
    for token in tokens:
        if token.type == "LBRACE":
            open_.append(token)
        elif token.type == "RBRACE" and open_:
            open_.pop()
    return open_


def _unclosed_block(place: _Place) -> tuple[Token, Token] | None:
    """An open brace and the token before which its closing brace is missing.

    A declaration's keyword that is no deeper than the broken declaration, inside its block, is the next declaration.
    """
    open_: list[Token] = []
    if not place.before:
        return None
    column = place.column(place.before[0]) or 0
    for token in [*place.before[1:], place.token]:
        if token.type == "LBRACE":
            open_.append(token)
        elif token.type == "RBRACE" and open_:
            open_.pop()
        elif open_ and token.type in place.starters:
            here = place.column(token)
            if here is not None and here <= column:
                return open_[-1], token
    if place.token.type == END and open_:
        return open_[-1], place.token
    return None


def _missing_brace(place: _Place, brace: Token, next_: Token) -> Diagnostic:
    source = place.source
    opened = Related(source.location(brace.start_pos, brace.end_pos), "opened here")
    if next_.type == END:
        return Diagnostic(
            code="PL100",
            message="this `{` is never closed",
            location=opened.location,
            help=f"add `}}` where the block of {_title(place)} ends",
        )
    return Diagnostic(
        code="PL100",
        message=f"expected `}}` before {quoted(next_.value)}: the block of {_title(place)} is still open",
        location=source.location(next_.start_pos, next_.end_pos),
        help="add the missing `}` above",
        related=(opened,),
    )


def _title(place: _Place) -> str:
    return f"`{' '.join(token.value for token in place.before[:3] if token.type != 'LBRACE')}`"


# --- one explanation a mistake -------------------------------------------------------------------------------


def _explain(place: _Place) -> Diagnostic | None:
    token = place.token
    source = place.source
    if token.type == TOO_DEEP:
        return Diagnostic(
            code="PL110",
            message=f"nested deeper than {place.scan.limits.nesting} levels",
            location=source.location(token.start_pos, token.end_pos),
            help="give a part of it a name of its own, as a policy",
        )
    if token.type == TOO_LONG:
        limit = place.scan.limits.text_length if token.value.startswith('"') else place.scan.limits.name_length
        return Diagnostic(
            code="PL110",
            message=f"{quoted(token.value, 20)} is {len(token.value)} characters long, the limit is {limit}",
            location=source.location(token.start_pos, token.end_pos),
            help="shorten it, or raise the limit in `policylang.yaml`",
        )
    if token.type == UNREADABLE:
        return _unreadable(place)
    message = f"expected {_expectation(place)}, found {_found(token)}"
    return Diagnostic(
        code="PL100",
        message=message,
        location=source.location(token.start_pos, token.end_pos),
        help=_intent(place),
    )


def _unreadable(place: _Place) -> Diagnostic | None:
    """A character that begins no token."""
    token = place.token
    source = place.source
    if INVISIBLE.match(token.value):
        return None  # PL106 reports it
    if token.value.startswith('"'):
        return _bad_text(source, token)
    location = source.location(token.start_pos, token.end_pos)
    word = _word_around(source.text, token.start_pos)
    letter = word and confusable_letter(word[0])
    if word and letter:
        return Diagnostic(
            code="PL106",
            message=f"the name `{word[0]}` contains {named(letter)}, which looks like `{skeleton(letter)}`",
            location=source.location(*word.span()),
            help=f"write `{skeleton(word[0])}`",
        )
    if word:
        return Diagnostic(
            code="PL100",
            message=f"`{word[0]}` is not a name",
            location=source.location(*word.span()),
            help="names are ASCII letters, digits and underscores; labels in quotes may hold any text",
        )
    return Diagnostic(
        code="PL100",
        message=f"expected {_expectation(place)}, found {quoted(token.value)}",
        location=location,
        help=_HABITS.get(token.value[0]),
    )


def _word_around(text: str, pos: int) -> re.Match[str] | None:
    """The word with non-ASCII letters that covers an offset."""
    start = pos
    while start > 0 and pos - start < 100 and (text[start - 1].isalnum() or text[start - 1] == "_"):
        start -= 1
    match = re.compile(r"\w+").match(text, start, start + 200)
    return match if match and not match[0].isascii() and match.end() > pos else None


def _bad_text(source: Source, token: Token) -> Diagnostic:
    text = source.text
    closed = re.compile(r'"(?:[^"\\\n\r]|\\[^\n\r])*"').match(text, token.start_pos)
    escape = closed and _ESCAPE.search(text, token.start_pos, closed.end())
    if escape:
        return Diagnostic(
            code="PL100",
            message=f"{quoted(text[escape.start() : escape.start() + 2])} does not begin an escape",
            location=source.location(escape.start(), escape.start() + 2),
            help=r"a text knows `\"`, `\\`, `\n`, `\t` and `\u{1F511}`; a backslash itself is written `\\`",
        )
    return Diagnostic(
        code="PL100",
        message="the quote opened here is never closed",
        location=source.location(token.start_pos, token.start_pos + 1),
        help='close it with `"` on the same line; a line break inside a text is written `\\n`',
    )


def _found(token: Token) -> str:
    if token.type == END:
        return "the end of the file"
    if token.type == "STRING":
        return f"the text {quoted(token.value)}"
    return quoted(token.value)


def _expectation(place: _Place) -> str:
    """What would fit, in words; a long list is cut to what belongs to the construct itself."""
    expected = place.expected
    if expected >= place.starters:
        rest = sorted(expected - place.starters - {END})
        return listed([*(place.spelling(t) for t in rest), "a declaration"])
    last: list[str] = []
    if expected >= _VALUES:
        expected = expected - _VALUES - {"ASSIGNED"}
        last = ["an attribute", "a value"]
    if expected >= _COMPARISONS:
        expected = expected - _COMPARISONS - {NAME, "DOT"}
        last = ["a comparison such as `is` or `within`"]
    words = sorted((place.spelling(t) for t in expected), key=lambda word: (word[0] == "`", word)) + last
    if len(words) > 8:
        words = [*words[:7], f"{len(words) - 7} others"]
    return listed(words)


# --- the likely intent ---------------------------------------------------------------------------------------


def _intent(place: _Place) -> str | None:
    token, expected = place.token, place.expected
    previous = place.before[-1] if place.before else None
    if token.type == "RBRACE" and not place.before:
        return "no block is open here: delete it"
    for suspect, fitting in ((token, expected), (previous, place.expected_before)):
        if suspect and _is_word(place, suspect) and (meant := _misspelt(place, suspect, fitting)):
            return f"did you mean `{meant}`?"
    if previous and "COLON" in expected and len(expected) == 1:
        return f"an attribute is written `{previous.value} : text`"
    if _is_word(place, token) and previous:
        two_words = f"`{previous.value}_{token.value}`"
        if {"COMMA", "ON"} <= expected and _is_word(place, previous):
            if any(following.type == "ON" for following in _following(place, 1)):
                return f"actions are separated by commas: `{previous.value}, {token.value}`"
            return f"write `{previous.value} on {token.value}`"
        if "COMMA" in expected and _is_word(place, previous):
            return f"names in a list are separated by commas; a name of two words is written {two_words}"
        if "STRING" in expected and "LBRACE" in expected and previous.type == NAME:
            return f'a name of two words is written {two_words}, a label stands in quotes: `"{token.value}"`'
        if "STRING" in expected:
            return f'ids, labels and places stand in quotes: `"{token.value}"`'
        if previous.type == NAME and token.type == NAME:
            return f"a name of two words is written {two_words}"
    if token.type == "LBRACE" and "INCLUDING" in expected:
        return "a grant has no condition of its own: name the condition as a policy, and limit with `policy …`"
    if token.type == "STRING" and NAME in expected:
        return f"names stand without quotes: `{token.value[1:-1]}`" if token.value[1:-1].isidentifier() else None
    if token.type == "COMMA" and previous and _singular(place, previous):
        return f"several are listed with `{_singular(place, previous)}`"
    if "IS" in expected and previous and _is_word(place, previous):
        return f"a condition compares: `{previous.value} is …`, `{previous.value} is present`"
    return None


def _is_word(place: _Place, token: Token) -> bool:
    return token.type == NAME or token.value in place.scan.lexer.keywords


def _misspelt(place: _Place, suspect: Token, fitting: frozenset[str]) -> str | None:
    """The keyword that was meant where a keyword would fit and another word stands."""
    candidates = place.words(fitting)
    return closest(suspect.value, candidates) if suspect.value not in candidates else None


def _singular(place: _Place, previous: Token) -> str | None:
    """`actions` where `action view, create` was written."""
    if len(place.before) < 2:
        return None
    plural = f"{place.before[-2].value}s"
    return plural if plural in place.scan.lexer.keywords else None


# --- where to go on ------------------------------------------------------------------------------------------


def _next_declaration(place: _Place) -> int:
    """The offset at which the next declaration begins, or the end of the text.

    A declaration begins with its keyword, first on its line, outside all braces or no deeper than the broken one. Any
    other word in such a place outside all braces is a declaration too: one whose keyword is misspelt.
    """
    first = place.before[0] if place.before else place.token
    column = place.column(first) or 0
    depth = len(_open_braces(place.before))
    for token in place.scan.tokens_from(place.token.start_pos):
        if token.type == "LBRACE":
            depth += 1
        elif token.type == "RBRACE":
            depth -= 1
        if token.start_pos == first.start_pos or not (_is_word(place, token) or token.type == UNREADABLE):
            continue
        here = place.column(token)
        if here is None:
            continue
        starts = token.type in place.starters
        if (starts and (depth <= 0 or here <= column)) or (not starts and depth <= 0 and here <= column):
            return token.start_pos
    return len(place.source.text)


def _broken(place: _Place) -> ast.Broken | None:
    """What the hidden declaration would have declared."""
    tokens = [*place.before, place.token, *_following(place, max(0, 2 - len(place.before)))]
    marks = place.words(("PROTECTED", "ESSENTIAL", "SUPERUSER", "TERMINATED"))
    while len(tokens) > 1 and tokens[0].value in marks:
        tokens.pop(0)
    first = tokens[0]
    if not _is_word(place, first):
        return None
    starters = place.words(place.starters)
    keyword = first.value if first.value in starters else closest(first.value, starters)
    names = tokens[1:3]
    if keyword == "place":
        names = [token for token in names if token.type == "STRING"]
    name = names[0].value if names else ""
    return ast.Broken(keyword, name.strip('"') or None)


def _following(place: _Place, count: int) -> list[Token]:
    """Up to ``count`` tokens behind the mistake."""
    return list(islice(place.scan.tokens_from(place.token.end_pos), count))


def _offset(value: Any) -> int:
    """Where a value of the parser's stack begins in the text."""
    while not hasattr(value, "start_pos"):
        value = value[0] if isinstance(value, tuple) else value.children[0]
    return int(value.start_pos)
