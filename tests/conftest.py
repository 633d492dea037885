"""Hypothesis: the same examples in every run of the tests, more and random ones with `make soak`, which are counted; no
deadlines, as no test asserts a time.

Hardly anything in tests is in a cycle, and thousands of tests are a lot to look through for one: that is done seldom,
and never over what was there before the first test.

Engines that take a while to start are started once in a process, the first time a test wants them.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from hypothesis.statistics import collector

if TYPE_CHECKING:
    from tests.engines.cerbos_engine import CerbosServer
    from tests.engines.postgres_engine import PostgresServer
    from tests.engines.registry_engine import RegistryServer

settings.register_profile("tests", derandomize=True, deadline=None, max_examples=300)
settings.register_profile("soak", deadline=None, max_examples=300)
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "tests")
settings.load_profile(PROFILE)

gc.set_threshold(50_000, 10, 10)

_examples = 0


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    gc.unfreeze()


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call() -> Iterator[None]:
    with collector.with_value(_count if PROFILE == "soak" else collector.value):
        yield


def _count(statistics: Mapping[str, Any]) -> None:
    global _examples
    phases = (statistics.get(f"{phase}-phase", {}) for phase in ("reuse", "generate"))
    _examples += sum(case["status"] == "valid" for phase in phases for case in phase.get("test-cases", ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if PROFILE == "soak":
        terminalreporter.write_line(f"{_examples} examples")


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


@pytest.fixture(scope="session")
def registry() -> Iterator[RegistryServer]:
    """A registry without logins; what tests push into it they call by names of their own."""
    from tests.engines.registry_engine import RegistryServer

    with RegistryServer() as server:
        yield server
