"""Roles inside one another."""

from __future__ import annotations

from policylang.model.world import ways


def test_ways_through_diamonds() -> None:
    """Two ways lead from `a` to `d`."""
    assert ways({"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []}) == {"a": 5, "b": 2, "c": 2, "d": 1}


def test_ways_out_of_a_cycle_depend_on_no_order() -> None:
    """Within a cycle, which is an error, none are counted: their number would hang on where the counting begins."""
    assert ways({"a": ["b"], "b": ["a", "c"], "c": []}) == {"a": 1, "b": 2, "c": 1}
    assert ways({"a": ["a"]}) == {"a": 1}
