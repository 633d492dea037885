"""A policy set with rows and requests, as a Hypothesis strategy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from policylang.ir.nodes import PolicySet
from tests.generated.chooser import Chooser, Source
from tests.generated.features import EVERYTHING, Features
from tests.generated.policies import policy_set
from tests.generated.records import Rows, make_rows
from tests.generated.requests import Request, make_requests
from tests.generated.world import World, make_world
from tests.helpers import compiled


@dataclass(frozen=True, eq=False, repr=False)
class Case:
    """``policy_set`` is what ``text`` compiles to."""

    world: World
    text: str
    policy_set: PolicySet
    rows: Rows
    requests: tuple[Request, ...]

    def arguments(self) -> list[dict[str, Any]]:
        """The arguments of each request, see `Request.arguments`."""
        return [request.arguments(self.rows) for request in self.requests]

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What Hypothesis shows of a failure; the test has to add which of the requests it was."""
        printer.text(f"policy set:\n{self.text}")


def cases(features: Features = EVERYTHING) -> st.SearchStrategy[Case]:
    """Policy sets that compile, with rows for their resources and requests about those."""
    return _Cases(features)


class _Cases(st.SearchStrategy[Case]):
    """Draws without the help of other strategies. From those Hypothesis would make five near copies of each case, by
    repeating what one of them drew in place of what another did, before it makes a new one.
    """

    def __init__(self, features: Features) -> None:
        super().__init__()
        self._features = features

    def do_draw(self, data: Source) -> Case:
        c = Chooser(data)
        world = make_world(c, self._features)
        text = policy_set(c, world)
        rows = make_rows(c, world)
        return Case(world, text, compiled(text), rows, make_requests(c, world, rows))
