"""The parser's automaton: LALR(1) tables in a form that is quick to walk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Reduction = tuple[int, Callable[[list[Any]], Any] | None, str]
"""How many values a rule takes, what builds the new one (``None``: the one value stays), and the rule's name."""

States = list[dict[str, int | Reduction]]
"""By state and symbol: the next state, or the rule that is complete."""


def advance(states: States, stack: list[int], type_: str) -> bool:
    """Take one token, changing the stack of states but building nothing; false where the token does not fit.

    An LALR automaton may reduce on a token that does not fit and stop only then: that a state has an entry for a token
    does not mean that the token fits.
    """
    while True:
        entry = states[stack[-1]].get(type_)
        if entry is None:
            # Only the state behind the start rule has no entries at all, and only the end of the text leads there.
            return not states[stack[-1]]
        if isinstance(entry, int):
            stack.append(entry)
            return True
        size, _callback, rule = entry
        if size:
            del stack[-size:]
        after = states[stack[-1]][rule]
        assert isinstance(after, int)
        stack.append(after)


def fits(states: States, stack: list[int], type_: str) -> bool:
    """Whether a token of this type could come next. Does not change the stack."""
    entry = states[stack[-1]].get(type_)
    return isinstance(entry, int) or (entry is not None and advance(states, list(stack), type_))
