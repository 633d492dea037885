"""What people write out of habit, from English and from other languages, and how it is written here.

Each table is data: a phrase, and either what to write in its place or what to say about it. The first phrase that
covers the place where the automaton stopped wins.
"""

from __future__ import annotations

from policylang.syntax.slips.match import Guess, first_match
from policylang.syntax.slips.places import place_of
from policylang.syntax.slips.tables import phrases
from policylang.syntax.stop import Stop

__all__ = ["Guess", "slip"]


def slip(stop: Stop) -> Guess | None:
    """What was meant by the words around the token that does not fit, if it is a known way to write something."""
    return first_match(phrases(place_of(stop)), stop)
