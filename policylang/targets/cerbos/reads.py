"""What conditions read: the paths that a request has to bring values for."""

from __future__ import annotations

from policylang.model import conditions as c
from policylang.model.types import DateType, Duration
from policylang.runtime.index import Index
from policylang.targets.cerbos.encoding import ID
from policylang.targets.constructs import looks_at_clock
from policylang.targets.ways import with_ways

CerbosTree = dict[str, "CerbosTree"]
"""Attributes by name, each with those that are read of the related record or user in it; ``@id`` is which record it is.
"""


class CerbosReads:
    """``request``: of the attributes of requests, for all resources. ``edges``: the lengths of time that
    lead to an instant (or a day, if the second is true), with the direction.
    """

    def __init__(self, index: Index) -> None:
        self._trees: dict[tuple[str, str], CerbosTree] = {}
        self.request: CerbosTree = {}
        self.edges: dict[tuple[Duration, bool, int], None] = {}
        self.clock = looks_at_clock(index)
        for resource, condition in index.conditions():
            self._condition(resource, condition)
        for each in index.policy_set.resources:
            if each.place is not None:
                self.tree("record", each.name).setdefault(each.place, {})

    def tree(self, root: str, resource: str) -> CerbosTree:
        """What conditions on a resource read of a record or of the assigned user."""
        return self.request if root == "request" else self._trees.setdefault((root, resource), {})

    def _condition(self, resource: str, condition: c.Condition) -> None:
        for test in with_ways(condition).tests():
            for path in (side for side in test.sides if isinstance(side, c.Path)):
                tree = self.tree(path.root, resource)
                for step in path.steps or ((ID,) if path.root == "record" else ()):
                    tree = tree.setdefault(step, {})
            if isinstance(test, c.Time) and isinstance(test.duration, c.Constant):
                assert isinstance(test.duration.value, Duration)
                self.edges[test.duration.value, isinstance(test.operand.type, DateType), test.sign] = None
