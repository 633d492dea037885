"""The JSON Schemas that policylang publishes, each made from the types that it describes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from policylang.config import config_schema
from policylang.ir.schema import ir_schema
from policylang.testing.scenario import scenario_schema

SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {
    "ir": ir_schema,
    "config": config_schema,
    "scenario": scenario_schema,
}
