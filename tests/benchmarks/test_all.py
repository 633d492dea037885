"""What each benchmark imports is there, since `make bench` is not part of the tests."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

import benchmarks
from benchmarks.bench_check import compiled
from benchmarks.shapes import SHAPES

NAMES = sorted(path.stem for path in Path(benchmarks.__file__).parent.glob("bench_*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_what_it_imports_is_there(name: str) -> None:
    assert import_module(f"benchmarks.{name}").__name__ == f"benchmarks.{name}"


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_compile(name: str) -> None:
    """At the size that is measured, or at 100 where that is larger."""
    make, size = SHAPES[name]
    assert compiled(make(min(size, 100))).resources
