"""Cedar, by cedarpy: in this process, nothing to start or stop."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import cedarpy

from tests.engines.files import EngineError


class Answer(NamedTuple):
    """``reasons``: ids of the policies that decided. ``errors``: of policies that were skipped, or of the request."""

    allowed: bool
    reasons: tuple[str, ...]
    errors: tuple[str, ...]


class CedarEngine:
    """Policies, entities and a schema, each parsed once and held to the schema.

    ``policies``: Cedar text, or the JSON policy-set format, which keeps policy ids. ``entities``: as Cedar's JSON.
    ``schema``: Cedar text, or JSON.
    """

    def __init__(self, policies: str, schema: str, entities: Iterable[Mapping[str, Any]] = ()) -> None:
        try:
            self._schema = _parsed(cedarpy.Schema, schema)
            self._policies = _parsed(cedarpy.PolicySet, policies)
            self._entities = cedarpy.Entities.from_json_str(json.dumps([*entities]), self._schema)
        except ValueError as error:
            raise EngineError(str(error)) from error
        # Text is all that can be validated; its order is that of the ids, in which they are named `policy0`, `policy1`…
        validated = cedarpy.validate_policies(str(self._policies), self._schema)
        if not validated.validation_passed:
            raise EngineError("\n".join(f"{each.policy_id}: {each.error}" for each in validated.errors))

    def ask(self, requests: Sequence[Mapping[str, Any]]) -> list[Answer]:
        """Decide ``{"principal", "action", "resource", "context"}``, entities as ``{"type", "id"}``, each by itself.

        A request that does not fit the schema raises; a policy that errs is skipped, as Cedar does, and named.
        """
        batch = cedarpy.is_authorized_batch(
            [dict(each) for each in requests], self._policies, self._entities, self._schema
        )
        for request, result in zip(requests, batch, strict=True):
            if result.decision is cedarpy.Decision.NoDecision:
                raise EngineError(f"{request}: {result.diagnostics.errors}")
        return [
            Answer(result.allowed, tuple(sorted(result.diagnostics.reasons)), tuple(result.diagnostics.errors))
            for result in batch
        ]


def _parsed(kind: Any, source: str) -> Any:
    return kind.from_json_str(source) if source.lstrip().startswith("{") else kind.from_str(source)
