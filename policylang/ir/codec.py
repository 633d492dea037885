"""The JSON form of the intermediate representation: written in one way, read with suspicion.

The digest is SHA-256 over the document without its ``digest`` field, as JSON with sorted keys, no white space and
UTF-8 (RFC 8785 as far as this format goes: it has no fractions). Any language can verify it::

    jq -cSj 'del(.digest)' compiled.json | sha256sum
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import msgspec

from policylang.diagnostics import quoted
from policylang.files.json_source import is_deeper, loads, whole_number
from policylang.files.violations import first_violation
from policylang.ir.nesting import name_of, too_many_ways
from policylang.ir.nodes import FORMAT_VERSION, PolicySet
from policylang.ir.references import dangling, too_deep_role
from policylang.ir.schema import ir_schema
from policylang.ir.soundness import unsound
from policylang.ir.upgrade import upgraded
from policylang.settings.limits import MOST_DEPTH, MOST_WAYS
from policylang.text.readable import shown_json

_MOST_LEVELS = 500
"""Of brackets inside one another: more than the deepest condition needs, and fewer than any Python reads."""
_MOST_EXPLAINED = 100
"""Levels of a document whose mistakes are looked for with the schema, which takes several calls for each."""


_EDITED = "the digest does not match: the document was edited after it was compiled, so compile it again"


class LoadError(ValueError):
    """Compiled JSON that must not be used. The message says why and what to do."""


def with_digest(policy_set: PolicySet) -> PolicySet:
    """The policy set with the digest of its content."""
    return msgspec.structs.replace(policy_set, digest=_digest(msgspec.structs.asdict(policy_set)))


def _digest(content: dict[str, Any]) -> str:
    """The digest of a document's fields without the digest itself."""
    content = {name: value for name, value in content.items() if name != "digest"}
    return f"sha256:{hashlib.sha256(msgspec.json.encode(content, order='sorted')).hexdigest()}"


def to_json(policy_set: PolicySet) -> bytes:
    """The canonical document: UTF-8, two spaces of indentation, fields in the order of the schema, what does not show
    itself escaped, a line break at the end. The same policy set gives the same bytes.
    """
    return _laid_out(msgspec.json.encode(policy_set))


def _laid_out(document: bytes) -> bytes:
    return shown_json(msgspec.json.format(document, indent=2)) + b"\n"


def is_laid_out(document: bytes) -> bool:
    """Whether JSON, of whatever version, has the layout of `to_json`. Raises ValueError where it is none."""
    return _laid_out(document) == document


def from_json(document: bytes) -> PolicySet:
    """Read a compiled policy set.

    Raises `LoadError` unless the document is whole JSON of this format version or an earlier one, valid under the
    published schema, with the digest of its content, without a reference to something that it does not contain, and
    something that sources could say. The digest of an earlier version's document becomes that of its content now.
    """
    policy_set = _canonical(document) or _examined(document)
    if _digest(msgspec.structs.asdict(policy_set)) != policy_set.digest:
        raise LoadError(_EDITED)
    missing = dangling(policy_set)
    if missing is not None:
        raise LoadError(f"the document refers to {missing}, which it does not contain")
    deep = too_deep_role(policy_set)
    if deep is not None:
        raise LoadError(f"the role {quoted(deep)} has roles inside one another more than {MOST_DEPTH} deep")
    wide = too_many_ways(policy_set, MOST_WAYS)
    if wide is not None:
        kind, name = name_of(wide)
        raise LoadError(f"the {kind} {quoted(name)} holds roles in more than {MOST_WAYS:,} ways that differ in limits")
    wrong = unsound(policy_set)
    if wrong is not None:
        raise LoadError(f"no sources could compile to this document: {wrong}")
    return policy_set


def _canonical(document: bytes) -> PolicySet | None:
    """The policy set of a document byte for byte as `to_json` writes it: there is nothing left to examine."""
    try:
        policy_set = msgspec.json.decode(document, type=PolicySet)
    except (ValueError, RecursionError):  # all that msgspec raises for bad documents is a ValueError
        return None
    return policy_set if policy_set.version == FORMAT_VERSION and to_json(policy_set) == document else None


def _examined(document: bytes) -> PolicySet:
    """The policy set of a document in another layout, or `LoadError` that says what is wrong with it."""
    try:
        content = loads(document.decode(), _MOST_LEVELS, object_pairs_hook=_without_duplicates, parse_int=whole_number)
        _check_header(content)
        if content["version"] < FORMAT_VERSION:
            content = _brought_up(content)
            document = msgspec.json.encode(content)
        return _typed(document, content)
    except LoadError:
        raise
    except RecursionError:
        raise LoadError("the document is nested too deeply to be a compiled policy set") from None
    except UnicodeDecodeError as error:
        raise LoadError(f"not UTF-8: byte {error.start} cannot be read") from None
    except json.JSONDecodeError as error:
        whole = document.rstrip().endswith(b"}") or error.msg.startswith("Extra data")
        hint = "" if whole else "; the file ends too early, compile again"
        raise LoadError(
            f"not JSON: {error.msg[:1].lower()}{error.msg[1:]} at line {error.lineno}, column {error.colno}{hint}"
        ) from None
    except msgspec.ValidationError as error:
        raise LoadError(f"not valid under the schema: {error}") from None
    except ValueError as error:
        raise LoadError(f"not JSON: {error}") from None


def _typed(document: bytes, content: Any) -> PolicySet:
    """The policy set of JSON that was read. The schema says better than the types what is wrong, and takes several
    calls for each level; of what is deeper, nothing may be left out either.
    """
    is_deep = is_deeper(document.decode(), _MOST_EXPLAINED)
    violation = None if is_deep else first_violation(content, ir_schema())
    if violation is None:
        policy_set = msgspec.json.decode(document, type=PolicySet)
        if not is_deep or _sorted(content) == _sorted(policy_set):
            return policy_set
        raise LoadError("not valid under the schema: it is not written in full, compile again")
    raise LoadError(f"not valid under the schema: {violation.message}")


def _brought_up(content: dict[str, Any]) -> dict[str, Any]:
    """The content of an earlier version's document in the form of this one."""
    if _digest(content) != content.get("digest"):
        raise LoadError(_EDITED)
    try:
        content = upgraded(content)
    except (AttributeError, KeyError, TypeError):
        raise LoadError("not valid under the schema of its version: compile again") from None
    return {**content, "digest": _digest(content)}


def _sorted(content: Any) -> bytes:
    return msgspec.json.encode(content, order="sorted")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise LoadError(f"the field {quoted(name)} is given twice in one object, compile again")
        found[name] = value
    return found


def _check_header(content: Any) -> None:
    if not isinstance(content, dict) or content.get("format") != "policylang":
        raise LoadError("not a compiled policy set: it has no `format` field that says `policylang`")
    version = content.get("version")
    if not isinstance(version, int) or isinstance(version, bool):
        raise LoadError("not a compiled policy set: `version` is not a number")
    if version > FORMAT_VERSION:
        raise LoadError(
            f"the document has format version {version}, this policylang reads up to {FORMAT_VERSION}: "
            "update policylang, or compile with this one"
        )
    if version < 1:
        raise LoadError(f"the document has format version {version}, which never was: compile again")
