"""Text to syntax tree, going on after each mistake."""

from __future__ import annotations

from itertools import chain, islice
from typing import Any

import msgspec

from policylang.diagnostics import Diagnostic
from policylang.settings.limits import MOST_MISTAKES, Limits
from policylang.source import Source
from policylang.syntax import ast
from policylang.syntax.errors import Mistake, diagnose
from policylang.syntax.grammar import ParserTables, tables
from policylang.syntax.lexer import END, TOO_MANY, Scan, Token
from policylang.syntax.trail import Beginning, Followed, Trail
from policylang.syntax.unsafe import unsafe_text


class Parsed(msgspec.Struct, frozen=True):
    """The tree of one source, and what is wrong with its text. The tree holds what could be read. ``trail``: for the
    next parse, where one was given.
    """

    source: Source
    file: ast.File
    diagnostics: tuple[Diagnostic, ...]
    trail: Trail | None = None


def parse(source: Source, limits: Limits | None = None, earlier: Trail | None = None) -> Parsed:
    """Parse one source.

    After a mistake parsing goes on at the next declaration, so one mistake gives one diagnostic and hides one
    declaration, of which ``File.broken`` keeps the name. Never raises for what is in the text. ``earlier``: what the
    parse of another text left, under the same limits; the result is the same, and sooner there.
    """
    limits = limits or Limits()
    text = source.text
    grammar = tables()
    states = grammar.states
    state_stack = [grammar.start]
    value_stack: list[Any] = []
    scan = Scan(grammar.lexer, text, limits)
    end = Token(END, "", len(text), len(text))
    mistakes: list[Mistake] = []
    stopped_at = -1
    trail = None if earlier is None else Trail(text)
    followed = None if earlier is None else Followed(earlier, text)
    while True:
        run = None
        for token in chain(scan.tokens(states, state_stack), [end]):
            type_ = token.type
            # The LALR(1) automaton: reduce until the token can be shifted.
            while (entry := states[state_stack[-1]].get(type_)).__class__ is tuple:
                size, callback, rule = entry
                if callback is None:
                    state_stack.pop()
                elif size:
                    children = value_stack[-size:]
                    del value_stack[-size:], state_stack[-size:]
                    value_stack.append(callback(children))
                else:
                    value_stack.append(callback([]))
                state_stack.append(states[state_stack[-1]][rule])  # type: ignore[arg-type]
            if entry is None:
                break
            if trail is not None and followed is not None and len(state_stack) == 2 and token is not end:
                here = Beginning(token.start_pos, state_stack[1], len(value_stack[0]), scan.left + 1, len(mistakes))
                trail.beginnings.append(here)
                trail.declarations = value_stack[0]
                run = followed.run(here)
                if run is not None:
                    break
            state_stack.append(entry)  # type: ignore[arg-type]
            value_stack.append(token)
        if trail is not None and run is not None:
            value_stack[0] += run.declarations
            trail.beginnings += run.between
            state_stack[1], scan.pos, scan.left = run.behind.state, run.behind.offset, run.behind.left
            scan.comments |= run.comments
            continue
        if state_stack[-1] == grammar.end:
            return _parsed(source, value_stack[0], scan, mistakes, trail)
        if token.type == TOO_MANY or len(mistakes) == MOST_MISTAKES:
            mistakes.append(_too_much(source, token, limits))
            del state_stack[2:], value_stack[1:]
            scan.pos = len(text)
            continue
        mistake = diagnose(source, scan, grammar, state_stack, value_stack, token)
        if token.start_pos == stopped_at:
            # Parsing went on at the token that did not fit, and it does not fit there either: one mistake.
            mistake = msgspec.structs.replace(mistake, diagnostic=None)
        stopped_at = token.start_pos
        mistakes.append(mistake)
        if mistake.before_is_complete:
            _complete(grammar, state_stack, value_stack)
        # The bottom of the stack is the list of the declarations that are complete.
        del state_stack[2:], value_stack[1:]
        scan.pos = mistake.resume_at


def _too_much(source: Source, token: Token, limits: Limits) -> Mistake:
    """The end of reading a file, before it ends."""
    many = token.type == TOO_MANY
    diagnostic = Diagnostic(
        code="PL110",
        message=f"more than {limits.words:,} words and comments in one file"
        if many
        else f"more than {MOST_MISTAKES:,} mistakes in one file: the rest of it was not read",
        location=source.location(token.start_pos, token.end_pos),
        help="split the file, or raise `limits: words` in `policylang.yaml`" if many else "fix those above first",
    )
    return Mistake(diagnostic, ast.Broken(None, None), len(source.text), False)


def _complete(grammar: ParserTables, state_stack: list[int], value_stack: list[Any]) -> None:
    """Reduce as if the next declaration began here."""
    next_ = min(grammar.starters)
    while not isinstance(entry := grammar.states[state_stack[-1]][next_], int):
        size, callback, rule = entry
        values = value_stack[len(value_stack) - size :]
        del value_stack[len(value_stack) - size :], state_stack[len(state_stack) - size :]
        value_stack.append(callback(values) if callback else values[0])
        state_stack.append(grammar.states[state_stack[-1]][rule])  # type: ignore[arg-type]


def _parsed(
    source: Source, declarations: tuple[ast.Declaration, ...], scan: Scan, mistakes: list[Mistake], trail: Trail | None
) -> Parsed:
    commented = sorted(scan.comments.items())
    if trail is not None:
        trail.comments = commented
    comments = tuple([ast.Comment(at, at + len(text), text) for at, text in commented])
    file = ast.File(declarations, comments, tuple(m.broken for m in mistakes if m.broken))
    found = [m.diagnostic for m in mistakes if m.diagnostic]
    found += islice(unsafe_text(source), MOST_MISTAKES)
    return Parsed(source, file, tuple(sorted(found, key=lambda d: d.order)), trail)
