"""A name is of a kind: what a policy set means does not change when things of several kinds have it."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from policylang.api.holders import holders
from policylang.api.policy_set import PolicySet
from policylang.check.catalogue import BY_CODE
from policylang.check.engine import run_checks
from policylang.diff.compare import compare
from policylang.ir import nodes as ir
from policylang.pipelines.compile import compile_for
from policylang.runtime.reference import decide
from policylang.targets import NAMES, find_target
from policylang.targets.target import Input, TargetBundle
from tests.helpers import compiled
from tests.identity.twins import ACTIONS, RESOURCES, USERS, alike, alike_in, twins

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
RECORDS: dict[str, tuple[dict[str, Any], ...]] = {
    "aaas": ({}, {"aaaf": "aaaz", "bbbf": "aaau", "dddk": "bbbh"}, {"aaaf": "bbbz", "bbbf": "bbbu"}, {"bbbf": "cccg"}),
    "bbbs": ({}, {"aaaf": "aaaz", "bbbf": "aaau"}, {"cccf": {"aaaf": "aaaz"}, "bbbf": "bbbu"}, {"dddf": "aaav"}),
}
REQUEST = {"aaaq": "aaaz"}


def _records(resource: str, same: Callable[[Any], Any]) -> Iterator[dict[str, Any]]:
    return (same(record) for record in RECORDS[resource])


def answers(policy_set: ir.PolicySet, same: Callable[[Any], Any]) -> Iterator[Any]:
    """What all ways of asking say; ``same`` makes names alike, or leaves them."""
    asked, index = PolicySet(policy_set), PolicySet(policy_set).index
    for name, attributes in index.attributes.items():
        yield [(name, each, asked.eligible(f"{name}.{each}", now=at)) for each in attributes for at in (NOW, None)]
    for user in map(same, USERS):
        yield asked.access(user, now=NOW), asked.access(user)
    for resource in RESOURCES:
        for action in map(same, ACTIONS):
            yield list(holders(asked, action, same(resource), now=NOW))
            yield asked.who_can(action, same(resource), now=NOW)
            for record in _records(resource, same):
                yield asked.who_can(action, same(resource), record, now=NOW, request=same(REQUEST))
            for user in map(same, USERS):
                request = {"now": NOW, "request": same(REQUEST)}
                kept = asked.filter(user, action, same(resource), **request)
                yield str(kept)
                for record in _records(resource, same):
                    decision = asked.decide(user, action, same(resource), record, **request)
                    assert decision == decide(index, user, action, same(resource), record, **request)
                    assert kept.matches(record) == decision.allowed
                    yield decision
                    yield asked.explain(user, action, same(resource), record, **request)


@given(twins())
@settings(max_examples=25, deadline=None)
def test_every_way_of_asking(text: str) -> None:
    of_twin = [alike_in(msgspec.to_builtins(each)) for each in answers(compiled(text), lambda value: value)]
    of_alike = [alike_in(msgspec.to_builtins(each)) for each in answers(compiled(alike(text)), alike_in)]
    assert of_alike == of_twin


@given(twins())
@settings(max_examples=25, deadline=None)
def test_findings(text: str) -> None:
    def found(of: str) -> Any:
        return alike_in(msgspec.to_builtins(run_checks(compiled(of), NOW, BY_CODE)))

    assert found(alike(text)) == found(text)


def in_any_order(values: list[Any]) -> list[str]:
    return sorted(json.dumps(value, sort_keys=True) for value in values)


@given(twins(), twins())
@settings(max_examples=25, deadline=None)
def test_differences(old: str, new: str) -> None:
    def found(*of: str) -> Any:
        report = alike_in(msgspec.to_builtins(compare(*map(compiled, of), NOW)))  # type: ignore[arg-type]
        return {key: in_any_order(each) for key, each in report.items()}  # they are sorted by their digests

    assert found(alike(old), alike(new)) == found(old, new)


@pytest.mark.parametrize("target", NAMES)
@pytest.mark.hypothesis
def test_bundles(target: str) -> None:
    @given(twins())
    @settings(max_examples=25, deadline=None)
    def are_alike(text: str) -> None:
        assert _bundle(target, alike(text)) == _bundle(target, text)

    are_alike()


def _bundle(target: str, text: str) -> Any:
    made = compile_for(find_target(target), Input(compiled(text), NOW))
    return (
        {alike(name): _words(content) for name, content in made.files.items()}
        if isinstance(made, TargetBundle)
        else None
    )


def _words(content: bytes) -> list[str]:
    """In any order, and without what parts them: names that are digests change the order of lists."""
    return sorted(word.rstrip(",;") for word in alike(content.decode()).split())
