"""The published schemas equal what the types say, and hold for real documents."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from policylang.files.yaml_source import read_yaml, validate
from policylang.schemas import SCHEMAS, published_path, schema_text
from tests.helpers import ACCEPTANCE


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_published_schemas_do_not_drift(name: str) -> None:
    assert published_path(name).read_text(encoding="utf-8") == schema_text(name)
    Draft202012Validator.check_schema(json.loads(schema_text(name)))


@pytest.mark.parametrize("path", sorted(ACCEPTANCE.rglob("*.test.yaml")), ids=lambda path: path.stem)
def test_scenario_files_are_valid(path) -> None:
    validate(read_yaml(path.read_text(encoding="utf-8")), SCHEMAS["scenario"]())
