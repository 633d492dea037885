"""Schemathesis, a tester of services that is not ours, finds nothing between the document and the service."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.service import stores
from tests.service.helpers import HERE, served

TOKEN = {"name": "t", "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}  # of `test`
WITH_TOKENS = {"tokens": [{**TOKEN, "scopes": ["evaluate", "search", "admin"]}]}
CUSTOMER = {"name": "Ann", "sales_rep": "dana", "status": "lead", "account": {"name": "Acme", "owner": "max"}}
RECORDS = {"customer": [{"id": f"c{n}", **CUSTOMER} for n in range(3)]}
"""Of these every search finds more than one thing; see `KNOWN` of the hooks."""


def run(address: str, folder: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    """The exit status of Schemathesis with all its checks, and what it says."""
    script = Path(sys.executable).with_name("schemathesis")
    options = ["--checks=all", "--generation-deterministic", "--no-color", "--header=Authorization: Bearer test"]
    ran = subprocess.run(
        [script, "run", f"{address}/openapi.json", *options, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1]), **environment},
        capture_output=True,
        text=True,
    )
    return ran.returncode, ran.stdout + ran.stderr


@pytest.mark.parametrize("who", [{}, WITH_TOKENS], ids=["everybody", "with tokens"])
def test_nothing_is_found(tmp_path: Path, who: dict[str, Any]) -> None:
    store = stores.memory(tmp_path, RECORDS)
    with served(HERE / "crm.policy", store=store, **who) as client:
        hooks = {"SCHEMATHESIS_HOOKS": "tests.service.schemathesis_hooks"}
        status, said = run(str(client.base_url), tmp_path, "--max-examples=10", "--continue-on-failure", **hooks)
    assert (status, "No issues found" in said) == (0, True), said
