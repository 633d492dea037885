"""What went wrong at a token the grammar has no use for, and where to go on.

The automaton says what would fit; what the author meant is guessed here, the surest guess first.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from policylang.diagnostics import Diagnostic, Edit, Related, listed, quoted
from policylang.source import Source
from policylang.suggest import closest
from policylang.syntax import ast
from policylang.syntax.automaton import advance, fits
from policylang.syntax.grammar import ParserTables
from policylang.syntax.intent import intent
from policylang.syntax.lexer import END, NAME, TOO_DEEP, TOO_LONG, UNREADABLE, Scan, Token
from policylang.syntax.slips import Guess, slip
from policylang.syntax.stop import Stop
from policylang.syntax.unsafe import INVISIBLE, confusable_letter, named, skeleton
from policylang.text.characters import is_letter, is_word, masked

# What people write from habit, and what to write here.
_HABITS = {
    "=": "write `is`",
    "=>": "write `>=`",
    "=<": "write `<=`",
    "!": "write `is not` or `not`",
    "&": "write `and`",
    "|": "write `or`",
    "'": 'put text in double quotes: `"…"`',
    "`": 'put text in double quotes: `"…"`',
    **dict.fromkeys("\u201c\u201d\u2018\u2019", 'put text in straight double quotes: `"…"`'),
    ";": "declarations and items need no separator: delete it",
    "/": "comments start with `#`",
    "*": "write `all` for every action, `all resources` for every resource",
    "@": 'put user ids in quotes: `"dana@acme.test"`',
}

# The tokens that begin a value of any kind.
_VALUES = frozenset({NAME, "STRING", "NUMBER", "DATE", "DATETIME"})

# Words that may begin a name, or something else.
_BEFORE_NAMES = frozenset({"ASSIGNED", "ALL", "BETWEEN", "ON", "UNDER"})

# The tokens that begin a comparison's operator.
_COMPARISONS = frozenset(
    (
        *("IS", "IN", "BEFORE", "AFTER", "LESSTHAN", "MORETHAN", "LESS_OR_EQUAL", "MORE_OR_EQUAL", "WITHIN", "OLDER"),
        *("CONTAINS", "OVERLAPS", "STARTS", "ENDS"),
    )
)

# An escape as it is meant, right or wrong, and the right ones (as in the grammar's STRING).
_ANY_ESCAPE = re.compile(r"\\(?:u\{[^}\"\n\r]*\}|[^\n\r])")
_ESCAPE = re.compile(
    r"""\\(?:["\\nt]|u\{(?:[0-9A-Fa-f]{1,3}|[0-9A-CE-Fa-ce-f][0-9A-Fa-f]{3}|[Dd][0-7][0-9A-Fa-f]{2}"""
    r"""|(?:10|[1-9A-Fa-f])[0-9A-Fa-f]{4})\})"""
)


class Mistake(msgspec.Struct, frozen=True):
    """A syntax error, the declaration that it hides, and the offset at which parsing goes on.

    There is no diagnostic where another phase reports the character itself.
    """

    diagnostic: Diagnostic | None
    broken: ast.Broken | None
    resume_at: int
    before_is_complete: bool
    """The declaration before the mistake is whole; the mistake begins another one."""


def diagnose(
    source: Source, scan: Scan, grammar: ParserTables, state_stack: list[int], value_stack: list[Any], token: Token
) -> Mistake:
    """Explain the token at which the automaton stopped. Changes none of its arguments."""
    start = _offset(value_stack[1]) if len(value_stack) > 1 else token.start_pos
    stop = _look(source, scan, grammar, state_stack[:2], start, token)
    complete = stop.before != [] and stop.expected >= stop.starters and _begins_another(stop)
    if complete:
        stop = _look(source, scan, grammar, state_stack[:2], token.start_pos, token)
    unclosed = _unclosed_block(stop)
    if unclosed is not None:
        brace, next_declaration = unclosed
        diagnostic: Diagnostic | None = _missing_brace(stop, brace, next_declaration)
        resume_at = next_declaration.start_pos
    else:
        diagnostic = _explain(stop)
        resume_at = _next_declaration(stop)
    return Mistake(diagnostic, _broken(stop), resume_at, complete)


def _look(source: Source, scan: Scan, grammar: ParserTables, bottom: list[int], start: int, token: Token) -> Stop:
    """Take stock of the declaration that begins at ``start``, by parsing it once more up to the token.

    The parser's own stack will not do: on a token that does not fit an LALR automaton may reduce before it stops, and
    has then forgotten what else could have followed.
    """
    stack = list(bottom) if len(bottom) > 1 else [grammar.start]
    before: list[Token] = []
    stack_before = stack
    replay = Scan(scan.lexer, scan.text, scan.limits)
    replay.pos = start
    for earlier in replay.tokens(grammar.states, stack):
        if earlier.start_pos >= token.start_pos:
            break
        before.append(earlier)
        stack_before = list(stack)
        advance(grammar.states, stack, earlier.type)
    expected, expected_before = _expected(grammar, stack), _expected(grammar, stack_before)
    return Stop(source, scan, grammar.starters, expected, expected_before, before, token)


def _begins_another(stop: Stop) -> bool:
    """Whether the token stands where a declaration begins: first on its line and no deeper than the one before."""
    here = stop.column(stop.token)
    return stop.token.type == "RBRACE" or (here is not None and here <= (stop.column(stop.before[0]) or 0))


# --- what would fit ------------------------------------------------------------------------------------------


def _expected(grammar: ParserTables, state_stack: list[int]) -> frozenset[str]:
    """The token types that could come next: those that can be shifted after the reductions they cause."""
    return frozenset(
        type_
        for type_ in grammar.states[state_stack[-1]]
        if (type_.isupper() or type_ == END) and fits(grammar.states, state_stack, type_)
    )


# --- blocks that are not closed ------------------------------------------------------------------------------


def _unclosed_block(stop: Stop) -> tuple[Token, Token] | None:
    """An open brace and the token before which its closing brace is missing.

    A declaration's keyword that is no deeper than the broken declaration, inside its block, is the next declaration.
    """
    open_: list[Token] = []
    if not stop.before:
        return None
    column = stop.column(stop.before[0]) or 0
    starters = stop.words(stop.starters)
    tokens = [*stop.before[1:], stop.token]
    for token, behind in zip(tokens, [*tokens[1:], None], strict=True):
        if token.type == "LBRACE":
            open_.append(token)
        elif token.type == "RBRACE" and open_:
            open_.pop()
        # The keyword may have been taken for an attribute's name; behind that would stand a colon.
        elif open_ and token.value in starters and (behind is None or behind.type != "COLON"):
            here = stop.column(token)
            if here is not None and here <= column:
                return open_[-1], token
    if stop.token.type == END and open_:
        return open_[-1], stop.token
    return None


def _missing_brace(stop: Stop, brace: Token, next_: Token) -> Diagnostic:
    block = f"the block of {_title(stop)}"
    if next_.type == END:
        return _diagnostic(stop.source, brace.span, "this `{` is never closed", f"add `}}` where {block} ends")
    message = f"expected `}}` before {quoted(next_.value)}: {block} is still open"
    opened = Related(stop.source.location(*brace.span), "opened here")
    return _diagnostic(stop.source, next_.span, message, "add the missing `}` above", related=(opened,))


def _title(stop: Stop) -> str:
    return f"`{' '.join(token.value for token in stop.before[:3] if token.type != 'LBRACE')}`"


# --- one explanation a mistake -------------------------------------------------------------------------------


def _diagnostic(
    source: Source,
    span: tuple[int, int],
    message: str,
    help: str | None,
    code: str = "PL100",
    guess: Guess | None = None,
    related: tuple[Related, ...] = (),
) -> Diagnostic:
    """``guess``: what the help says, as a change of the text, if it is one."""
    edit = None
    if guess is not None and guess.replacement is not None:
        edit = Edit(source.location(guess.start, guess.end), guess.replacement)
    return Diagnostic(
        code=code, message=message, location=source.location(*span), help=help, related=related, edit=edit
    )


def _explain(stop: Stop) -> Diagnostic | None:
    token = stop.token
    if token.type == TOO_DEEP:
        message = f"nested deeper than {stop.scan.limits.nesting} levels"
        return _diagnostic(stop.source, token.span, message, "move a part of it into a policy of its own", "PL110")
    if token.type == TOO_LONG:
        limit = stop.scan.limits.text_length if token.value.startswith('"') else stop.scan.limits.name_length
        message = f"{quoted(token.value, 20)} is {len(token.value)} characters long, the limit is {limit}"
        return _diagnostic(
            stop.source, token.span, message, "shorten it, or raise the limit in `policylang.yaml`", "PL110"
        )
    if token.type == UNREADABLE or _goes_on_unreadably(stop):
        return _unreadable(stop)
    guess = slip(stop) or intent(stop)
    message = f"expected {_expectation(stop)}, found {_found(token)}"
    return _diagnostic(stop.source, token.span, message, guess.help if guess else None, guess=guess)


def _habit(stop: Stop) -> str | None:
    if "COLON" in stop.expected:
        return "write `:`"
    written = stop.source.text[stop.token.start_pos : stop.token.start_pos + 2]
    return _HABITS.get(written) or _HABITS.get(written[:1])


def _goes_on_unreadably(stop: Stop) -> bool:
    """Whether the token is the ASCII beginning of a word that goes on with other letters."""
    behind = stop.source.text[stop.token.end_pos : stop.token.end_pos + 1]
    return stop.token.type == NAME and is_letter(behind)


def _unreadable(stop: Stop) -> Diagnostic | None:
    """A character that begins no token."""
    token = stop.token
    source = stop.source
    if INVISIBLE.match(token.value):
        return None  # PL106 reports it
    if token.value.startswith('"'):
        return _bad_text(source, token)
    if token.value[0].isspace():
        message = f"not an ordinary space: {named(token.value[0])}"
        help = "replace it with an ordinary space; text copied from a word processor often has them"
        return _diagnostic(source, (token.start_pos, token.start_pos + 1), message, help, "PL106")
    start, word = _word_around(source.text, token.start_pos)
    span = start, start + len(word)
    letter = confusable_letter(word)
    if letter:
        message = f"the name `{word}` contains {named(letter)}, which looks like `{skeleton(letter)}`"
        return _diagnostic(source, span, message, f"write `{skeleton(word)}`", "PL106")
    if word:
        help = "names consist of ASCII letters, digits and underscores; labels in quotes may hold any text"
        return _diagnostic(source, span, f"`{word}` is not a name", help)
    guess = slip(stop)
    message = f"expected {_expectation(stop)}, found {quoted(token.value)}"
    return _diagnostic(source, token.span, message, guess.help if guess else _habit(stop), guess=guess)


def _word_around(text: str, pos: int) -> tuple[int, str]:
    """The word with non-ASCII letters that covers an offset, and where it starts; or no word."""
    start = pos
    while start > 0 and pos - start < 100 and is_word(text[start - 1]):
        start -= 1
    match = re.compile(r"\w+").match(masked(text[start : start + 200]))
    return (start, match[0]) if match and not match[0].isascii() and start + match.end() > pos else (start, "")


def _bad_text(source: Source, token: Token) -> Diagnostic:
    text = source.text
    closed = re.compile(r'"(?:[^"\\\n\r]++|\\[^\n\r])*+"').match(text, token.start_pos)
    escapes = _ANY_ESCAPE.finditer(text, token.start_pos, closed.end()) if closed else ()
    escape = next((each for each in escapes if not _ESCAPE.fullmatch(each[0])), None)
    if escape:
        message = f"{quoted(escape[0])} does not start an escape"
        help = r"text may hold the escapes `\"`, `\\`, `\n`, `\t` and `\u{1F511}`; write a backslash itself as `\\`"
        if escape[0].startswith("\\u{"):
            message = f"{quoted(escape[0])} names no character"
            help = "write the character's number in hexadecimal, without leading zeros: `\\u{1F511}`"
        return _diagnostic(source, escape.span(), message, help)
    help = 'close it with `"` on the same line; write a line break inside text as `\\n`'
    span = token.start_pos, token.start_pos + 1
    return _diagnostic(source, span, "the quote opened here is never closed", help)


def _found(token: Token) -> str:
    if token.type == END:
        return "the end of the file"
    if token.type == "STRING":
        return f"the text {quoted(token.value)}"
    return quoted(token.value)


def _expectation(stop: Stop) -> str:
    """What would fit, in words; a long list is cut to what belongs to the construct itself."""
    expected = stop.expected
    if expected >= stop.starters:
        rest = sorted(expected - stop.starters - {END})
        return listed([*(stop.spelling(t) for t in rest), "a declaration"])
    last: list[str] = []
    if expected >= _VALUES:
        expected = expected - _VALUES - _BEFORE_NAMES
        last = ["an attribute", "a value"]
    if expected >= _COMPARISONS:
        expected = expected - _COMPARISONS - {NAME, "DOT"}
        last = ["a comparison such as `is` or `within`"]
    words = sorted((stop.spelling(t) for t in expected), key=lambda word: (word[0] == "`", word)) + last
    if len(words) > 8:
        words = [*words[:7], f"{len(words) - 7} others"]
    return listed(words)


# --- where to go on ------------------------------------------------------------------------------------------


def _next_declaration(stop: Stop) -> int:
    """The offset at which the next declaration begins, or the end of the text.

    A declaration begins with its keyword, first on its line, outside all braces or no deeper than the broken one. Any
    other word in such a place outside all braces is a declaration too: one whose keyword is misspelt.
    """
    first = stop.before[0] if stop.before else stop.token
    column = stop.column(first) or 0
    depth = stop.open_braces
    closed = False
    for token in stop.scan.tokens_from(stop.token.start_pos):
        if closed and depth <= 0 and token.type in stop.starters:
            return token.start_pos  # behind the brace that ends a declaration, on the same line
        closed = token.type == "RBRACE"
        if token.type == "LBRACE":
            depth += 1
        elif token.type == "RBRACE":
            depth -= 1
        if token.start_pos == first.start_pos or not (stop.is_word(token) or token.type == UNREADABLE):
            continue
        here = stop.column(token)
        if here is None:
            continue
        starts = token.type in stop.starters
        if (starts and (depth <= 0 or here <= column)) or (not starts and depth <= 0 and here <= column):
            return token.start_pos
    return len(stop.source.text)


def _broken(stop: Stop) -> ast.Broken | None:
    """What the hidden declaration would have declared."""
    tokens = [*stop.before, stop.token, *stop.following(max(0, 2 - len(stop.before)))]
    marks = stop.words(("PROTECTED", "ESSENTIAL", "SUPERUSER", "TERMINATED"))
    while len(tokens) > 1 and tokens[0].value in marks:
        tokens.pop(0)
    first = tokens[0]
    if not stop.is_word(first):
        return None
    if is_letter(stop.source.text[first.end_pos : first.end_pos + 1]):
        return ast.Broken(None, None)  # a keyword with a foreign letter in it: nothing is certain
    starters = stop.words(stop.starters)
    keyword = first.value if first.value in starters else closest(first.value, starters)
    kinds = ("STRING",) if keyword == "place" else (NAME, "STRING", UNREADABLE)
    found = [token for token in tokens[1:3] if token.type in kinds or (keyword != "place" and stop.is_word(token))]
    # Behind a brace nothing is certain: then every name of this kind may be hidden.
    name = found[0].value if found and (keyword == "place" or found[0] is tokens[1]) else ""
    return ast.Broken(keyword, name.strip('"') or None)


def _offset(value: Any) -> int:
    """Where a value of the parser's stack begins in the text."""
    while not hasattr(value, "start_pos"):
        value = value[0]
    return int(value.start_pos)
