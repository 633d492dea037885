"""Paths as other tools write them, `resource.owner` and `principal.id`, in the words of the language."""

from __future__ import annotations

from collections.abc import Container, Sequence

from policylang.model.habits import THE_RECORD, THE_USER

# What goes before a name in Cedar, Rego, Cerbos, Casbin, IAM and SQL, and says nothing here.
_AROUND = frozenset(
    {"request", "input", "data", "context", "attr", "attrs", "attributes", "r", "obj", "doc", "document"}
)
_USERS = THE_USER | {"p", "sub", "principals", "users", "auth", "session", "aws", "identity"}
_RECORDS = THE_RECORD | {"r", "obj", "resources"}
_REQUESTS = frozenset({"context", "input", "env", "environment", "req"})
_IDS = frozenset({"id", "uid", "sub", "name", "username", "user_id", "userid", "email", "user"})


def as_here(
    names: Sequence[str], owner: str, record: Container[str], subject: Container[str], request: Container[str]
) -> str | None:
    """How a path that leads nowhere is written here: the record's own attribute, the user, or one of their attributes
    or of the request. ``record``, ``subject`` and ``request`` are the names of the attributes of each.
    """
    *before, last = names
    around = [each.lower() for each in before]
    if before and last in record and all(each in _RECORDS | _AROUND | {owner} for each in around):
        return last
    if any(each in _USERS for each in around) and all(each in _USERS | _AROUND for each in around):
        if last in subject:
            return f"assigned user.{last}"
        return "assigned user" if last.lower() in _IDS | _USERS else None
    if before and last in request and all(each in _REQUESTS | _AROUND for each in around):
        return f"request.{last}"
    if last.lower() in _USERS - {"p", "auth", "session"} and all(each in _AROUND for each in around):
        return "assigned user"
    return None
