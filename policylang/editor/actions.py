"""Code actions: everything that a help says and that is an edit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from lsprotocol import types as lsp

from policylang.check.catalogue import OF_SUPPRESSIONS
from policylang.check.enclosing import Layout
from policylang.check.fix.edits import TextEdit
from policylang.check.fix.mend import fixes
from policylang.diagnostics import cut, visible
from policylang.editor.checking import LiveChecker
from policylang.editor.edited_set import EditedSet
from policylang.editor.extracting import extracted
from policylang.editor.positions import Encoding, offset_at, range_at, range_of
from policylang.editor.scenario_edits import scenario_edit
from policylang.pipelines.findings import ReportedFinding
from policylang.source import Location, Source
from policylang.syntax.parser import Parsed

_QUICK = lsp.CodeActionKind.QuickFix


def code_actions(
    check: LiveChecker, of: EditedSet, parsed: Parsed, wanted: lsp.Range, encoding: Encoding
) -> list[lsp.CodeAction]:
    """What can be done in a range of a file."""
    source = parsed.source
    start, end = offset_at(source, wanted.start, encoding), offset_at(source, wanted.end, encoding)
    found = [*_meant(of, source, start, end, encoding), *_of_findings(check, of, parsed, start, end, encoding)]
    made = extracted(of, parsed, start, end, encoding) if start < end else None
    return [*found, *([made] if made else [])]


def _touches(source: Source, place: Location, start: int, end: int) -> bool:
    """Whether a place of a source and the text between two offsets have something in common."""
    if place.path != source.name or place.line > len(source.line_starts):
        return False
    begin = source.offset(place.line, place.column)
    last = source.offset(min(place.end_line, len(source.line_starts)), place.end_column)
    return bool(begin <= end and start <= last)


# --- what was meant ------------------------------------------------------------------------------------------


def _meant(of: EditedSet, source: Source, start: int, end: int, encoding: Encoding) -> Iterator[lsp.CodeAction]:
    """The edits of mistakes in the sources."""
    for diagnostic in of.project.diagnostics:
        edit = diagnostic.edit
        if edit is None or edit.location.path != source.name:
            continue
        if not (_touches(source, diagnostic.location, start, end) or _touches(source, edit.location, start, end)):
            continue
        change = lsp.TextEdit(range_at(source, edit.location, encoding), edit.text)
        title = f"write {_short(edit.text)}" if edit.text.strip() else "take it out"
        yield _action(of, title, {of.path_of(source.name): [change]}, preferred=True)


def _short(text: str) -> str:
    return f"`{cut(visible(' '.join(text.split())))}`"


# --- what rules found ----------------------------------------------------------------------------------------


def _of_findings(
    check: LiveChecker, of: EditedSet, parsed: Parsed, start: int, end: int, encoding: Encoding
) -> Iterator[lsp.CodeAction]:
    checked = check.checked.get(of.root)
    if checked is None or not checked.complete or checked.project is not of.project or of.project.ir is None:
        return
    source = parsed.source
    here = [
        each
        for each in checked.findings
        if each.said is not None and _touches(source, Location.parse(each.said.at), start, end)
    ]
    said = [each.said for each in here if each.said is not None]
    for fix in fixes(of.project, said, check.instant()):
        edits = _by_file(of, fix.edits, encoding)
        yield _action(of, visible(fix.summary), edits, preferred=fix.safety == "safe")
    for finding in here:
        test = scenario_edit(check.folders, of, finding)
        if test is not None:
            yield lsp.CodeAction(f"write a test for this {finding.code}", _QUICK, edit=test)
        if finding.code not in OF_SUPPRESSIONS:
            yield _suppression(of, parsed, finding, encoding)


def _by_file(of: EditedSet, edits: Iterable[TextEdit], encoding: Encoding) -> dict[Path, list[lsp.TextEdit]]:
    sources = {source.name: source for source in of.project.sources.sources}
    found: dict[Path, list[lsp.TextEdit]] = {}
    for each in sorted(edits):
        place = Location(each.path, each.line, each.column, each.end_line, each.end_column)
        where = range_at(sources[each.path], place, encoding)
        found.setdefault(of.path_of(each.path), []).append(lsp.TextEdit(where, each.replacement))
    return found


def _suppression(of: EditedSet, parsed: Parsed, finding: ReportedFinding, encoding: Encoding) -> lsp.CodeAction:
    """A comment that says that the finding is meant to be there: above its line, or behind it where something else
    begins on the line before it.
    """
    source = parsed.source
    line = finding.line
    begin, at = source.offset(line, 1), source.offset(line, finding.column)
    comment = f'# policylang: ignore {finding.code} because "…"'
    first = min((extent[0] for extent in Layout(parsed).on_line(line)), default=at)
    if first < at:
        offset = begin + len(source.line(line))
        text = f"  {comment}"
    else:
        offset = begin
        indent = source.text[begin:at] if not source.text[begin:at].strip() else ""
        text = f"{indent}{comment}{source.line_break}"
    edit = lsp.TextEdit(range_of(source, offset, offset, encoding), text)
    return _action(of, f"ignore {finding.code} here, with a reason", {of.path_of(source.name): [edit]})


def _action(
    of: EditedSet, title: str, edits: dict[Path, list[lsp.TextEdit]], *, preferred: bool = False
) -> lsp.CodeAction:
    changes = {of.uri(path): made for path, made in edits.items()}
    edit = lsp.WorkspaceEdit(changes=changes)
    return lsp.CodeAction(title, _QUICK, is_preferred=preferred or None, edit=edit)
