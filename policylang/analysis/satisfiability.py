"""Whether something can hold: in some situation, in none, or not to be told within the budget."""

from __future__ import annotations

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

Impossible = Literal[Satisfiability.UNSAT]
"""For certain."""
NoWitness = Literal[Satisfiability.UNSAT, Satisfiability.UNKNOWN]
"""``UNSAT``: it holds in no situation; ``UNKNOWN``: neither a witness nor the certainty that there is none."""
