"""From a log to changes that take out what nobody uses, each with its proof."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Iterable

import msgspec

from policylang.check.fix.edits import apply
from policylang.check.used import UsageAnalysis
from policylang.check.world import World
from policylang.project.project import Project
from policylang.source import Source
from policylang.usage.certificate import Certification
from policylang.usage.doubled import doubled
from policylang.usage.narrowing import narrowings, why_not_smallest
from policylang.usage.proposals import NOTHING, Keep, LeftAlone, Propose, ProposedChange, ProposedPart, propose
from policylang.usage.read import LogReading
from policylang.usage.replay import Replay
from policylang.usage.written import Limiting, Removal, Written, whole


class Certified(msgspec.Struct, frozen=True):
    """A proposal that is proved, with the policy set before it and after it, and who loses what."""

    proposal: ProposedChange
    before: Project
    after: Project
    lost: tuple[str, ...]


class Rejected(msgspec.Struct, frozen=True):
    """A proposal that is not made, and why not."""

    proposal: ProposedChange
    objections: tuple[str, ...]


Narrow = Callable[[UsageAnalysis, Replay, Written, Keep, Collection[str]], list[ProposedChange]]


class Rightsized(msgspec.Struct, frozen=True):
    """What is proposed, in the order in which it is applied, and what is not. ``elsewhere``: what was used and could be
    taken out as well, because it is granted elsewhere; nothing else can. ``never_allowed``: events that the log calls
    allowed and the policy set allows on no record.
    """

    project: Project
    certified: tuple[Certified, ...]
    rejected: tuple[Rejected, ...]
    left: tuple[LeftAlone, ...]
    elsewhere: tuple[ProposedChange, ...]
    covered: bool
    replayed: int
    never_allowed: int

    @property
    def after(self) -> Project:
        return self.certified[-1].after if self.certified else self.project


def rightsize(
    project: Project,
    reading: LogReading,
    now: datetime.datetime,
    keep: Keep = NOTHING,
    *,
    with_doubled: bool = False,
    proposer: Propose = propose,
    narrower: Narrow = narrowings,
    step: Callable[[str], None] = lambda _what: None,
) -> Rightsized:
    """Propose what to take out of a policy set that compiles, and what to narrow. What ``proposer`` and ``narrower``
    say is believed only as far as it is proved.
    """
    assert project.ir is not None
    now, usage = now.astimezone(datetime.UTC), reading.usage
    analysis = UsageAnalysis(World(project.ir, now), usage)
    run = _Run(project, Replay(project.ir, usage, reading.requests), analysis, step)
    proposals, left = proposer(analysis, run.written, keep)
    run.try_all(proposals)
    refused = [edit for each in run.rejected for edit in each.proposal.edits]
    step("looking for what is granted elsewhere as well")
    more = doubled(analysis, run.replay, run.removals, run.written, keep) if run.covered else []
    more = [each for each in more if not any(edit in refused for edit in each.edits)]
    if with_doubled:
        run.try_all(more)
    if run.covered:
        step("looking for policies under which everything was done")
        run.try_all(narrower(analysis, run.replay, run.written, keep, whole(run.removals)))
    return Rightsized(
        project,
        tuple(run.certified),
        tuple(run.rejected),
        tuple(left),
        () if with_doubled else tuple(more),
        run.covered,
        sum(use.count for uses in usage.by_user.values() for use in uses),
        run.replay.never_allowed,
    )


class _Run:
    """Proposals on trial, each on top of those that were proved before it."""

    def __init__(self, project: Project, replay: Replay, analysis: UsageAnalysis, step: Callable[[str], None]) -> None:
        self.project, self.replay, self.analysis, self.step = project, replay, analysis, step
        self.now = analysis.now
        self.covered = analysis.covers(analysis.usage.settings.days)
        self.written = Written(project.files)
        self.taken: list[Removal | Limiting] = []
        self.certified: list[Certified] = []
        self.rejected: list[Rejected] = []

    @property
    def removals(self) -> list[Removal]:
        return [each for each in self.taken if isinstance(each, Removal)]

    def try_all(self, proposals: Iterable[ProposedChange]) -> None:
        for proposal in proposals:
            self.step(f"proving: {proposal.title}")
            self._try(proposal)

    def _try(self, proposal: ProposedChange) -> None:
        """Make the proposal; or as many of its parts as can be proved, where that is not all."""
        objections = self._objections(proposal)
        if objections and len(proposal.parts) > 1 and not proposal.narrowed:
            good: list[ProposedPart] = []
            for part in proposal.parts:
                why = self._objections(msgspec.structs.replace(proposal, parts=(*good, part)), for_good=False)
                if why:
                    self.rejected.append(Rejected(msgspec.structs.replace(proposal, parts=(part,)), why))
                else:
                    good.append(part)
            if good:
                self._objections(msgspec.structs.replace(proposal, parts=tuple(good)))
        elif objections:
            self.rejected.append(Rejected(proposal, objections))

    def _objections(self, proposal: ProposedChange, *, for_good: bool = True) -> tuple[str, ...]:
        """Why the proposal must not be made. If nothing does, and it is meant ``for_good``, it is made."""
        before = self.certified[-1].after if self.certified else self.project
        edits = [*self.taken, *proposal.edits]
        try:
            after = _edited(self.project, self.written, edits)
        except ValueError as error:
            return (str(error),)
        if before.ir is None or after.ir is None:
            return (f"the policy set would not compile: {_first_error(after)}",)
        verdict = Certification(self.replay, before.ir, after.ir, self.now)
        objections = (*verdict.objections, *why_not_smallest(self.analysis, self.replay, proposal, after.ir))
        changes_nothing = proposal.narrowed and not verdict.lost
        if for_good and not objections and not changes_nothing:
            self.taken = edits
            self.certified.append(Certified(proposal, before, after, verdict.lost))
        return objections


def _edited(project: Project, written: Written, edits: Iterable[Removal | Limiting]) -> Project:
    """The policy set changed so, made of its sources. Raises ValueError where that cannot be done."""
    sources = {source.name: source for source in project.sources.sources}
    texts = apply(written.edits(edits), sources)
    changed = tuple(
        Source(name, texts[name], source.display) if name in texts else source for name, source in sources.items()
    )
    return Project(msgspec.structs.replace(project.sources, sources=changed))


def _first_error(project: Project) -> str:
    return next((each.message for each in project.diagnostics if each.severity == "error"), "it cannot be read")
