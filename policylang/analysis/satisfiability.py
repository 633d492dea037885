"""Whether something can hold: in some situation, in none, or not to be told within the budget."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Final, Literal


class Satisfiability(Enum):
    """The three answers."""

    SATISFIABLE = "satisfiable"
    UNSAT = "unsat"
    UNKNOWN = "unknown"


SATISFIABLE: Final = Satisfiability.SATISFIABLE
UNSAT: Final = Satisfiability.UNSAT
UNKNOWN: Final = Satisfiability.UNKNOWN


def either(answers: Iterable[Satisfiability]) -> Satisfiability:
    """Whether one thing or another can hold, from the answers to each; what comes after a certain one is not asked."""
    doubt = False
    for answer in answers:
        if answer is SATISFIABLE:
            return answer
        doubt = doubt or answer is UNKNOWN
    return UNKNOWN if doubt else UNSAT


Impossible = Literal[Satisfiability.UNSAT]
"""For certain."""
NoWitness = Literal[Satisfiability.UNSAT, Satisfiability.UNKNOWN]
"""``UNSAT``: it holds in no situation; ``UNKNOWN``: neither a witness nor the certainty that there is none."""
