"""What Schemathesis has to know beside the document: no schema can say which page tokens the service gave out.

It is loaded by name, in the process of Schemathesis: see `test_schemathesis`.
"""

from __future__ import annotations

from typing import Any

import httpx
import schemathesis
from hypothesis import strategies as st

schemathesis.openapi.format("page-token", st.just(""))  # the one that fits every search: the first page

SUBJECT = {"type": "user", "id": "dana"}
KNOWN = {
    "subject": {"subject": {"type": "user"}, "action": {"name": "view"}, "resource": {"type": "customer", "id": "c1"}},
    "resource": {"subject": SUBJECT, "action": {"name": "view"}, "resource": {"type": "customer"}},
    "action": {"subject": SUBJECT, "resource": {"type": "customer", "id": "c1"}},
}
"""Searches that have more than one result."""


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: dict[str, Any]) -> None:
    """Turns a search for another page into one for the next page of a search with results, for what is random in it."""
    body, kind = case.body, case.path.rpartition("/")[2]
    if kind not in KNOWN or not case.meta.generation.mode.is_positive or not isinstance(body, dict):
        return
    page = body.get("page")
    if page and "token" in page:
        body |= KNOWN[kind]
        page["limit"] = 1
        first = {**body, "page": {"limit": 1}}
        headers = {"Authorization": "Bearer test"}
        answer = httpx.post(case.operation.base_url.rstrip("/") + case.path, json=first, headers=headers)
        page["token"] = answer.raise_for_status().json()["page"]["next_token"]
        assert page["token"], first
