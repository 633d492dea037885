"""Whatever a document says that its schema does not allow, the message says what was expected, in words."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from policylang.directory import read_people
from policylang.files.violations import first_violation
from policylang.schemas import SCHEMAS
from policylang.settings.config import ConfigError, read_config
from policylang.source import Source

WRONG: list[Any] = [
    *(None, True, 5, -1, 10**30, Decimal("1.5"), "", "x", "x" * 300),
    *([], [[]], [None], {}, {"x": {"y": []}}),
]
VALID: dict[str, Any] = {
    "scenario": {
        "policies": "policies",
        "now": "2026-11-21T12:00:00-07:00",
        "directory": ["people.yaml"],
        "records": {"one": {"resource": "doc", "size": Decimal("1.5"), "tags": ["a"]}},
        "request": {"channel": "ui"},
        "tests": [
            {
                "name": "first",
                "user": "ann",
                "now": "2026-11-21T12:00:00Z",
                "request": {"channel": "ui"},
                "allow": {"view": ["one", {"one": {"size": 2}}]},
                "deny": {"view": ["one"]},
            }
        ],
        "eligible": {"doc.owner": ["ann"]},
    },
    "config": {
        "roots": ["policies"],
        "directory": ["people.yaml"],
        "directory_outside": ["../people"],
        "severities": {"PL402": "error"},
        "ignores": {"a.policy": ["PL4"]},
        "thresholds": {"same_permissions": 0.8, "roles_per_user": 3},
        "limits": {"nesting": 10},
        "format": {"line_width": 100},
        "targets": {"postgres": {"schema": "s", "tables": {"doc": {"table": "t", "columns": {"a": "b"}}}}},
    },
    "allow": {"allow": [{"id": "0" * 32, "because": "agreed", "until": "2026-12-31", "change": "c"}]},
    "directory": {
        "people": [
            {
                "id": "ann",
                "name": "Ann",
                "roles": ["guard", {"role": "guard", "at": "HQ", "from": "2026-01-01", "until": "2026-02-01"}],
                "terminated": False,
                "attributes": {"level": Decimal("1.5"), "tags": ["a"]},
            }
        ]
    },
}
# What validators and Python say, and what people who are not programmers cannot read.
JARGON = re.compile(
    r"is not of type|does not match|is not valid under|required propert|[Aa]dditional propert|non-empty|unexpected"
    r"|is not one of|should|instance|\bNone\b|\bTrue\b|\bFalse\b|Decimal\(|\[0-9|\^|\\[SdDx]|\{'|\['|\$ref"
)


def spots(content: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Everything in a document."""
    yield path
    items = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in items:
        yield from spots(value, (*path, key))


def changed(content: Any, path: tuple[str | int, ...], value: Any) -> Any:
    if not path:
        return value
    found = copy.deepcopy(content)
    inner = found
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return found


def variants(content: Any) -> Iterator[Any]:
    """The document with one thing in it wrong: a value of any type, a key too many, too few, or mistyped."""
    for path in spots(content):
        for value in WRONG:
            yield changed(content, path, value)
        at = content
        for step in path:
            at = at[step]
        if isinstance(at, dict):
            yield changed(content, path, {**at, "nothing_like_it": 1})
            for key in at:
                rest = {name: value for name, value in at.items() if name != key}
                yield changed(content, path, rest)
                yield changed(content, path, {**rest, f"{key}s": at[key]})
                yield changed(content, path, {**at, "": at[key]})


@pytest.mark.parametrize("name", sorted(VALID))
def test_every_violation_is_said_in_words(name: str) -> None:
    schema = SCHEMAS[name]()
    Draft202012Validator.check_schema(schema)
    assert first_violation(VALID[name], schema) is None
    count = 0
    for content in variants(VALID[name]):
        found = first_violation(content, schema)
        if found is not None:
            count += 1
            for text in (found.message, found.help):
                assert text, content
                assert not JARGON.search(text), text
                assert len(text) < 700, text
    assert count > 100


def test_an_example_is_valid() -> None:
    """What the help proposes for a value is no mistake again."""
    for name, field, right in (
        ("scenario", ("now",), "2026-11-21T12:00:00-07:00"),
        ("scenario", ("tests", 0, "now"), "2026-11-21T12:00:00-07:00"),
        ("config", ("severities",), "{PL402: error}"),
        ("config", ("format", "line_width"), "120"),
        ("config", ("thresholds", "same_permissions"), "0.9"),
        ("allow", ("allow", 0, "until"), "2026-12-31"),
    ):
        found = first_violation(changed(VALID[name], field, []), SCHEMAS[name]())
        assert found is not None
        assert found.help == f"write it like `{right}`"


@pytest.mark.parametrize(
    ("name", "path", "value", "message", "help"),
    [
        (
            "scenario",
            ("now",),
            None,
            "`now` is empty, it must be a date and time with its offset from UTC",
            "write it like `2026-11-21T12:00:00-07:00`",
        ),
        (
            "scenario",
            ("tests", 0, "now"),
            "tomorrow",
            "`tests[0].now` must be a date and time with its offset from UTC, not `tomorrow`",
            "write it like `2026-11-21T12:00:00-07:00`",
        ),
        ("scenario", ("tests", 0), {"name": "x"}, "`tests[0]` has no `user`", "write `user: …`"),
        (
            "scenario",
            ("tests", 0, "user"),
            7,
            "`tests[0].user` must be a text that is not empty, not `7`",
            "write it in quotes",
        ),
        ("scenario", ("tets",), [], "unknown field `tets`", "did you mean `tests`?"),
        ("scenario", ("tests", 0, "alow"), {}, "unknown field `alow` in `tests[0]`", "did you mean `allow`?"),
        ("scenario", ("records",), 5, "`records` must be a mapping, not `5`", "write it like `{name: {name: …}}`"),
        ("config", ("severities", "PL402"), "eror", None, "did you mean `error`?"),
        (
            "config",
            ("severities",),
            {"unused": "off"},
            "a key of `severities` must be the code of a rule, not `unused`",
            "write it like `PL402`",
        ),
        (
            "config",
            ("roots",),
            [],
            "`roots` must be a list with at least one entry, this one is empty",
            "write it like `[…]`",
        ),
        (
            "config",
            ("format", "line_width"),
            1000,
            "`format.line_width` must be a whole number from 40 to 400, not `1000`",
            "write it like `120`",
        ),
    ],
)
def test_words(name: str, path: tuple[str | int, ...], value: Any, message: str | None, help: str) -> None:
    found = first_violation(changed(VALID[name], path, value), SCHEMAS[name]())
    assert found is not None
    assert message is None or found.message == message
    assert found.help == help


def test_config_files(tmp_path: Path) -> None:
    path = tmp_path / "policylang.yaml"
    for content in variants(VALID["config"]):
        path.write_text(json.dumps(content, default=str), encoding="utf-8")
        found = None
        try:
            read_config(path)
        except ConfigError as error:
            found = error.error
        assert found is None or (found.help and not JARGON.search(found.message)), found


def test_directory_files() -> None:
    for content in variants(VALID["directory"]):
        text = json.dumps(content, default=str)
        for name in ("a.yaml", "a.json"):
            for diagnostic in read_people(Source(name, text)).diagnostics:
                assert not JARGON.search(diagnostic.message), diagnostic.message
                assert diagnostic.help, diagnostic.message
