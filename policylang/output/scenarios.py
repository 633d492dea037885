"""Results of scenario tests: for people, for programs, and as JUnit for CI servers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import click
import msgspec

from policylang.diagnostics import visible
from policylang.output import coverage, explanation
from policylang.output.text import render_problem
from policylang.pipelines.test import FileResult
from policylang.testing.asked import Case
from policylang.testing.coverage.report import Coverage
from policylang.text.readable import json_bytes


def passed_and_failed(results: list[FileResult]) -> tuple[int, int]:
    """How many cases held and how many did not."""
    failed = sum(1 for result in results for case in result.cases if case.failure is not None)
    return sum(len(result.cases) for result in results) - failed, failed


def text(results: list[FileResult]) -> Iterator[str]:
    """What failed, and the count."""
    for result in results:
        if result.problem is not None:
            yield from render_problem(result.problem)
        for case in result.cases:
            if case.failure is not None:
                yield f"{click.style('failed', fg='red', bold=True)} {visible(case.test)}"
                yield f"  {click.style('-->', fg='blue')} {visible(result.path)}:{case.line}"
                yield f"  {visible(case.title)}, but {visible(case.failure)}"
                yield from (f"  {line}".rstrip() for line in _explained(case))
    passed, failed = passed_and_failed(results)
    problems = sum(1 for result in results if result.problem is not None)
    files = f"{len(results)} file{'' if len(results) == 1 else 's'}"
    yield f"{passed} passed, {failed} failed in {files}{f', {problems} could not be run' if problems else ''}"


def json(results: list[FileResult], covered: Coverage | None = None) -> bytes:
    """One JSON object: ``files``, each with ``path``, ``cases`` and ``problem``; the counts; the coverage, if any."""
    passed, failed = passed_and_failed(results)
    files = [{**msgspec.to_builtins(result), "cases": list(map(_case, result.cases))} for result in results]
    content: dict[str, Any] = {"files": files, "passed": passed, "failed": failed}
    if covered is not None:
        content["coverage"] = coverage.as_value(covered)
    return json_bytes(content)


def _case(case: Case) -> dict[str, Any]:
    plain = [click.unstyle(line) for line in _explained(case)]
    shown = msgspec.to_builtins(msgspec.structs.replace(case, explanation=None))
    return {name: shown[name] for name in shown if name != "asked"} | {"explanation": plain}


def _explained(case: Case) -> Iterator[str]:
    """The lines of the explanation, without the answer and unknown names, which the failure tells already."""
    if case.explanation is not None and case.explanation.problem is None:
        lines = explanation.text(case.explanation)
        next(lines)
        yield from (line for line in lines if line)


def junit(results: list[FileResult]) -> bytes:
    """JUnit XML as CI servers read it: a suite a file, a test case a decision."""
    passed, failed = passed_and_failed(results)
    errors = sum(1 for result in results if result.problem is not None)
    root = _element(None, "testsuites", tests=passed + failed, failures=failed, errors=errors)
    for result in results:
        failures = sum(1 for case in result.cases if case.failure is not None)
        broken = 1 if result.problem is not None else 0
        suite = _element(root, "testsuite", name=result.path, tests=len(result.cases), failures=failures, errors=broken)
        if result.problem is not None:
            case = _element(suite, "testcase", classname=result.path, name="(file)")
            _element(case, "error", message=result.problem.message)
        for each in result.cases:
            case = _element(suite, "testcase", classname=each.test, name=each.title, file=result.path, line=each.line)
            if each.failure is not None:
                failure = _element(case, "failure", message=each.failure)
                failure.text = "\n".join((visible(each.failure), *(click.unstyle(line) for line in _explained(each))))
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _element(parent: ElementTree.Element | None, tag: str, **attributes: Any) -> ElementTree.Element:
    shown = {name: visible(str(value)) for name, value in attributes.items()}
    return ElementTree.Element(tag, shown) if parent is None else ElementTree.SubElement(parent, tag, shown)
