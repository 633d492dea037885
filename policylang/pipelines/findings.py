"""Findings with everything an output needs: the rule's name, the path as the user typed it, the source line."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any, Self

import msgspec

from policylang.check.catalogue import BY_CODE
from policylang.check.finding import Finding as Said
from policylang.check.reach import Reach
from policylang.check.suppress.baseline import Entry
from policylang.diagnostics import Diagnostic, Related, Severity, visible
from policylang.pipelines.extent import Extent
from policylang.project.discovery import Problem, SourceSet
from policylang.project.project import Project
from policylang.source import Source

WitnessData = dict[str, Any]

_MOST_ORIGINS = 3


class RelatedPlace(msgspec.Struct, frozen=True):
    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    message: str


class ReportedFinding(msgspec.Struct, frozen=True):
    """A finding as every output shows it. Lines and columns are 1-based, end columns exclusive.

    Its texts are what people read: nothing in them stands for itself that does not show itself, and only the suggested
    role has several lines.
    """

    code: str
    name: str
    severity: Severity
    message: str
    help: str | None
    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    related: tuple[RelatedPlace, ...]
    witness: WitnessData | None
    """A request that shows it, in the shape that ``policylang decide`` takes, with the answer that is expected."""
    further_witnesses: tuple[WitnessData, ...] = ()
    """Others that belong to the first: what is allowed here and denied there, for one."""
    proved: str | None = None
    """What can never happen, where that is what was found."""
    unproved: bool = False
    """Whether the question could not be settled within its budget."""
    compiled: str | None = None
    """The compiled policy set that the path is a source of, if that was examined and no sources."""
    looked_at: tuple[frozenset[str], ...] = ()
    """For each witness, the attributes of the record that the decision looked at."""
    policies: tuple[str, ...] = ()
    """The paths that stand for the policy set."""
    anchor: tuple[str, str] = ("", "")
    """The declaration that it is in, and its words there."""
    said: Said | None = None
    """What the rule said, where it was a rule about a compiled policy set."""
    suggestion: str | None = None
    """A change of the source that people may decide on, in words."""
    origins: tuple[str, ...] = ()
    """Where the statement was imported from."""
    reach: Reach = Reach()
    """Whom it concerns now and could, which records, which sensitive attributes."""
    suggested_role: str | None = None
    """The one role or group, as policy text, that would do in place of several."""

    @property
    def urgency(self) -> int:
        """Of findings of one severity, those with more come first."""
        return 0 if self.said is None else self.said.urgency

    @property
    def about(self) -> tuple[str, ...]:
        """All that it is about and that may grow without making another finding of it."""
        return () if self.said is None else self.said.about

    @property
    def imported_from(self) -> str:
        """The first of the origins."""
        more = len(self.origins) - _MOST_ORIGINS
        return ", ".join(self.origins[:_MOST_ORIGINS]) + (f" and {more} more" if more > 0 else "")

    @property
    def told(self) -> str:
        """The message, behind the origins if there are any: where people look first."""
        return f"{visible(self.imported_from)}: {self.message}" if self.origins else self.message

    @property
    def witnesses(self) -> tuple[WitnessData, ...]:
        return () if self.witness is None else (self.witness, *self.further_witnesses)

    @property
    def data(self) -> dict[str, Any]:
        """For programs: without what outputs need to work it up."""
        return {name: getattr(self, name) for name in self.__struct_fields__ if name not in _INTERNAL}

    @property
    def on_disk(self) -> Self:
        """The finding at a place in a file that is there: one in a compiled policy set, whose sources are not at hand,
        at the beginning of that, with the place in its words.
        """
        if self.compiled is None:
            return self
        return msgspec.structs.replace(
            self,
            message=f"{self.message} ({self.path}:{self.line}:{self.column})",
            path=self.compiled,
            line=1,
            column=1,
            end_line=1,
            end_column=1,
            related=(),
        )


_INTERNAL = ("looked_at", "policies", "anchor", "said", "suggestion")


class BaselineUse(msgspec.Struct, frozen=True):
    """What a baseline did to a run: how many findings are in it, and what of it does not occur any more."""

    path: str
    known: int
    stale: tuple[Entry, ...]


class Result(msgspec.Struct):
    """What a run over some policy sets found. ``sources``: by the path that findings name."""

    findings: list[ReportedFinding] = []
    problems: list[Problem] = []
    sources: dict[str, Source] = {}
    compiled: int = 0
    """How many compiled policy sets were looked at."""
    now: datetime.datetime | None = None
    """The instant of the rules, if any ran, in UTC."""
    suppressed: int = 0
    """Findings that comments suppress."""
    ignored: int = 0
    """Findings that the config leaves out where they are."""
    baseline: BaselineUse | None = None
    codes: set[str] = set()
    """The rules that ran."""
    examined: set[str] = set()
    """The compiled policy sets on which they did."""
    extent: Extent = msgspec.field(default_factory=Extent)
    """How much the rules looked at."""
    seconds: float | None = None
    """How long it took, where a person waited for it."""

    @property
    def files(self) -> int:
        return len(self.sources) + self.compiled

    def add_sources(self, set_: SourceSet) -> View:
        """Add the sources of a policy set, and what of it could not be read."""
        self.sources.update((source.display, source) for source in set_.files)
        self.problems += set_.problems
        return View(set_.shown, set_.asked)


def collect(projects: Iterable[Project]) -> Result:
    """What is wrong with the sources of all policy sets, in the order of the sets and of the places in them."""
    result = Result()
    for project in projects:
        result.findings += result.add_sources(project.sources).findings(project.diagnostics)
    return result


class View(msgspec.Struct, frozen=True):
    """How the places in a policy set are shown: the path of each source, and what its findings have in common."""

    shown: dict[str, str]
    policies: tuple[str, ...] = ()
    compiled: str | None = None

    def path(self, name: str) -> str:
        return self.shown.get(name, name)

    def places(self, related: Iterable[Related]) -> tuple[RelatedPlace, ...]:
        """Other places that a finding speaks of."""
        return tuple(
            RelatedPlace(self.path(each.location.path), *each.location[1:], visible(each.message)) for each in related
        )

    def findings(self, diagnostics: Iterable[Diagnostic]) -> list[ReportedFinding]:
        """Diagnostics as findings."""
        return [
            ReportedFinding(
                each.code,
                BY_CODE[each.code].name,
                each.severity,
                visible(each.message),
                None if each.help is None else visible(each.help),
                self.path(each.location.path),
                *each.location[1:],
                self.places(each.related),
                each.witness,
                policies=self.policies,
            )
            for each in diagnostics
        ]
