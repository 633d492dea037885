"""Findings as JUnit XML, as CI servers read it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from policylang.diagnostics import visible
from policylang.model.instants import instant_text
from policylang.output.evidence import evidence
from policylang.output.places import repository_root, shown_path
from policylang.pipelines.findings import ReportedFinding, Result
from policylang.project.discovery import Problem
from policylang.text.readable import readable

_NOTHING = "no findings"


def render(result: Result, *, root: Path | None = None) -> bytes:
    """A suite for each file, a failed case in it for each finding, one that passed if there is none. What could not be
    read is an error. There is always a case.
    """
    root = root or repository_root()
    found: dict[str, list[ReportedFinding]] = {path: [] for path in sorted(result.sources)}
    for finding in (each.on_disk for each in result.findings):
        found.setdefault(finding.path, []).append(finding)
    suites = [_problem(problem, root) for problem in result.problems]
    suites += [_file(shown_path(path, root), findings, root) for path, findings in found.items()]
    if not suites:
        suites = [_file("policylang check", [], root)]
    totals = {name: sum(int(suite.attrib[name]) for suite in suites) for name in ("tests", "failures", "errors")}
    instant = {"timestamp": instant_text(result.now)} if result.now is not None else {}
    document = _element("testsuites", name="policylang check", **totals, **instant)
    document.extend(suites)
    ElementTree.indent(document)
    text: bytes = ElementTree.tostring(document, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _file(path: str, findings: list[ReportedFinding], root: Path) -> ElementTree.Element:
    suite = _element("testsuite", name=path, tests=max(1, len(findings)), failures=len(findings), errors=0)
    names: Counter[str] = Counter()
    for finding in findings:
        name = f"{finding.code} {finding.name} at {finding.line}:{finding.column}"
        names[name] += 1
        if names[name] > 1:  # of cases with the same name some servers keep one
            name += f" ({names[name]})"
        case = _element("testcase", classname=path, name=name, file=path, line=finding.line)
        failure = _element("failure", type=finding.severity, message=finding.told)
        failure.text = readable("\n".join(_lines(path, finding, root)))
        case.append(failure)
        suite.append(case)
    if not findings:
        suite.append(_element("testcase", classname=path, name=_NOTHING))
    return suite


def _lines(path: str, finding: ReportedFinding, root: Path) -> list[str]:
    lines = [visible(f"{path}:{finding.line}:{finding.column}: {finding.told}")]
    lines += [
        visible(f"{shown_path(place.path, root)}:{place.line}:{place.column}: {place.message}")
        for place in finding.related
    ]
    lines += evidence(finding)
    return [*lines, f"help: {finding.help}"] if finding.help else lines


def _problem(problem: Problem, root: Path) -> ElementTree.Element:
    path = shown_path(problem.path, root)
    suite = _element("testsuite", name=path, tests=1, failures=0, errors=1)
    case = _element("testcase", classname=path, name="could be read", file=path, line=problem.line or 1)
    error = _element("error", message=problem.message)
    error.text = visible(problem.in_words())
    case.append(error)
    suite.append(case)
    return suite


def _element(tag: str, **attributes: Any) -> ElementTree.Element:
    """XML 1.0 can hold no control characters, not even escaped: they are written out."""
    return ElementTree.Element(tag, {name: readable(str(value)) for name, value in attributes.items()})
