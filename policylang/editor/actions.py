"""Code actions: everything that a help says and that is an edit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lsprotocol import types as lsp

from policylang.check.catalogue import OF_SUPPRESSIONS
from policylang.check.enclosing import Layout
from policylang.check.fix.edits import TextEdit
from policylang.check.fix.mend import fixes
from policylang.check.suppress.suppressions import is_meant
from policylang.diagnostics import cut, visible
from policylang.editor.edited_set import EditedSet, ReplacedText
from policylang.editor.extracting import extracted
from policylang.editor.opened import OpenedFile
from policylang.editor.positions import offsets_of
from policylang.editor.scenario_edits import scenario_edit
from policylang.pipelines.findings import ReportedFinding
from policylang.source import Location, Source

_QUICK = lsp.CodeActionKind.QuickFix


def code_actions(file: OpenedFile, wanted: lsp.Range) -> list[lsp.CodeAction]:
    """What can be done in a range of a file."""
    start, end = file.offsets(wanted)
    found = [*_meant(file, start, end), *_of_findings(file, start, end)]
    made = extracted(file, start, end) if start < end else None
    return [*found, *([made] if made else [])]


def _touches(source: Source, place: Location, start: int, end: int) -> bool:
    """Whether a place of a source and the text between two offsets have something in common."""
    if place.path != source.name or place.line > len(source.line_starts):
        return False
    begin = source.offset(place.line, place.column)
    last = source.offset(min(place.end_line, len(source.line_starts)), place.end_column)
    return bool(begin <= end and start <= last)


# --- what was meant ------------------------------------------------------------------------------------------


def _meant(file: OpenedFile, start: int, end: int) -> Iterator[lsp.CodeAction]:
    """The edits of mistakes in the sources."""
    source = file.source
    for diagnostic in file.of.project.diagnostics:
        edit = diagnostic.edit
        if edit is None or edit.location.path != source.name:
            continue
        if not (_touches(source, diagnostic.location, start, end) or _touches(source, edit.location, start, end)):
            continue
        title = f"write {_short(edit.text)}" if edit.text.strip() else "take it out"
        change = (source, *offsets_of(source, edit.location), edit.text)
        yield _action(file.of, title, [change], preferred=True)


def _short(text: str) -> str:
    return f"`{cut(visible(' '.join(text.split())))}`"


# --- what rules found ----------------------------------------------------------------------------------------


def _of_findings(file: OpenedFile, start: int, end: int) -> Iterator[lsp.CodeAction]:
    check, of = file.check, file.of
    checked = check.checked.get(of.root)
    if checked is None or not checked.complete or checked.project is not of.project or of.project.ir is None:
        return
    here = [
        each
        for each in checked.findings
        if each.said is not None and _touches(file.source, Location.parse(each.said.at), start, end)
    ]
    said = [each.said for each in here if each.said is not None]
    for fix in fixes(of.project, said, check.instant()):
        yield _action(of, visible(fix.summary), _of_fix(of, fix.edits), preferred=fix.safety == "safe")
    for finding in here:
        test = scenario_edit(check.folders, of, finding)
        if test is not None:
            yield lsp.CodeAction(f"write a test for this {finding.code}", _QUICK, edit=test)
        if finding.code not in OF_SUPPRESSIONS:
            yield from _suppression(file, finding)


def _of_fix(of: EditedSet, edits: Iterable[TextEdit]) -> Iterator[ReplacedText]:
    sources = {source.name: source for source in of.project.sources.sources}
    for each in sorted(edits):
        source = sources[each.path]
        place = Location(each.path, each.line, each.column, each.end_line, each.end_column)
        yield source, *offsets_of(source, place), each.replacement


def _suppression(file: OpenedFile, finding: ReportedFinding) -> Iterator[lsp.CodeAction]:
    """A comment that says that the finding is meant to be there: above its line, or behind it where something else
    begins on the line before it. A comment that is there already comes behind that, unless it is one of this kind.
    """
    source = file.source
    line = finding.line
    begin, at = source.offset(line, 1), source.offset(line, finding.column)
    end = begin + len(source.line(line))
    comment = f'# policylang: ignore {finding.code} because "…"'
    first = min((extent[0] for extent in Layout(file.parsed).on_line(line)), default=at)
    there = next((each for each in file.parsed.file.comments if begin <= each.start_pos < each.end_pos <= end), None)
    if first < at and there is not None:
        if is_meant(there):
            return
        offset, text = there.start_pos, f"{comment}  "
    elif first < at:
        offset, text = end, f"  {comment}"
    else:
        offset = begin
        indent = source.text[begin:at] if not source.text[begin:at].strip() else ""
        text = f"{indent}{comment}{source.line_break}"
    yield _action(file.of, f"ignore {finding.code} here, with a reason", [(source, offset, offset, text)])


def _action(of: EditedSet, title: str, edits: Iterable[ReplacedText], *, preferred: bool = False) -> lsp.CodeAction:
    edit = lsp.WorkspaceEdit(of.changes(edits))
    return lsp.CodeAction(title, _QUICK, is_preferred=preferred or None, edit=edit)
