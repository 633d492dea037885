"""Hypothesis: the same examples in every run of the tests, many more and random ones with `make soak`; no deadlines, as
no test asserts a time.

Engines that take a while to start are started once in a process, the first time a test wants them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.engines.cerbos_engine import CerbosServer
    from tests.engines.postgres_engine import PostgresServer

settings.register_profile("tests", derandomize=True, deadline=None, max_examples=300)
settings.register_profile("soak", deadline=None, max_examples=10_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "tests"))


@pytest.fixture(scope="session")
def cerbos() -> Iterator[CerbosServer]:
    """A Cerbos that takes a condition that errs for a denial, as every bundle says it has to be set."""
    from tests.engines.cerbos_engine import CerbosServer

    with CerbosServer({"engine": {"strictEvaluation": True}, "schema": {"enforcement": "reject"}}) as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    from tests.engines.postgres_engine import PostgresServer

    with PostgresServer() as server:
        yield server
