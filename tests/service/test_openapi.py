"""The published document and the service agree on what a request is."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from policylang.service import wire
from policylang.service.openapi import openapi
from policylang.settings.service import ServiceConfig

DOCUMENT = openapi(ServiceConfig())
SEARCHES = {
    "SubjectSearch": wire.SubjectSearch,
    "ResourceSearch": wire.ResourceSearch,
    "ActionSearch": wire.ActionSearch,
}

TEXT = st.sampled_from(["", "a", "execute_all", "deny_on_first_deny", "permit_on_first_permit"])
NUMBERS = st.sampled_from([-1, 0, 1, 10.0, 0.5, wire.MOST_LIMIT, wire.MOST_LIMIT + 1])
ODD: st.SearchStrategy[Any] = st.none() | st.booleans() | NUMBERS | TEXT | st.just([]) | st.just({}) | st.just([1])


def field(usual: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly what belongs there."""
    return st.integers(0, 39).flatmap(lambda number: ODD if number == 17 else usual)


def part(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """An object with some of the fields, most of the time with all of them."""
    whole = st.fixed_dictionaries({name: field(value) for name, value in fields.items()})
    left_out = st.integers(0, 4).flatmap(lambda number: st.sets(st.sampled_from(sorted(fields)), max_size=number // 2))
    return st.tuples(whole, left_out).map(
        lambda found: {name: value for name, value in found[0].items() if name not in found[1]}
    )


FREE = st.dictionaries(TEXT, ODD, max_size=2)
ENTITY = part(type=TEXT, id=TEXT, properties=FREE)
REQUESTS = part(
    subject=ENTITY,
    action=part(name=TEXT, properties=FREE | st.fixed_dictionaries({}, optional={"field": ODD, "changes": ODD})),
    resource=ENTITY,
    context=FREE,
    page=part(token=TEXT, limit=NUMBERS),
    evaluations=st.just([]) | st.lists(FREE, max_size=2) | st.lists(ODD, max_size=1),
    options=part(evaluations_semantic=TEXT),
)


def read_several(content: dict[str, Any]) -> None:
    if not wire.convert(wire.Evaluations, content).evaluations:
        wire.convert(wire.Evaluation, content)


READERS: dict[str, Callable[[dict[str, Any]], object]] = {
    "Evaluation": lambda content: wire.convert(wire.Evaluation, content),
    "Evaluations": read_several,
    **{
        name: lambda content, type_=type_: wire.convert(type_, wire.with_whole_limit(content))  # type: ignore[misc]
        for name, type_ in SEARCHES.items()
    },
}


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=150)
@given(request=REQUESTS)
def test_what_the_document_allows_is_read_and_nothing_else(name: str, request: dict[str, Any]) -> None:
    published = Draft202012Validator({**DOCUMENT, "$ref": f"#/components/schemas/{name}"})
    try:
        READERS[name](wire.read_body(json.dumps(request).encode(), 64))
        is_read = True
    except wire.RefusedRequest:
        is_read = False
    assert published.is_valid(json.loads(json.dumps(request))) is is_read


def test_every_request_is_an_example_of_the_law() -> None:
    asked = [each["post"]["requestBody"] for each in DOCUMENT["paths"].values() if "post" in each]
    assert {each["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2] for each in asked} == set(READERS)


def test_the_size_of_a_batch_is_published() -> None:
    bounds = msgspec.structs.replace(ServiceConfig().bounds, batch=7)
    found = openapi(msgspec.structs.replace(ServiceConfig(), bounds=bounds))
    assert found["components"]["schemas"]["Evaluations"]["properties"]["evaluations"]["maxItems"] == 7
