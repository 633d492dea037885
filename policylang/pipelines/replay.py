"""Witnesses: in the shape that `policylang decide` takes, as the command that asks it, and in words."""

from __future__ import annotations

import json
import shlex
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from policylang.check.finding import Shown, Who
from policylang.diagnostics import listed
from policylang.model.instants import instant_text
from policylang.pipelines.findings import WitnessData
from policylang.runtime.index import Index
from policylang.text.characters import is_printable


def as_witness(index: Index, shown: Shown) -> WitnessData:
    """A piece of evidence as ``decide`` takes it: each key is an option or an argument of that, but ``expected``."""
    found: WitnessData = _who(index, shown.who)
    witness = shown.witness
    if shown.who.user is None and witness.attributes:
        found["as_attributes"] = witness.attributes
    found |= {"action": shown.action, "resource": witness.resource}
    if shown.field is not None:
        found["field"] = shown.field
    found["record"] = witness.record
    if witness.request:
        found["request"] = witness.request
    if witness.users:
        found["users"] = witness.users
    found["now"] = instant_text(witness.now)
    found["expected"] = "allowed" if shown.allowed else "denied"
    return found


def _who(index: Index, who: Who) -> WitnessData:
    if who.user is not None:
        return {"user": who.user}
    found: WitnessData = {}
    if who.roles:
        found["as_roles"] = [
            role if place is None else f"{role}@{index.places[place].kind}:{place}" for role, place in who.roles
        ]
    if who.group is not None:
        found["as_group"] = who.group
    if who.id is not None:
        found["as_id"] = who.id
    return found


def command(witness: WitnessData, policies: Sequence[str]) -> str:
    """The command line, quoted for a shell, that decides a witness anew. ``policies``: where the policy set is."""
    user, action = witness.get("user"), witness["action"]
    words = [action] if user is None else [user, action]
    options = ["--resource", witness["resource"]]
    for role in witness.get("as_roles", ()):
        options += ["--as-role", role]
    for name in ("as_group", "as_id", "field", "now"):
        if name in witness:
            options += [f"--{name.replace('_', '-')}", witness[name]]
    for name in ("as_attributes", "record", "request", "users"):
        if witness.get(name):
            options += [f"--{name.replace('_', '-')}", _json(witness[name])]
    for path in policies:
        options += ["--policies", path]
    if any(word.startswith("-") for word in words):
        return shlex.join(["policylang", "decide", *options, "--", *words])
    return shlex.join(["policylang", "decide", *words, *options])


def _json(value: Any) -> str:
    plain = json.dumps(value, ensure_ascii=False)
    return plain if is_printable(plain) else json.dumps(value)


# --- in words ------------------------------------------------------------------------------------------------


def headline(witness: WitnessData) -> str:
    """Who is allowed or denied what, and when."""
    allowed = witness["expected"] == "allowed"
    what = f"`{witness['resource']}`"
    field = f"`{witness['field']}` of " if "field" in witness else ""
    may = "may" if allowed else "may not"
    return f"{witness['expected']}: {who(witness)} {may} {witness['action']} {field}this {what} at {witness['now']}"


def who(witness: WitnessData) -> str:
    """The one who asks."""
    if "user" in witness:
        return f"`{witness['user']}`"
    parts = []
    for given in witness.get("as_roles", ()):
        role, at, where = given.partition("@") if not given.endswith("'s own") else (given, "", "")
        kind, _, place = where.partition(":")
        parts.append(f'role `{role}` at {kind} "{place}"' if at else f"role `{role}`")
    if "as_group" in witness:
        parts.append(f"group `{witness['as_group']}`")
    name = f"`{witness['as_id']}`" if "as_id" in witness else "somebody"
    return f"{name} with {listed(parts, 'and')}" if parts else name


def particulars(witness: WitnessData, looked_at: Collection[str]) -> Iterator[tuple[str, str]]:
    """Names and values: the attributes of the record that the decision looked at, and what was made up beside it."""
    record = witness["record"]
    for name, value in record.items():
        if name in looked_at:
            yield name, _shown(value)
    if witness["action"] != "create":
        yield from ((name, "missing") for name in sorted(looked_at) if record.get(name) is None)
    for what, key in (("request", "request"), ("the user's", "as_attributes")):
        for name, value in witness.get(key, {}).items():
            yield f"{what} {name}", _shown(value)
    for user, attributes in witness.get("users", {}).items():
        for name, value in attributes.items():
            yield f"{user}'s {name}", _shown(value)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) and value.strip() == value != "" else _json(value)
