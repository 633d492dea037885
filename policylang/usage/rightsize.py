"""From a log to changes that take out what nobody uses, each with its proof."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Iterable

import msgspec

from policylang.check.fix.edits import apply
from policylang.check.used import UsageAnalysis
from policylang.check.world import World
from policylang.ir import nodes as ir
from policylang.project.project import Project
from policylang.usage.certificate import Certification
from policylang.usage.doubled import doubled, without
from policylang.usage.excerpts import Excerpts
from policylang.usage.joining import joinings, why_not_used
from policylang.usage.narrowing import narrowings, why_not_smallest
from policylang.usage.proposals import NOTHING, Keep, NotTaken, Propose, ProposedChange, ProposedPart, propose
from policylang.usage.read import LogReading
from policylang.usage.replay import Replay
from policylang.usage.written import PolicyEdit, Removal, Written, whole


class Certified:
    """A proposal that is proved, with who loses what, and the policy set before it and after it."""

    def __init__(self, proposal: ProposedChange, lost: tuple[str, ...], edits: _Edits, before: int) -> None:
        """``before``: how many of the edits, of which there may come more, are made before it."""
        self.proposal, self.lost = proposal, lost
        self._edits, self._before = edits, before

    @property
    def before(self) -> Project:
        return self._edits.project(self._before)

    @property
    def after(self) -> Project:
        return self._edits.project(self._before + len(self.proposal.edits))


class _Rejected(msgspec.Struct, frozen=True):
    """A proposal that is not made, and why not."""

    proposal: ProposedChange
    objections: tuple[str, ...]


Narrow = Callable[[UsageAnalysis, Replay, Written, Keep, Collection[str]], list[ProposedChange]]

Join = Callable[
    [UsageAnalysis, ir.PolicySet, Written, Keep, Collection[str]], tuple[list[ProposedChange], list[NotTaken]]
]


class Rightsized(msgspec.Struct, frozen=True):
    """What is proposed, in the order in which it is applied, and what is not. ``elsewhere``: what was used and could be
    taken out as well, because it is granted elsewhere; nothing else can. ``never_allowed``: events that the log calls
    allowed and the policy set allows on no record.
    """

    project: Project
    certified: tuple[Certified, ...]
    rejected: tuple[_Rejected, ...]
    left: tuple[NotTaken, ...]
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
    joiner: Join = joinings,
    step: Callable[[str], None] = lambda _what: None,
) -> Rightsized:
    """Propose what to take out of a policy set that compiles, and what to narrow and to join. What ``proposer``,
    ``narrower`` and ``joiner`` say is believed only as far as it is proved.
    """
    now = now.astimezone(datetime.UTC)
    usage = reading.usage
    assert project.ir is not None
    policy_set = project.ir

    def made(*, in_parts: bool) -> Rightsized | None:
        """``None`` if each change is proved on the part that it touches, and all together are not."""
        analysis = UsageAnalysis(World(policy_set, now), usage)
        run = _Run(project, Replay(policy_set, usage, reading.requests), analysis, step, in_parts=in_parts)
        proposals, left = proposer(analysis, run.written, keep)
        run.try_all(proposals)
        refused = [edit for each in run.rejected for edit in each.proposal.edits]
        step("looking for what is granted elsewhere as well")
        more = doubled(analysis, run.excerpts, run.removals, run.written, keep) if run.covered else []
        more = [each for each in more if not any(edit in refused for edit in each.edits)]
        if with_doubled:
            run.try_all(more)
        if run.covered:
            step("looking for policies under which everything was done")
            run.try_all(narrower(analysis, run.replay, run.written, keep, whole(run.removals)))
            step("looking for roles that people have together")
            joined, not_joined = joiner(analysis, run.current, run.written, keep, whole(run.removals))
            run.try_all(joined)
            left += not_joined
        if in_parts and not run.is_proved_together():
            return None
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

    return made(in_parts=True) or made(in_parts=False)  # type: ignore[return-value]


class _Edits:
    """Edits of a policy set, each on top of those before it."""

    def __init__(self, start: Project) -> None:
        self.start, self.written = start, Written(start.files)
        self.made: list[PolicyEdit] = []
        self._last: tuple[int, Project] = 0, start

    def project(self, count: int) -> Project:
        """The policy set after so many of them."""
        if self._last[0] != count:
            self._last = count, self.edited(self.made[:count])
        return self._last[1]

    def edited(self, edits: Iterable[PolicyEdit]) -> Project:
        """The policy set changed so, made of its sources. Raises ValueError where that cannot be done."""
        sources = {source.name: source for source in self.start.sources.sources}
        return self.start.edited(apply(self.written.edits(edits), sources))


class _Run:
    """Proposals on trial, each on top of those that were proved before it."""

    def __init__(
        self,
        project: Project,
        replay: Replay,
        analysis: UsageAnalysis,
        step: Callable[[str], None],
        *,
        in_parts: bool,
    ) -> None:
        self.replay, self.analysis, self.step, self._in_parts = replay, analysis, step, in_parts
        self.now = analysis.now
        self.covered = analysis.covers(analysis.usage.settings.days)
        self.excerpts = Excerpts(analysis, replay)
        self._edits = _Edits(project)
        self.certified: list[Certified] = []
        self.rejected: list[_Rejected] = []

    @property
    def written(self) -> Written:
        return self._edits.written

    @property
    def current(self) -> ir.PolicySet:
        """The policy set with everything that is made."""
        found = self._edits.project(len(self._edits.made)).ir
        assert found is not None
        return found

    @property
    def removals(self) -> list[Removal]:
        return [each for each in self._edits.made if isinstance(each, Removal)]

    def try_all(self, proposals: Iterable[ProposedChange]) -> None:
        for proposal in proposals:
            self.step(f"proving: {proposal.title}")
            self._try(proposal)

    def _try(self, proposal: ProposedChange) -> None:
        """Make the proposal, or those of its parts that can be proved."""
        objections = self._objections(proposal)
        if objections and len(proposal.parts) > 1 and not proposal.is_whole:
            good: list[ProposedPart] = []
            for part in proposal.parts:
                why = self._objections(msgspec.structs.replace(proposal, parts=(*good, part)), for_good=False)
                if why:
                    self.rejected.append(_Rejected(msgspec.structs.replace(proposal, parts=(part,)), why))
                else:
                    good.append(part)
            if good:
                self._objections(msgspec.structs.replace(proposal, parts=tuple(good)))
        elif objections:
            self.rejected.append(_Rejected(proposal, objections))

    def is_proved_together(self) -> bool:
        """Whether all that is made, together, takes nothing that was used and gives nobody anything."""
        if not self.certified:
            return True
        self.step("proving all changes together")
        roles = [role for each in self.certified for role in each.proposal.makes]
        before, after = self._edits.start.ir, self._edits.project(len(self._edits.made)).ir
        assert before is not None
        return after is not None and not Certification(self.replay, before, after, self.now, roles).objections

    def _objections(self, proposal: ProposedChange, *, for_good: bool = True) -> tuple[str, ...]:
        """Why the proposal must not be made. If nothing does, and it is meant ``for_good``, it is made."""
        try:
            replay, before, after = self._trial(proposal)
        except ValueError as error:
            return (str(error),)
        verdict = Certification(replay, before, after, self.now, proposal.makes)
        objections = (
            *verdict.objections,
            *why_not_smallest(self.analysis, self.replay, proposal, after),
            *why_not_used(self.analysis, proposal, after),
        )
        changes_nothing = proposal.narrowed and not verdict.is_felt
        if for_good and not objections and not changes_nothing:
            self.certified.append(Certified(proposal, verdict.lost, self._edits, len(self._edits.made)))
            self._edits.made += proposal.edits
        return objections

    def _trial(self, proposal: ProposedChange) -> tuple[Replay, ir.PolicySet, ir.PolicySet]:
        """What was done and the policy set, or a part of it, before the proposal and after it. Raises ValueError, with
        the objection, where it cannot be made.
        """
        removals = [each for each in proposal.edits if isinstance(each, Removal)]
        excerpt = self.excerpts.touched(proposal.edits)
        if self._in_parts and len(removals) == len(proposal.edits):
            self.written.edits(removals)
            replay = self.excerpts.replay(excerpt)
            before = without(replay.part, self.removals)
            return replay, before, without(before, removals)
        before_it = self._edits.project(len(self._edits.made))
        after_it = self._edits.edited([*self._edits.made, *proposal.edits])
        if before_it.ir is None or after_it.ir is None:
            raise ValueError(f"the policy set would not compile: {_first_error(after_it)}")
        if self._in_parts:
            return self.excerpts.replay(excerpt), excerpt.of(before_it.ir), excerpt.of(after_it.ir)
        return self.replay, before_it.ir, after_it.ir


def _first_error(project: Project) -> str:
    return next((each.message for each in project.diagnostics if each.severity == "error"), "it cannot be read")
