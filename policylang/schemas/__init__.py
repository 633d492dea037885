"""The JSON Schemas that policylang publishes, each made from the types that it describes.

The files beside this one are what is published; tests hold them to the types.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from policylang.agenda.agenda import agenda_schema
from policylang.diff.allow import allow_schema
from policylang.diff.report import diff_schema
from policylang.directory.format import directory_schema
from policylang.importing.csv.mapping import mapping_schema
from policylang.importing.drift_report import drift_schema
from policylang.importing.origins import manifest_schema
from policylang.ir.schema import ir_schema
from policylang.mining.report import mining_schema
from policylang.settings.config import config_schema
from policylang.settings.service import service_schema
from policylang.testing.scenario import scenario_schema
from policylang.usage.columns import log_mapping_schema
from policylang.usage.report import usage_schema
from policylang.usage.rightsized import rightsize_schema

SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {
    "ir": ir_schema,
    "config": config_schema,
    "service": service_schema,
    "scenario": scenario_schema,
    "directory": directory_schema,
    "agenda": agenda_schema,
    "diff": diff_schema,
    "allow": allow_schema,
    "import": manifest_schema,
    "mapping": mapping_schema,
    "drift": drift_schema,
    "mining": mining_schema,
    "usage": usage_schema,
    "rightsize": rightsize_schema,
    "usage-mapping": log_mapping_schema,
}


def schema_text(name: str) -> str:
    """A schema as its file holds it."""
    return msgspec.json.format(msgspec.json.encode(SCHEMAS[name]()), indent=2).decode() + "\n"


def published_path(name: str) -> Path:
    """The file in which a schema is published with the package."""
    return Path(__file__).parent / f"{name}.schema.json"
