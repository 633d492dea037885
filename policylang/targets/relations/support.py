"""What both engines express, and what to do about the rest."""

from __future__ import annotations

from policylang.targets.constructs import CONSTRUCTS
from policylang.targets.target import Support

_READS = "compile for an engine that reads records: cedar, rego, cerbos"
_OWN = "put the policy on a role of its own that only this user has"

WAYS_OUT = {
    **dict.fromkeys(
        ("date", "decimal", "duration", "network", "text", "related", "same-record", "two-attributes"), _READS
    ),
    **dict.fromkeys(("within", "within-days", "within-months", "subject", "user-attribute", "request"), _READS),
    "append": _OWN,
    "override": _OWN,
}
"""By construct that is refused."""

_OTHERS: dict[str, Support] = {"comparison": "input", "set": "input", "dated": "frozen"}

SUPPORT: dict[str, Support] = {name: _OTHERS.get(name, "exact") for name in CONSTRUCTS}
SUPPORT |= dict.fromkeys(WAYS_OUT, "refused")
"""``input``: users in attributes of records, which the caller writes as tuples."""
