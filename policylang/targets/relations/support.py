"""What both engines express, and what to do about the rest."""

from __future__ import annotations

from policylang.targets.target import Support

_READS = "compile for an engine that reads records: cedar, rego, cerbos"

WAYS_OUT = {
    **dict.fromkeys(("decimal", "duration", "overlaps", "same-record", "two-attributes"), _READS),
    "clock": f"give the role at those times only, or {_READS}",
    "empty": f"ask `contains` of the items that matter, or {_READS}",
    "text": f"compare whole texts, or {_READS}",
}
"""By construct that is refused."""

SUPPORT: dict[str, Support] = {
    **dict.fromkeys(("within", "within-days", "within-months", "request"), "input"),
    **dict.fromkeys(("dated", "hours"), "frozen"),
}
