"""One server a module: starting one takes a second."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.editor.client import ROOT, Client


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A server on a copy of the quickstart set."""
    folder = tmp_path_factory.mktemp("editor") / "set"
    shutil.copytree(ROOT / "policies" / "quickstart", folder)
    with Client(folder) as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the quickstart set."""
    shutil.copytree(ROOT / "policies" / "quickstart", tmp_path / "set")
    return tmp_path / "set"
