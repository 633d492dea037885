"""What is wrong with files, as editors show it."""

from __future__ import annotations

from pathlib import Path

from lsprotocol import types as lsp

from policylang.diagnostics import Severity, visible
from policylang.editor.open_files import OpenFiles
from policylang.editor.positions import Encoding, range_at
from policylang.pipelines.findings import RelatedPlace, ReportedFinding
from policylang.pipelines.test import FileResult
from policylang.project.discovery import Problem
from policylang.source import Location, Source

NAME = "policylang"
RULE_PAGES = "policylang:/rules"
"""Where the page of a rule is: the server itself has it, see `policylang.editor.questions`."""

DiagnosticsByFile = dict[Path, list[lsp.Diagnostic]]

_SEVERITIES: dict[Severity, lsp.DiagnosticSeverity] = {
    "error": lsp.DiagnosticSeverity.Error,
    "warning": lsp.DiagnosticSeverity.Warning,
    "info": lsp.DiagnosticSeverity.Information,
}
_UNUSED = frozenset({"PL204", "PL206", "PL208", "PL212", "PL303", "PL702", "PL704"})
"""Rules that find what does nothing."""
_OVER = frozenset({"PL307", "PL706"})
"""Rules that find what has ended."""
_WHOLE_LINE = 10_000


def of_finding(finding: ReportedFinding, sources: dict[str, Source], open_files: OpenFiles) -> lsp.Diagnostic:
    """A finding as a diagnostic; ``sources``: by the path that findings name."""
    encoding = open_files.encoding
    place = Location("", finding.line, finding.column, finding.end_line, finding.end_column)
    return lsp.Diagnostic(
        _range(sources.get(finding.path), place, encoding),
        _message(finding),
        _SEVERITIES[finding.severity],
        finding.code,
        lsp.CodeDescription(f"{RULE_PAGES}/{finding.code}.md"),
        NAME,
        _tags(finding.code),
        [_related(each, sources, open_files) for each in finding.related] or None,
    )


def _message(finding: ReportedFinding) -> str:
    parts = [finding.told]
    if finding.help:
        parts.append(f"help: {finding.help}")
    if finding.proved:
        parts.append(f"proved: {finding.proved}")
    return "\n".join(parts)


def _tags(code: str) -> list[lsp.DiagnosticTag] | None:
    if code in _UNUSED:
        return [lsp.DiagnosticTag.Unnecessary]
    return [lsp.DiagnosticTag.Deprecated] if code in _OVER else None


def _related(
    place: RelatedPlace, sources: dict[str, Source], open_files: OpenFiles
) -> lsp.DiagnosticRelatedInformation:
    at = Location("", place.line, place.column, place.end_line, place.end_column)
    where = _range(sources.get(place.path), at, open_files.encoding)
    return lsp.DiagnosticRelatedInformation(lsp.Location(open_files.uri(Path(place.path)), where), place.message)


def _range(source: Source | None, place: Location, encoding: Encoding) -> lsp.Range:
    if source is not None:
        return range_at(source, place, encoding)
    start = lsp.Position(place.line - 1, place.column - 1)
    return lsp.Range(start, lsp.Position(place.end_line - 1, place.end_column - 1))


def of_problem(problem: Problem) -> lsp.Diagnostic:
    """Why a file cannot be used, at its place in it."""
    line, column = (problem.line or 1) - 1, (problem.column or 1) - 1
    message = f"{problem.message}\nhelp: {problem.help}" if problem.help else problem.message
    where = lsp.Range(lsp.Position(line, column), lsp.Position(line, _WHOLE_LINE))
    return lsp.Diagnostic(where, visible(message.replace("\n", "\0")).replace("\\u{0}", "\n"), source=NAME)


def of_scenarios(result: FileResult) -> list[lsp.Diagnostic]:
    """What is wrong with a scenario file: why it cannot be run, or the cases that come out differently."""
    if result.problem is not None:
        return [of_problem(result.problem)]
    failed = [case for case in result.cases if case.failure is not None]
    return [
        lsp.Diagnostic(
            lsp.Range(lsp.Position(case.line - 1, 0), lsp.Position(case.line - 1, _WHOLE_LINE)),
            visible(f"{case.title}: {case.failure}"),
            lsp.DiagnosticSeverity.Error,
            "scenario",
            source=NAME,
        )
        for case in failed
    ]
