"""Methods whose answers an object keeps."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import MethodType
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, cast

_Given = ParamSpec("_Given")
_Answer = TypeVar("_Answer")


class cached_method(Generic[_Given, _Answer]):  # noqa: N801 - beside functools.cached_property
    """A method that works out each answer once for an object, which keeps it. What is asked about must be hashable.

    For objects of which there are few, such as one for a policy set: what is kept refers to its object, so that only
    the garbage collector takes the two.
    """

    def __init__(self, find: Callable[Concatenate[Any, _Given], _Answer]) -> None:
        self._find = find
        self.__doc__ = find.__doc__

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, _owner: type) -> Callable[_Given, _Answer]:
        found = cast(Callable[_Given, _Answer], cache(MethodType(self._find, instance)))
        instance.__dict__[self._name] = found  # is found before this one from now on
        return found
