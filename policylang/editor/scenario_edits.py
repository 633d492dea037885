"""A scenario test for the witness of a finding, behind those that there are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lsprotocol import types as lsp

from policylang.editor.edited_set import EditedSet
from policylang.editor.folders import Folders
from policylang.files.paths import real_path
from policylang.files.yaml_source import Yaml, YamlError
from policylang.model.types import RecordType
from policylang.pipelines.findings import ReportedFinding, WitnessData
from policylang.runtime.index import Index
from policylang.testing.run import read_scenarios
from policylang.text.names import free_name
from policylang.text.readable import json_bytes

_NEW_FILE = "witnesses.test.yaml"
_MADE_UP = ("as_roles", "as_group", "as_id", "users", "as_attributes")


def scenario_edit(folders: Folders, of: EditedSet, finding: ReportedFinding) -> lsp.WorkspaceEdit | None:
    """The edit that adds a test that holds what the witness shows; ``None`` where a scenario file cannot say it, as of
    somebody made up.
    """
    witness = finding.witness
    index = of.index
    if witness is None or index is None or "user" not in witness or any(name in witness for name in _MADE_UP):
        return None
    for path, source in folders.scenario_sources(of).items():
        made = _into(source.text, path, of, index, finding, witness)
        if made is not None:
            return lsp.WorkspaceEdit(changes={of.uri(path): made})
    path = of.root / _NEW_FILE
    if path.exists():
        return None
    records = "".join(f"  {line}\n" for line in _records(index, witness, set()))
    tests = "".join(f"  {line}\n" for line in _test(witness, finding))
    text = f"policies: .\nnow: {witness['now']}\n\nrecords:\n{records}\ntests:\n{tests}"
    begin = lsp.Range(lsp.Position(0, 0), lsp.Position(0, 0))
    document = lsp.OptionalVersionedTextDocumentIdentifier(of.uri(path))
    return lsp.WorkspaceEdit(
        document_changes=[
            lsp.CreateFile(of.uri(path)),
            lsp.TextDocumentEdit(document, [lsp.TextEdit(begin, text)]),
        ]
    )


def _into(
    text: str, path: Path, of: EditedSet, index: Index, finding: ReportedFinding, witness: WitnessData
) -> list[lsp.TextEdit] | None:
    """The edits of a scenario file that has records and tests line by line; ``None`` where it has not."""
    try:
        scenarios, document = read_scenarios(text)
    except YamlError:
        return None
    policies = real_path(path.parent / scenarios.policies)
    if policies != real_path(of.root) or not (scenarios.records and scenarios.tests):
        return None
    lines = text.splitlines()
    record_line, record_column = document.keys["records", next(iter(scenarios.records))]
    test_line, _ = document.places["tests", 0]
    first = lines[test_line - 1]
    if not first.lstrip().startswith("- ") or lines[record_line - 1][: record_column - 1].strip():
        return None
    indent = first[: len(first) - len(first.lstrip())]
    records = "".join(
        f"{' ' * (record_column - 1)}{line}\n" for line in _records(index, witness, set(scenarios.records))
    )
    tests = "".join(f"{indent}{line}\n" for line in _test(witness, finding, set(scenarios.records)))
    end = _end_of_tests(document, len(lines))
    gap = "" if text.endswith("\n") or end < len(lines) else "\n"
    return [_insertion(record_line - 1, records), _insertion(end, f"{gap}{tests}")]


def _end_of_tests(document: Yaml, last: int) -> int:
    """The line before which a test can be added, from 0: that of the key behind the tests, or the end."""
    begin = document.keys["tests",][0]
    behind = [line for steps, (line, _) in document.keys.items() if len(steps) == 1 and line > begin]
    return min(behind) - 1 if behind else last


def _insertion(line: int, text: str) -> lsp.TextEdit:
    at = lsp.Position(line, 0)
    return lsp.TextEdit(lsp.Range(at, at), text)


def _records(index: Index, witness: WitnessData, taken: set[str]) -> Iterator[str]:
    """The record, and those that it is related to, each on a line."""
    return _record(index, witness["resource"], witness["record"], free_name("witness", taken), taken)


def _record(index: Index, resource: str, record: dict[str, Any], name: str, taken: set[str]) -> Iterator[str]:
    values: dict[str, Any] = {"resource": resource}
    for attribute, value in record.items():
        declared = index.attributes[resource].get(attribute)
        item = None if declared is None else declared.type.item
        if isinstance(value, dict) and isinstance(item, RecordType):
            inner = free_name(f"{name}_{attribute}", taken)
            yield from _record(index, item.resource, value, inner, taken)
            value = inner
        values[attribute] = value
    taken.add(name)
    yield f"{name}: {_json(values)}"


def _test(witness: WitnessData, finding: ReportedFinding, taken: set[str] | None = None) -> Iterator[str]:
    name = free_name("witness", taken or set())
    target = f"{name}.{witness['field']}" if "field" in witness else name
    word = "allow" if witness["expected"] == "allowed" else "deny"
    yield f"- name: {_json(f'{finding.code} {finding.name}')}"
    yield f"  user: {_json(witness['user'])}"
    yield f"  now: {witness['now']}"
    if witness.get("request"):
        yield f"  request: {_json(witness['request'])}"
    yield f"  {word}: {{{witness['action']}: [{target}]}}"


def _json(value: Any) -> str:
    shown = json_bytes(value).decode()
    return shown.strip() if isinstance(value, str) else " ".join(shown.split())
