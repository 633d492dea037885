"""The consumer in TypeScript, compiled once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.consumers import build


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("consumer") / "dist")
