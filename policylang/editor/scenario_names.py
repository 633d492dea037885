"""Names of a policy set in scenario files, so that a rename reaches them, and the check that it changed no test."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from policylang.editor.names import NameKey
from policylang.files.paths import real_path
from policylang.files.yaml_source import Steps, Yaml, YamlError
from policylang.model import Model
from policylang.model.types import UserType
from policylang.pipelines.test import run_text, usable
from policylang.project.project import Project
from policylang.source import Source
from policylang.testing.run import read_scenarios
from policylang.text.readable import json_in_yaml

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.@-]*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})

Replacement = tuple[int, int, str]
"""Beginning, end, and the text that goes there."""


def renamed(
    path: Path, text: str, key: NameKey, new: str, root: Path, before: Project, after: Project
) -> list[Replacement] | None:
    """The edits of a scenario file that give what a name stands for another name, of which the policy set is another
    one ``after``; ``None`` where a case would come out differently.
    """
    edits = _spans(text, key, new, before.model)
    return edits if _outcome(path, _applied(text, edits), root, after) == _outcome(path, text, root, before) else None


def _spans(text: str, key: NameKey, new: str, model: Model) -> list[Replacement]:
    """None where the file cannot be read."""
    try:
        scenarios, document = read_scenarios(text)
    except YamlError:
        return []
    source = Source("", text)
    found = []
    for steps, is_key, before, after in _places(document, key, model, scenarios.records):
        place = (document.keys if is_key else document.places).get(steps)
        if place is not None:
            made = _span(text, source.offset(*place), f"{before}{key[2]}{after}", f"{before}{new}{after}")
            found += [made] if made else []
    return sorted(found)


def _places(
    document: Yaml, key: NameKey, model: Model, records: dict[str, dict[str, Any]]
) -> Iterator[tuple[Steps, bool, str, str]]:
    """Steps to a value, or to a key, and what stands around the name there."""
    kind, owner, name = key
    whole: dict[Steps, Any] = {steps: _at(document.value, steps) for steps in document.places}
    for steps, value in whole.items():
        match kind, steps:
            case (("user" | "integration"), ("tests", int(), "user")) if value == name:
                yield steps, False, "", ""
            case "user", ("eligible", str(), int()) if value == name:
                yield steps, False, "", ""
            case "user", ("records", str(record), str(attribute)) if value == name:
                if _is_user(model, records.get(record, {}), attribute):
                    yield steps, False, "", ""
            case "resource", ("records", str(), "resource") if value == name:
                yield steps, False, "", ""
            case "resource", ("eligible", str(attribute)) if attribute.startswith(f"{name}."):
                yield steps, True, "", attribute[len(name) :]
            case "attribute", ("records", str(record), str(attribute)) if attribute == name:
                if records.get(record, {}).get("resource") == owner:
                    yield steps, True, "", ""
            case "attribute", ("eligible", str(attribute)) if attribute == f"{owner}.{name}":
                yield steps, True, f"{owner}.", ""
            case "attribute", ("tests", int(), "allow" | "deny", str(), int(), str(record), str(attribute)):
                if attribute == name and records.get(record, {}).get("resource") == owner:
                    yield steps, True, "", ""
            case "action", ("tests", int(), "allow" | "deny", str(action)) if action == name:
                yield steps, True, "", ""


def _at(value: Any, steps: Steps) -> Any:
    for step in steps:
        value = value[step]
    return value


def _is_user(model: Model, record: dict[str, Any], attribute: str) -> bool:
    resource = model.resources.get(str(record.get("resource")))
    type_ = None if resource is None else resource.attributes.get(attribute)
    return type_ is not None and isinstance(type_.item, UserType)


def _span(text: str, offset: int, old: str, new: str) -> Replacement | None:
    """The edit of one scalar; ``None`` where it is not written as the name reads."""
    if text.startswith(old, offset):
        return offset, offset + len(old), scalar(new)
    if text[offset : offset + 1] in ('"', "'") and text.startswith(old + text[offset], offset + 1):
        return offset, offset + len(old) + 2, in_quotes(new)
    return None


def scalar(name: str) -> str:
    """A name as YAML has it, in quotes where it would be read as something else."""
    is_plain = _PLAIN.fullmatch(name) is not None and name.lower() not in _WORDS
    return name if is_plain else in_quotes(name)


def in_quotes(name: str) -> str:
    """A name in quotes, as YAML has it."""
    return json_in_yaml(name)


def _applied(text: str, edits: list[Replacement]) -> str:
    """A text after edits."""
    for start, end, new in reversed(edits):
        text = text[:start] + new + text[end:]
    return text


def _outcome(path: Path, text: str, root: Path, project: Project) -> tuple[bool, list[bool]]:
    """Whether a scenario file can be run, and which of its cases come out as expected."""
    result = run_text(path, text, {real_path(root): usable(root, project)})
    return result.problem is None, [case.failure is None for case in result.cases]
