"""A decision on its way: it comes out of each format as it went in."""

from __future__ import annotations

import json
import pickle

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from policylang import Decision

_TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=3).map(tuple)


@given(st.builds(Decision, st.booleans(), _TEXTS, _TEXTS, _TEXTS))
def test_it_serialises(decision: Decision) -> None:
    for package in (msgspec.json, msgspec.msgpack):
        assert package.decode(package.encode(decision), type=Decision) == decision
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(decision, protocol)) == decision
    through = json.loads(json.dumps(msgspec.structs.asdict(decision)))
    assert msgspec.convert(through, Decision) == decision
    assert hash(pickle.loads(pickle.dumps(decision))) == hash(decision)
