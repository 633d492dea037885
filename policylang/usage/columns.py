"""What the columns of a log are: mapped by somebody, or guessed with reasons."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from policylang.diagnostics import listed, quoted
from policylang.files.json_schema import schema_of
from policylang.files.yaml_source import YamlError, read_yaml, validate
from policylang.model.instants import zone
from policylang.project.discovery import Problem, UnreadableError, read_regular, unreadable

ColumnKey = Literal["user", "action", "resource", "permission", "time", "decision", "field", "place", "record"]
_Column = Annotated[str, msgspec.Meta(min_length=1)]
_SIGNS = re.compile(r"[\W_]+")

_NAMES: dict[ColumnKey, tuple[str, ...]] = {
    "user": (
        *("user", "userid", "username", "useremail", "actor", "actorid", "principal", "subject", "login", "email"),
        *("account", "who", "identity", "employee", "employeeid", "requester"),
    ),
    "action": ("action", "operation", "verb", "event", "eventname", "method", "activity"),
    "resource": (
        *("resource", "resourcetype", "object", "objecttype", "entity", "entitytype", "model", "module", "screen"),
        *("table", "page", "target"),
    ),
    "permission": ("permission", "capability", "entitlement", "scope"),
    "time": (
        *("time", "timestamp", "ts", "at", "when", "date", "datetime", "eventtime", "occurredat", "createdat", "now"),
        *("loggedat", "instant"),
    ),
    "decision": ("decision", "allowed", "outcome", "result", "status", "granted", "effect", "verdict", "statuscode"),
    "field": ("field", "attribute", "fieldname", "property"),
    "place": ("place", "site", "location", "region", "zone", "branch"),
    "record": ("record", "recordid", "objectid", "entityid", "resourceid", "targetid"),
}
_IN_WORDS: dict[ColumnKey, str] = {
    "user": "who did it",
    "action": "what was done",
    "resource": "the resource",
    "permission": "resource and action in one",
    "time": "when",
    "decision": "whether it was allowed",
    "field": "the attribute",
    "place": "the place",
    "record": "which record",
}
TEXTS: tuple[ColumnKey, ...] = ("user", "action", "resource", "permission", "decision", "field", "place")
"""What events are told apart by, as it stands in the log."""
ALLOWED = frozenset(
    ("allow", "allowed", "permit", "permitted", "grant", "granted", "true", "t", "yes", "y", "1", "ok", "success")
)
DENIED = frozenset(
    (
        *("deny", "denied", "forbid", "forbidden", "block", "blocked", "false", "f", "no", "n", "0", "refused"),
        *("rejected", "unauthorized", "unauthorised", "failure", "failed"),
    )
)


class LogColumns(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Columns of a log by what is in them; nested values of JSON by dots, such as ``request.user``."""

    user: _Column | None = None
    action: _Column | None = None
    resource: _Column | None = None
    permission: _Column | None = None
    """Resource and action in one: `customer.view`."""
    time: _Column | None = None
    decision: _Column | None = None
    field: _Column | None = None
    place: _Column | None = None
    record: _Column | None = None


class ForeignNames(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Names of the log, and what they are in the policy files."""

    user: dict[str, str] = {}
    action: dict[str, str] = {}
    resource: dict[str, str] = {}
    place: dict[str, str] = {}


class LogMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is in a log. Columns that are not named are guessed."""

    columns: LogColumns = LogColumns()
    timezone: str | None = None
    """Of times without an offset, such as America/Denver."""
    allowed: tuple[str, ...] = ()
    """Words of the decision column, besides those that are known."""
    denied: tuple[str, ...] = ()
    names: ForeignNames = ForeignNames()


class ChosenColumns(msgspec.Struct, frozen=True):
    """A column for each thing that the log says, and why those that were guessed."""

    columns: Mapping[ColumnKey, str]
    reasons: tuple[str, ...]


def log_mapping_schema() -> dict[str, Any]:
    """The JSON Schema of a mapping."""
    return schema_of(LogMapping, "usage-mapping", "policylang mapping of a log")


def read_log_mapping(path: str) -> LogMapping:
    """Read the YAML of a mapping. Raises `UnreadableError`."""
    try:
        document = read_yaml(read_regular(Path(path)).decode("utf-8"))
        validate(document, log_mapping_schema())
        found = LogMapping() if document.value is None else msgspec.convert(document.value, LogMapping)
        if found.timezone is not None:
            zone(found.timezone)
        return found
    except OSError as error:
        problem = unreadable(path, error)
    except UnicodeDecodeError:
        problem = Problem(path, "not UTF-8", "save the file as UTF-8")
    except YamlError as error:
        problem = Problem.of(path, error)
    except (msgspec.ValidationError, ValueError, LookupError) as error:
        problem = Problem(path, str(error), "`policylang schema usage-mapping` describes the file")
    raise UnreadableError(problem)


def choose(names: Sequence[str], said: LogColumns, where: str) -> ChosenColumns:
    """The columns of a log. ``where``: what to name in a problem. Raises `UnreadableError`."""
    chosen: dict[ColumnKey, str] = {}
    for key in _NAMES:
        name = getattr(said, key)
        if name is not None:
            if name.partition(".")[0] not in names and name not in names:
                help = f"there are {listed([quoted(each) for each in names[:12]], 'and')}"
                raise UnreadableError(Problem(where, f"there is no column {quoted(name)}", help))
            chosen[key] = name
    reasons = []
    for key, known in _NAMES.items():
        if key in chosen or (key == "permission" and "resource" in chosen):
            continue
        for word in known:
            found = next((name for name in names if _bare(name) == word and name not in chosen.values()), None)
            if found is not None:
                chosen[key] = found
                reasons.append(f"{quoted(found)} is {_IN_WORDS[key]}, by its name")
                break
    if "permission" in chosen and ("resource" in chosen or "action" in chosen):
        if "resource" in chosen and "action" in chosen:
            del chosen["permission"]
        else:
            chosen.pop("resource", None)
            chosen.pop("action", None)
    _complete(chosen, names, where)
    return ChosenColumns(chosen, tuple(reasons))


def _bare(name: str) -> str:
    return _SIGNS.sub("", name).casefold()


def _complete(chosen: Mapping[ColumnKey, str], names: Sequence[str], where: str) -> None:
    wanted: tuple[ColumnKey, ...] = ("user", "action", "resource", "time")
    if "permission" in chosen:
        wanted = ("user", "permission", "time")
    missing = [key for key in wanted if key not in chosen]
    if missing:
        there = listed([quoted(name) for name in names[:12]], "and") if names else "no columns"
        message = f"no column is known as {listed([f'the {key}' for key in missing], 'or')}: there are {there}"
        help = f"name it in a file for `--mapping`: `columns: {{{missing[0]}: …}}`"
        raise UnreadableError(Problem(where, message, help))
