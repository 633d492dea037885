"""A policy set as the web application shows it: access, findings, agenda, reviews and what changed, in one document."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from policylang.agenda.agenda import Agenda, agenda
from policylang.check.usage import Usage
from policylang.ir import nodes as ir
from policylang.pipelines.agenda import agenda_of
from policylang.pipelines.check import CheckOptions, add_checked, add_compiled
from policylang.pipelines.findings import ReportedFinding, Result
from policylang.pipelines.replay import command, headline, particulars
from policylang.project.discovery import Problem, nearest_settings
from policylang.project.loading import read_compiled
from policylang.project.project import Project
from policylang.runtime.index import Index
from policylang.settings.config import Config
from policylang.views.build import document
from policylang.views.document import WHOLE, AccessDocument, ChangeView, Part

DAYS = 365
"""How far ahead the agenda looks."""


class ReportOptions(msgspec.Struct, frozen=True):
    """As of when, about which part, and what is different since then. With ``check.usage``, that raises
    `UnreadableError`, what was done with what is to be reviewed.
    """

    check: CheckOptions
    part: Part = WHOLE
    change: ChangeView | None = None
    found: Callable[[Result], None] = lambda _result: None
    """Is told what the rules found."""

    @property
    def now(self) -> datetime.datetime:
        return self.check.now

    def used(self, policy_set: ir.PolicySet, config: Config) -> tuple[Usage | None, CheckOptions]:
        """What people did, and the same for the rules, which do not read the log once more."""
        if self.check.usage is None:
            return None, self.check
        found = self.check.usage(Index(policy_set), config.usage)
        return found, msgspec.structs.replace(self.check, usage=lambda _index, _settings: found)


def of_project(project: Project, asked: ReportOptions) -> AccessDocument | Problem:
    """The document of a policy set in sources, or why there is none."""
    calendar = agenda_of(project, asked.now, DAYS)
    if isinstance(calendar, Problem):
        return calendar
    assert project.ir is not None
    set_ = project.sources
    result = Result()
    usage, check = asked.used(project.ir, set_.config)
    add_checked(result, project, check)
    sources = [source for source in (*set_.sources, *set_.directory) if not source.foreign]
    return _document(project.ir, asked, result, calendar, sources=sources, policies=set_.asked, usage=usage)


def of_compiled(path: str, asked: ReportOptions) -> AccessDocument | Problem:
    """The document of a compiled policy set, or why there is none."""
    policy_set = read_compiled(path)
    if isinstance(policy_set, Problem):
        return policy_set
    result = Result()
    usage, check = asked.used(policy_set, nearest_settings(Path(path).parent)[0])
    add_compiled(result, path, check)
    calendar = agenda(policy_set, asked.now, DAYS, policies=(path,))
    return _document(policy_set, asked, result, calendar, policies=(path,), usage=usage)


def _document(
    policy_set: ir.PolicySet, asked: ReportOptions, result: Result, calendar: Agenda, **rest: Any
) -> AccessDocument | Problem:
    if result.problems:
        return result.problems[0]
    asked.found(result)
    index = Index(policy_set)
    part = asked.part
    concerning = [each for each in result.findings if part.whole or _concerns(each, part)]
    return document(
        index,
        asked.now,
        agenda=calendar,
        findings=[_finding(each) for each in concerning],
        part=part,
        change=asked.change,
        **rest,
    )


def _finding(finding: ReportedFinding) -> dict[str, Any]:
    """A finding as ``check`` has it, with its witnesses in words, the commands that decide them again, and as ``cause``
    the declaration that it is in: what is in one is mended together.
    """
    looked_at = (*finding.looked_at, *(frozenset[str]() for _ in finding.witnesses))
    shown = [
        {
            "headline": headline(witness),
            "particulars": list(particulars(witness, names)),
            "command": command(witness, finding.policies),
        }
        for witness, names in zip(finding.witnesses, looked_at, strict=False)
    ]
    data = finding.data
    for name in ("witness", "further_witnesses"):
        del data[name]
    more = {"suggestion": finding.suggestion, "weight": finding.urgency, "cause": finding.anchor[0]}
    return {**data, "shown": shown, **more}


def _concerns(finding: ReportedFinding, part: Part) -> bool:
    """Whether a finding speaks of something in a part: by its users, its witnesses or the names in its message."""
    said = finding.said
    users = set(said.users) if said is not None else set[str]()
    witnesses = finding.witnesses
    named = [*part.users, *part.roles, *part.resources]
    return (
        not users.isdisjoint(part.users)
        or any(witness.get("user") in part.users or witness["resource"] in part.resources for witness in witnesses)
        or any(f"`{name}`" in finding.message for name in named)
        or any(role in part.roles for witness in witnesses for role in witness.get("as_roles", ()))
    )
