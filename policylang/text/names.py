"""Names that nothing has yet."""

from __future__ import annotations

from collections.abc import Container
from itertools import chain, count


def free_name(name: str, taken: Container[str], between: str = "_") -> str:
    """The name itself, or where it is taken with the first number from 2 on behind it that makes another one."""
    numbered = (f"{name}{between}{number}" for number in count(2))
    return next(each for each in chain([name], numbered) if each not in taken)
