"""The JSON Schemas that policylang publishes, each made from the types that it describes.

The files beside this one are what is published; tests hold them to the types.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from policylang.agenda.agenda import Agendas
from policylang.diff.allow import allow_schema
from policylang.diff.report import diff_schema
from policylang.directory.format import DirectoryFile
from policylang.files.json_schema import schema_of
from policylang.importing.csv.mapping import mapping_schema
from policylang.importing.drift_report import drift_schema
from policylang.importing.origins import manifest_schema
from policylang.ir.schema import ir_schema
from policylang.mining.report import MiningReport
from policylang.settings.config import config_schema
from policylang.settings.service import service_schema
from policylang.testing.scenario import scenario_schema
from policylang.usage.columns import log_mapping_schema
from policylang.usage.report import UsageReport
from policylang.usage.rightsized import RightsizeReport

SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {
    "ir": ir_schema,
    "config": config_schema,
    "service": service_schema,
    "scenario": scenario_schema,
    "directory": partial(schema_of, DirectoryFile, "directory", "policylang directory data"),
    "agenda": partial(schema_of, Agendas, "agenda", "policylang agenda"),
    "diff": diff_schema,
    "allow": allow_schema,
    "import": manifest_schema,
    "mapping": mapping_schema,
    "drift": drift_schema,
    "mining": partial(schema_of, MiningReport, "mining", "policylang mine report"),
    "usage": partial(schema_of, UsageReport, "usage", "policylang usage report"),
    "rightsize": partial(schema_of, RightsizeReport, "rightsize", "policylang rightsize report"),
    "usage-mapping": log_mapping_schema,
}


def schema_text(name: str) -> str:
    """A schema as its file holds it."""
    return msgspec.json.format(msgspec.json.encode(SCHEMAS[name]()), indent=2).decode() + "\n"


def published_path(name: str) -> Path:
    """The file in which a schema is published with the package."""
    return Path(__file__).parent / f"{name}.schema.json"
