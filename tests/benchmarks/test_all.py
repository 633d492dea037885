"""What each benchmark imports is there, since `make bench` is not part of the tests."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

import benchmarks

NAMES = sorted(path.stem for path in Path(benchmarks.__file__).parent.glob("bench_*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_what_it_imports_is_there(name: str) -> None:
    assert import_module(f"benchmarks.{name}").__name__ == f"benchmarks.{name}"
