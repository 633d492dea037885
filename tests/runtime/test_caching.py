"""What objects keep of what their methods found."""

from __future__ import annotations

from policylang.runtime.caching import cached_method


class Adder:
    def __init__(self, start: int) -> None:
        self.start = start
        self.asked: list[int] = []

    @cached_method
    def plus(self, number: int) -> int:
        """The sum."""
        self.asked.append(number)
        return self.start + number

    @cached_method
    def down(self, number: int) -> int:
        return number and self.down(number - 1)


def test_each_object_works_out_each_answer_once() -> None:
    one, other = Adder(1), Adder(10)
    assert [one.plus(2), one.plus(2), other.plus(2), one.plus(3)] == [3, 3, 12, 4]
    assert (one.asked, other.asked) == ([2, 3], [2])


def test_a_method_may_ask_itself() -> None:
    assert Adder(0).down(5) == 0
