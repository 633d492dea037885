"""Requests and, in a file beside each, how their decisions are explained: as text, and where there is a file, as JSON.

python -m tests.explaining.explained.pairs    rewrites the expected files; read the difference before committing
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import click

from policylang.explaining.tree import Explanation
from policylang.files.yaml_source import read_yaml
from policylang.output import explanation as output
from policylang.project.discovery import discover
from policylang.project.project import Project
from policylang.runtime.index import Index
from policylang.text.readable import json_bytes
from tests.helpers import ACCEPTANCE, explain

HERE = Path(__file__).parent
SETS = {
    "office": HERE / "office.policy",
    "securitytrax": ACCEPTANCE / "securitytrax",
    "tracktik": ACCEPTANCE / "tracktik",
}


def inputs() -> Iterator[Path]:
    yield from sorted(HERE.glob("*.yaml"))


@cache
def index(name: str) -> Index:
    (sources,) = discover([str(SETS[name])])
    policy_set = Project(sources).ir
    assert policy_set is not None
    return Index(policy_set)


def request(path: Path) -> tuple[Index, dict[str, Any]]:
    """The policy set of a request, and the arguments of its decision."""
    given = read_yaml(path.read_text(encoding="utf-8")).value
    assert isinstance(given, dict)
    return index(given.pop("policies")), {**given, "now": datetime.datetime.fromisoformat(given["now"])}


def explained(path: Path) -> Explanation:
    policy_set, arguments = request(path)
    return explain(policy_set, **arguments)


def actual(path: Path, ending: str) -> bytes:
    found = explained(path)
    if ending == ".json":
        return json_bytes(found)
    return click.unstyle("\n".join(output.text(found))).encode() + b"\n"


def expected(path: Path) -> Iterator[Path]:
    """The expected files of a request; the one with text is always there."""
    yield path.with_suffix(".txt")
    if path.with_suffix(".json").exists():
        yield path.with_suffix(".json")


if __name__ == "__main__":
    for each in inputs():
        for file in expected(each):
            file.write_bytes(actual(each, file.suffix))
