"""The conformance vectors: decisions of generated policy sets, in JSON that every language reads alike.

    python -m tools.conformance   # writes conformance/vectors.jsonl.gz anew, and says what is in it

The same sets and requests come out each time, from the generators of the tests; what is expected comes from the
reference. Change the generators, and the vectors change: read `conformance/README.md` before.
"""

from __future__ import annotations

import datetime
import gzip
import hashlib
import itertools
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any

from policylang.files.json_source import read_json
from policylang.ir import from_json, to_json
from policylang.model.types import Duration
from policylang.runtime.index import Index
from policylang.runtime.reference import Decision, answer
from policylang.runtime.request import Request
from tests.generated.chooser import Chooser
from tests.generated.features import Features
from tests.generated.policies import policy_set
from tests.generated.records import Ref, Row, Rows, make_rows
from tests.generated.requests import make_requests
from tests.generated.world import make_world
from tests.helpers import compiled
from tools.conformance_edges import EDGES, Edge

FILE = Path(__file__).parents[1] / "conformance" / "vectors.jsonl.gz"
LEAST = 20_000
"""Decisions."""
_FEATURES = Features(objects=False, requests=100, rows=4)
_DEEPEST = 2
"""Of related records inside one another."""
_TALLEST = 4
"""Of records above one another in a tree."""


class _Draw:
    """Choices that are the same each time."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311

    def draw_integer(self, min_value: int, max_value: int) -> int:
        return self._random.randint(min_value, max_value)


class _Neutral:
    """Rows and their values as JSON has them."""

    def __init__(self, rows: Rows, document: dict[str, Any]) -> None:
        self._rows = {Ref(row.resource, row.key): row for each in rows.by_resource.values() for row in each}
        self._looked_at = set(_steps(document))
        self._trees = {(each["name"], each.get("tree")) for each in document["resources"]}

    def record(self, row: Row, deep: int = _DEEPEST, tall: int = _TALLEST) -> dict[str, Any]:
        found: dict[str, Any] = {"id": row.key}
        for name, raw in row.values.items():
            if deep == _DEEPEST or name in self._looked_at:
                above = (row.resource, name) in self._trees
                found[name] = self.value(raw, deep if above else deep - 1, tall - 1 if above else tall)
        return found

    def value(self, raw: Any, deep: int = _DEEPEST, tall: int = _TALLEST) -> Any:
        match raw:
            case None | bool() | str():
                return raw
            case int():
                return raw if abs(raw) < 2**53 else str(raw)
            case Decimal():
                return format(raw, "f")
            case float():
                return raw if raw == raw else "NaN"
            case datetime.datetime() | datetime.date():
                return raw.isoformat()
            case Duration():
                return f"{raw.amount} {raw.unit}"
            case IPv4Address() | IPv6Address():
                return str(raw)
            case Ref():
                return self.record(self._rows[raw], deep, tall) if deep > 0 and tall > 0 else raw.key
            case tuple() | list() | set() | frozenset():
                return [self.value(each, deep, tall) for each in raw]
            case Mapping():
                return {str(name): self.value(each, deep, tall) for name, each in raw.items()}
            case _:
                return 1.5  # of no type that takes it


def _steps(node: Any) -> Iterator[str]:
    """The names of the attributes that conditions look at."""
    if isinstance(node, list):
        for each in node:
            yield from _steps(each)
    elif isinstance(node, dict):
        if node.get("op") == "path":
            yield from node["steps"]
        if isinstance(node.get("tree"), str):
            yield node["tree"]
        for each in node.values():
            yield from _steps(each)


def case(seed: int) -> dict[str, Any]:
    """A policy set, and decisions about it."""
    c = Chooser(_Draw(seed))
    world = make_world(c, _FEATURES)
    document = json.loads(to_json(compiled(policy_set(c, world))))
    rows = make_rows(c, world)
    neutral = _Neutral(rows, document)
    decisions = []
    for made in make_requests(c, world, rows):
        names = (made.user, made.action, made.resource)
        if not all(isinstance(each, str) for each in names) or made.now.tzinfo is None or made.kind == "strange":
            continue
        asked = {
            "user": made.user,
            "action": made.action,
            "resource": made.resource,
            "record": None if made.row is None else neutral.record(made.row),
            "now": made.now.isoformat(),
            "request": neutral.value(made.attributes),
            "field": made.field,
            "changes": neutral.value(made.changes),
        }
        decisions.append({name: value for name, value in asked.items() if value is not None})
    index = Index(from_json(_line(document)))
    for each in decisions:
        each["expected"] = expected(index, each)
    return {"set": document, "decisions": decisions}


def edge(of: Edge) -> dict[str, Any]:
    """A policy set that was written by hand, and decisions about it."""
    document = json.loads(to_json(compiled(of.source)))
    index = Index(from_json(_line(document)))
    return {"set": document, "decisions": [{**asked, "expected": expected(index, asked)} for asked in of.asked]}


def expected(index: Index, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What the reference says of a request as it stands in the file."""
    read = read_json(json.dumps({name: each for name, each in asked.items() if name != "expected"}))
    now = datetime.datetime.fromisoformat(read.pop("now"))
    parts = {"record": None, "request": None, "field": None, "changes": None, **read}
    decision: Decision = answer(index, Request(now=now, **parts))
    return {"allowed": decision.allowed, "fields": list(decision.fields), "missing": list(decision.missing)}


def _line(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def read_vectors() -> Iterator[dict[str, Any]]:
    """The cases in the file."""
    with gzip.open(FILE, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _generated() -> Iterator[dict[str, Any]]:
    decisions = seed = 0
    while decisions < LEAST:
        made = case(seed)
        seed += 1
        decisions += len(made["decisions"])
        if made["decisions"]:
            yield made


def main() -> int:
    """Write the file; the exit code."""
    counts: Counter[str] = Counter()
    content = hashlib.sha256()
    with FILE.open("wb") as file, gzip.GzipFile("", "wb", 9, file, 0) as packed:
        for made in itertools.chain(_generated(), map(edge, EDGES)):
            line = _line(made) + b"\n"
            content.update(line)
            packed.write(line)
            counts["sets"] += 1
            counts["decisions"] += len(made["decisions"])
            counts["allowed"] += sum(each["expected"]["allowed"] for each in made["decisions"])
            counts["left open"] += sum(bool(each["expected"]["missing"]) for each in made["decisions"])
    print(f"{dict(counts)}, sha256 of the content: {content.hexdigest()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
