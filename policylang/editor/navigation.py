"""From a name to where it is declared and to all its uses, in every file of the set; and another name for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from lsprotocol import types as lsp

from policylang.diagnostics import quoted
from policylang.editor.edited_set import EditedSet, ReplacedText
from policylang.editor.names import NameKey, Occurrence, occurrences
from policylang.editor.opened import OpenedFile
from policylang.editor.scenario_names import renamed as renamed_in
from policylang.ir import nodes as ir
from policylang.ir import to_json
from policylang.model.model import KINDS
from policylang.project.project import Project
from policylang.source import Source
from policylang.syntax.quoting import quote_text

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHARED = {"user": ("user", "integration"), "integration": ("user", "integration")}

_Place = tuple[Source, Occurrence]


class RenameError(ValueError):
    """Why a name cannot be changed to another one."""


def _places_of(of: EditedSet, key: NameKey) -> Iterator[_Place]:
    """Where a name stands, in the order of the files and places."""
    project = of.project
    for parsed in project.files:
        yield from ((parsed.source, each) for each in of.names_in(parsed, project.model) if each.key == key)


def locations(of: EditedSet, key: NameKey, *, declarations: bool = True, uses: bool = True) -> list[lsp.Location]:
    """Where a name is declared, and where it is used."""
    return [
        lsp.Location(of.uri_of(source.name), of.range(source, found.start, found.end))
        for source, found in _places_of(of, key)
        if (declarations if found.declares else uses)
    ]


def highlights(file: OpenedFile, key: NameKey) -> list[lsp.DocumentHighlight]:
    """Where a name stands in one file."""
    kinds = {True: lsp.DocumentHighlightKind.Write, False: lsp.DocumentHighlightKind.Read}
    return [
        lsp.DocumentHighlight(file.range(each.start, each.end), kinds[each.declares])
        for each in file.names
        if each.key == key
    ]


def rename(file: OpenedFile, found: Occurrence, new: str) -> lsp.WorkspaceEdit:
    """The edits that give what a name stands for another name, in policy files and scenario files. Raises `RenameError`
    where the new name is none, is taken, would make the policy set say something else, or would change how a test comes
    out.
    """
    kind, owner, old = found.key
    of, project = file.of, file.of.project
    written = _written(found, new)
    places = list(_places_of(of, found.key))
    if not any(place.declares for _, place in places):
        raise RenameError(f"{quoted(old)} is not declared in a policy file")
    if new == old:
        return lsp.WorkspaceEdit({})
    for sharing in _SHARED.get(kind, (kind,)):
        if next(iter(_places_of(of, (sharing, owner, new))), None) is not None:
            raise RenameError(f"another {sharing} is called {quoted(new)} already")
    usage = project.sources.config.usage
    if kind in ("role", "group", "task") and old in (*usage.break_glass, *usage.periods):
        raise RenameError(f"`usage` in the config names {quoted(old)}: change it there first")
    if any(diagnostic.severity == "error" for diagnostic in project.diagnostics):
        raise RenameError("the policy set has errors: fix them first")
    renamed = [(source, each.start, each.end, written) for source, each in places]
    after = _with_other_name(of, project, renamed, old, (kind, owner, new))
    edits = of.changes(renamed)
    for path, source in file.check.folders.scenario_sources(of).items():
        spans = renamed_in(path, source.text, found.key, new, of.root, project, after)
        if spans is None:
            raise RenameError(f"the tests in {quoted(path.name)} would come out differently: rename it there first")
        if spans:
            edits[of.uri(path)] = [lsp.TextEdit(of.range(source, start, end), text) for start, end, text in spans]
    return lsp.WorkspaceEdit(edits)


def _written(found: Occurrence, new: str) -> str:
    if found.quoted:
        if not new.strip():
            raise RenameError("a name needs at least one letter")
        return quote_text(new)
    if not _NAME.fullmatch(new):
        raise RenameError(f"{quoted(new)} is not a name: names are ASCII letters, digits and underscores")
    return new


def _with_other_name(of: EditedSet, project: Project, edits: list[ReplacedText], old: str, key: NameKey) -> Project:
    """A copy with the edits: it must compile and say the same, and the new name must stand where the old one stood and
    nowhere else.
    """
    after = of.edited(project, edits)
    if after.ir is None:
        reason = next((each.message for each in after.diagnostics), "it would not compile any more")
        raise RenameError(f"the policy set would have an error: {reason}")
    count = sum(each.key == key for parsed in after.files for each in occurrences(parsed, after.model))
    if count != len(edits):
        raise RenameError("the name would mean something else in some place")
    names = (old, key[2])
    if project.ir is not None and _without_names(project.ir, names) != _without_names(after.ir, names):
        why = f"something in it goes by the name {quoted(old)} or {quoted(key[2])}"
        if key[0] == "action" and old in KINDS:
            why = f"{quoted(old)} says of which kind the action is; write `{key[2]} like {old}` by hand"
        raise RenameError(f"the policy set would say something else: {why}")
    return after


def _without_names(policy_set: ir.PolicySet, names: Iterable[str]) -> Any:
    """All that a policy set says, wherever it says it, in an order that some names have no part in."""
    name = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})(?!\w)")

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(each) for key, each in value.items() if key not in ("at", "digest")}
        if isinstance(value, list):
            return sorted(map(plain, value), key=repr)
        return name.sub("", value) if isinstance(value, str) else value

    return plain(msgspec.json.decode(to_json(policy_set)))
