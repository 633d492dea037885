"""Questions about documents, in a small world."""

from __future__ import annotations

import datetime

from policylang.analysis.formula import Formula, true
from policylang.analysis.prover import Prover
from policylang.analysis.query import (
    AS_DECLARED,
    SOMEBODY,
    Answer,
    Assumed,
    Query,
    Requester,
    Sat,
)
from policylang.analysis.satisfiability import SATISFIABLE
from policylang.ir import nodes as ir
from policylang.runtime.index import Index
from tests.helpers import compiled

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
WORLD = """\
timezone "{zone}"
scope region contains site
place region "N"
place site "S1" in "N"
place site "S2" in "N"
subject {{ department : text  optional level : int  boss : user }}
request {{ ip : ip  optional channel : one of ui, api  optional about : doc }}
resource folder {{ name : text  owner : user  optional closed : date }}
resource doc {{
  title : text
  name : text
  owner : user
  status : one of draft, open, closed
  created : datetime
  changed : datetime
  optional due : date
  level : int
  fee : money
  flag : bool
  address : ip
  span : duration
  tags : set of text
  marks : set of text
  sizes : set of int
  kinds : set of one of red, blue
  site : site
  folder : folder
  optional origin : folder
  optional above : doc as tree
  actions view
}}
"""


class Docs:
    """Questions about docs."""

    def __init__(self, policy_set: ir.PolicySet, assumed: Assumed = AS_DECLARED) -> None:
        self.prover, self.assumed = Prover(Index(policy_set), NOW), assumed

    def find(
        self,
        formula: Formula,
        who: Requester = SOMEBODY,
        since: datetime.datetime | None = None,
        until: datetime.datetime | None = None,
    ) -> Answer:
        """The answer, which is the same whether or not a situation is asked for."""
        query = Query(formula, "doc", NOW, self.assumed, who, since, until)
        answer = self.prover.ask(query)
        assert self.prover.settle(query) is (SATISFIABLE if isinstance(answer, Sat) else answer)
        return answer


def ask(*conditions: str, zone: str = "UTC", assumed: Assumed = AS_DECLARED) -> tuple[Docs, list[Formula]]:
    """Questions about docs, and "is true" of each condition."""
    policies = "".join(f"policy p{number} on doc {{ {text} }}\n" for number, text in enumerate(conditions))
    policy_set = compiled(WORLD.format(zone=zone) + policies)
    by_name = {instance.policy: instance.condition for instance in policy_set.policy_instances}
    return Docs(policy_set, assumed), [true(by_name[f"p{number}"]) for number in range(len(conditions))]
