"""Fixes in policy sets, of the findings that a run would report."""

from __future__ import annotations

import datetime
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from policylang.check.catalogue import BY_CODE
from policylang.check.finding import Finding
from policylang.check.fix.fixes import safety_of
from policylang.check.fix.larger import objections
from policylang.check.fix.mend import changes, mend
from policylang.check.selection import Selection
from policylang.check.suppress.baseline import Baseline
from policylang.diff.compare import compare
from policylang.ir import nodes as ir
from policylang.pipelines.check import CheckOptions, add_checked, apply_baseline
from policylang.pipelines.findings import Result
from policylang.project.discovery import Problem
from policylang.project.project import Project
from policylang.source import Location, Source

_SAFE = frozenset(code for code in BY_CODE if safety_of(code) == "safe")


class Fixed(msgspec.Struct):
    """Policy sets after all safe fixes. Nothing is written yet, and nothing may be if there are problems."""

    projects: list[Project] = []
    changed: list[tuple[Source, Source]] = []
    """The sources whose text differs, as they were and as they are."""
    count: int = 0
    """How many findings are mended."""
    refused: list[Problem] = []
    """Fixes that were not applied, and why not."""
    problems: list[Problem] = []


def mend_all(projects: Sequence[Project], asked: CheckOptions, baseline: Baseline | None, path: str) -> Fixed:
    """The policy sets after the safe fixes of what is selected and neither suppressed, ignored nor in the baseline,
    which stands at ``path``.
    """
    only = Selection(asked.selection.codes & _SAFE, asked.selection.named & _SAFE)
    now = asked.now.astimezone(datetime.UTC)

    def check(project: Project) -> Iterable[Finding]:
        result = Result()
        add_checked(result, project, CheckOptions(asked.now, only, asked.step))
        if baseline is not None:
            apply_baseline(result, baseline, path)
        return [finding.said for finding in result.findings if finding.said is not None]

    fixed = Fixed()
    for project in projects:
        found = mend(project, check, now, lambda before, after: _difference(before, after, now))
        changed = changes(project, found.project)
        fixed.projects.append(found.project)
        fixed.changed += changed
        fixed.count += len(found.applied)
        for each in found.refused:
            at = Location.parse(each.fix.at)
            message = f"{each.fix.code} is not fixed: {each.reason}"
            fixed.refused.append(Problem(project.sources.shown[at.path], message, line=at.line, column=at.column))
        if changed:
            outside = (project.sources.leads_out(old, "fixed") for old, _new in changed)
            fixed.problems += (problem for problem in outside if problem is not None)
            fixed.problems += objections(project, changed, now)
    fixed.problems += _twice(projects, fixed.changed)
    return fixed


def _difference(before: ir.PolicySet, after: ir.PolicySet, now: datetime.datetime) -> str | None:
    """What `policylang diff` tells of two policy sets, in words."""
    report = compare(before, after, now)
    for change in report.changes:
        named = change.subjects[0]
        return f"{named.kind} `{named.name}` would no longer be allowed the same"
    # That a deny or an append is gone is told of anyway, for rights that no role of the set brings: that it took
    # nothing from anybody, with any role that could be given, is proved before.
    for statement in (each for each in report.statements if each.topic not in ("deny", "user")):
        return f"`policylang diff` would tell of a change of {statement.subject}"
    return None


def _twice(projects: Iterable[Project], changed: Iterable[tuple[Source, Source]]) -> Iterator[Problem]:
    """Files that are several sources, by links or because policy sets overlap: a fix would change all of them."""
    times = Counter(os.path.realpath(source.display) for each in projects for source in each.sources.sources)
    for old, _new in changed:
        if times[os.path.realpath(old.display)] > 1:
            help = "check one policy set at a time, and each file once"
            yield Problem(
                old.display, "not fixed: the file is there more than once, through links or several PATHS", help
            )
