"""Changes that somebody looked at and approved, in a YAML file: those the gate lets through."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec

from policylang.diff.report import Change, Id, SetReport, Statement, Unused
from policylang.files.json_schema import schema_of
from policylang.files.yaml_source import Steps, Yaml, YamlError, read_yaml, validate
from policylang.project.discovery import Problem, read_regular

_MAX_BYTES = 16 * 1024 * 1024
_Each = TypeVar("_Each", Change, Statement)

_Day = Annotated[
    str,
    msgspec.Meta(
        pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
        description="a date, year-month-day",
        examples=["2026-12-31"],
        extra_json_schema={"format": "date"},
    ),
]


class Approved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One change. ``change`` says for people what it is and is not looked at."""

    id: Id
    because: Annotated[str, msgspec.Meta(pattern=r"\S", description="a reason, in words")]
    until: _Day | None = None
    """The last day, in the policy set's timezone, on which it is allowed."""
    change: str = ""

    def is_over(self, today: datetime.date) -> bool:
        """Whether its last day has passed."""
        return self.until is not None and datetime.date.fromisoformat(self.until) < today


class AllowFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Changes that may be."""

    allow: tuple[Approved, ...]


def allow_schema() -> dict[str, Any]:
    """The JSON Schema of the file that `policylang diff --allow` reads."""
    return schema_of(AllowFile, "allow", "changes that policylang diff allows")


def read_allowed(path: str) -> dict[str, Approved] | Problem:
    """The entries of a file by the ids of their changes, or why it cannot be used."""
    try:
        data = read_regular(Path(path), _MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            return Problem(path, f"the file is larger than {_MAX_BYTES:,} bytes", "remove what is obsolete")
        yaml_ = read_yaml(data.decode("utf-8-sig"))
        validate(yaml_, allow_schema())
        return _entries(yaml_)
    except YamlError as error:
        return Problem.of(path, error)
    except UnicodeDecodeError as error:
        return Problem(path, f"not UTF-8: byte {error.start} cannot be read", "save the file as UTF-8")
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        help = None if os.path.lexists(path.replace("\0", "")) else "check the path after `--allow`"
        return Problem(path, f"cannot be read: {reason.lower()}", help)


def _entries(yaml_: Yaml) -> dict[str, Approved]:
    found: dict[str, Approved] = {}
    for number, entry in enumerate(msgspec.convert(yaml_.value, AllowFile).allow):
        steps: Steps = ("allow", number)
        if entry.id in found:
            raise yaml_.error((*steps, "id"), "this change is allowed twice", "delete one of the two entries")
        try:
            datetime.date.fromisoformat(entry.until or "9999-12-31")
        except ValueError:
            raise yaml_.error(
                (*steps, "until"), f"`{entry.until}` is not a valid date", "write year-month-day"
            ) from None
        found[entry.id] = entry
    return found


def allowed(changes: Sequence[_Each], entries: dict[str, Approved], today: datetime.date) -> tuple[_Each, ...]:
    """The changes, with the reasons of entries that are not over."""
    return tuple(
        msgspec.structs.replace(each, because=entries[each.id].because)
        if each.id in entries and not entries[each.id].is_over(today)
        else each
        for each in changes
    )


def unused(entries: dict[str, Approved], sets: Iterable[SetReport], today: datetime.date) -> tuple[Unused, ...]:
    """The entries that allowed none of what was found, in their order."""
    used: set[str] = set()
    for set_ in sets:
        used |= {change.id for change in set_.changes if change.because is not None}
        used |= {statement.id for statement in set_.statements if statement.because is not None}
    return tuple(
        Unused(entry.id, entry.change, entry.because, entry.until, entry.is_over(today))
        for entry in entries.values()
        if entry.id not in used
    )
