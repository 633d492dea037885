"""Decisions kept as scenario tests: in one file of the policy set, which the explorer alone writes."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any, Literal

import msgspec

from policylang.files.writing import refuse_link_out, write_atomically
from policylang.files.yaml_source import YamlError, read_yaml
from policylang.pipelines.questions import QuestionError
from policylang.text.readable import json_in_yaml

NAME = "kept.test.yaml"
HEAD = "# Decisions kept by `policylang explore`, which writes this file anew. Move a test elsewhere to edit it.\n"


class _KeptTests(msgspec.Struct, forbid_unknown_fields=True):
    """What the file holds, as it is written here."""

    policies: Literal["."] = "."
    now: str = ""
    records: dict[str, dict[str, Any]] = {}
    tests: list[dict[str, Any]] = []


def keep(
    root: Path,
    *,
    allowed: bool,
    user: str,
    action: str,
    record: dict[str, Any],
    request: dict[str, Any],
    changes: dict[str, Any],
    now: str,
) -> Path:
    """Add a test to the file of a policy set; nothing where it is there already. Raises `QuestionError` and OSError."""
    if any(map(_holds_record, (*record.values(), *request.values(), *changes.values()))):
        raise QuestionError("a record inside a record cannot be kept: write the test by hand")
    path = root / NAME
    content = _read(path)
    records = content.records
    name = next((each for each, there in records.items() if there == record), None)
    if name is None:
        numbered = (f"{record['resource']}_{number}" for number in count(len(records) + 1))
        name = next(each for each in numbered if each not in records)
        records[name] = record
    target: Any = {name: changes} if changes else name
    title = f"{user} {'may' if allowed else 'may not'} {action} {name}"
    test = {
        "name": title,
        "user": user,
        "now": now,
        "request": request,
        ("allow" if allowed else "deny"): {action: [target]},
    }
    if not request:
        del test["request"]
    if test not in content.tests:
        content.tests.append(test)
    content.now = content.now or now
    refuse_link_out(path)
    write_atomically(path, _text(content).encode())
    return path


def _holds_record(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(map(_holds_record, value)))


def _read(path: Path) -> _KeptTests:
    """What was kept before."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return _KeptTests()
    if not text.startswith(HEAD):
        raise QuestionError(f"{path.name} was written by somebody else: rename it")
    try:
        return msgspec.convert(read_yaml(text).value or {}, _KeptTests)
    except YamlError as error:
        raise QuestionError(f"{path.name} cannot be read: {error}") from None
    except msgspec.ValidationError:
        raise QuestionError(f"{path.name} was edited, and cannot be added to: rename it") from None


def _text(content: _KeptTests) -> str:
    """The file: YAML whose values are written as JSON, which is YAML too."""
    records = "".join(f"  {json_in_yaml(name)}: {json_in_yaml(record)}\n" for name, record in content.records.items())
    tests = "".join(f"  - {json_in_yaml(test)}\n" for test in content.tests)
    return f"{HEAD}policies: .\nnow: {json_in_yaml(content.now)}\n\nrecords:\n{records}\ntests:\n{tests}"
