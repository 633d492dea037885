"""Decisions kept as scenario tests: in one file of the policy set, which the explorer alone writes."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import Any

from policylang.files.writing import refuse_link_out, write_atomically
from policylang.files.yaml_source import YamlError, read_yaml
from policylang.pipelines.questions import QuestionError

NAME = "kept.test.yaml"
HEAD = "# Decisions kept by `policylang explore`, which writes this file anew. Move a test elsewhere to edit it.\n"


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
    if any(isinstance(value, dict) for value in (*record.values(), *request.values(), *changes.values())):
        raise QuestionError("a record inside a record cannot be kept: write the test by hand")
    path = root / NAME
    content = _read(path)
    records, tests = content["records"], content["tests"]
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
    if test not in tests:
        tests.append(test)
    refuse_link_out(path)
    write_atomically(path, _text(content).encode())
    return path


def _read(path: Path) -> dict[str, Any]:
    """What was kept before."""
    empty: dict[str, Any] = {"records": {}, "tests": []}
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return empty
    if not text.startswith(HEAD):
        raise QuestionError(f"{path.name} was written by somebody else: rename it")
    try:
        found = read_yaml(text).value
    except YamlError as error:
        raise QuestionError(f"{path.name} cannot be read: {error}") from None
    return {**empty, **found} if isinstance(found, dict) else empty


def _text(content: dict[str, Any]) -> str:
    """The file: YAML whose values are written as JSON, which is YAML too."""
    now = content["tests"][0]["now"]
    records = "".join(f"  {_json(name)}: {_json(record)}\n" for name, record in content["records"].items())
    tests = "".join(f"  - {_json(test)}\n" for test in content["tests"])
    return f"{HEAD}policies: .\nnow: {_json(now)}\n\nrecords:\n{records}\ntests:\n{tests}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, default=str)
