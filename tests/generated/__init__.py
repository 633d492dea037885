"""Policy sets nobody would write by hand, with records and requests for them: what two implementations are compared on.

`cases` is where to begin: a Hypothesis strategy of a policy set with its rows and requests. `Features` says what may
occur, for implementations that do not have it all. `Census` counts what did occur.
"""

from tests.generated.census import Census
from tests.generated.features import EVERYTHING, Features
from tests.generated.records import Ref, Row, Rows
from tests.generated.requests import Request
from tests.generated.strategy import Case, cases

__all__ = ["EVERYTHING", "Case", "Census", "Features", "Ref", "Request", "Row", "Rows", "cases"]
