"""The conformance vectors are what is said of them, and what the reference says."""

from __future__ import annotations

import gzip
import hashlib
import json

from policylang.ir import from_json
from policylang.runtime.index import Index
from tools.conformance import FILE, LEAST, case, edge, expected, read_vectors
from tools.conformance_edges import EDGES


def test_the_readme_has_the_digest() -> None:
    digest = hashlib.sha256(gzip.decompress(FILE.read_bytes())).hexdigest()
    assert digest in (FILE.parent / "README.md").read_text()


def test_the_reference_agrees() -> None:
    """On some of them here; the consumer is held to all."""
    decisions = 0
    for number, each in enumerate(read_vectors()):
        decisions += len(each["decisions"])
        if number % 20:
            continue
        index = Index(from_json(json.dumps(each["set"], ensure_ascii=False).encode()))
        for asked in each["decisions"]:
            assert expected(index, asked) == asked["expected"]
    assert decisions >= LEAST


def test_the_last_are_those_by_hand() -> None:
    assert list(read_vectors())[-len(EDGES) :] == [edge(each) for each in EDGES]


def test_they_come_out_again() -> None:
    assert case(5) == case(5)
