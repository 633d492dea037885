"""What was used and is granted once more to everybody who used it: the log would not miss it either."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from policylang.check.privileges import on
from policylang.check.used import UsageAnalysis, place_of
from policylang.ir import nodes as ir
from policylang.runtime.grants import Holding, holdings
from policylang.runtime.index import Permission
from policylang.runtime.sources import Bundle, RightsSource, inside
from policylang.usage.excerpts import Excerpts
from policylang.usage.proposals import Keep, ProposedChange, ProposedKind, ProposedPart, by_statement, whose
from policylang.usage.written import Removal, Written


def doubled(
    analysis: UsageAnalysis, excerpts: Excerpts, taken: Iterable[Removal], written: Written, keep: Keep
) -> list[ProposedChange]:
    """What can be taken out besides what is ``taken``, one after the other, so that all that was done is still allowed.
    What is tried is everything that anybody used, but for exceptions and what is kept.
    """
    gone = list(taken)
    found: dict[tuple[ProposedKind, str], list[ProposedPart]] = {}
    for owner, part in _Doubles(analysis, keep).parts():
        assert isinstance(part.edit, Removal)
        if written.obstacle(part.edit) is None:
            replay = excerpts.replay(excerpts.touched([part.edit]))
            without_it = without(replay.part, [*gone, part.edit])
            if next(replay.lost(without_it), None) is None:
                gone.append(part.edit)
                found.setdefault(owner, []).append(part)
    return [ProposedChange(*owner, tuple(parts), "doubled") for owner, parts in found.items()]


def without(policy_set: ir.PolicySet, removals: Iterable[Removal]) -> ir.PolicySet:
    """The policy set after removals, without its sources."""
    actions: dict[str, set[Permission]] = {}
    for each in removals:
        actions.setdefault(each.at, set()).update(each.actions)
    replace = msgspec.structs.replace

    def left(grants: tuple[ir.Grant, ...]) -> tuple[ir.Grant, ...]:
        found = []
        for grant in grants:
            gone = actions.get(grant.at, set())
            kept = tuple(action for action in grant.actions if (grant.resource, action) not in gone)
            found += [replace(grant, actions=kept)] if kept else []
        return tuple(found)

    def user(each: ir.User) -> ir.User:
        group = None if each.group is not None and each.group.at in actions else each.group
        given = tuple(assignment for assignment in each.assignments if assignment.at not in actions)
        return replace(each, group=group, assignments=given)

    return replace(
        policy_set,
        roles=tuple(replace(each, grants=left(each.grants)) for each in policy_set.roles),
        groups=tuple(replace(each, grants=left(each.grants)) for each in policy_set.groups),
        users=tuple(map(user, policy_set.users)),
    )


class _Doubles:
    """Statements and assignments that nobody needs who used them: each has another one that grants the same."""

    def __init__(self, analysis: UsageAnalysis, keep: Keep) -> None:
        self.analysis, self.keep = analysis, keep
        self._ways: dict[tuple[str, Permission], set[tuple[RightsSource, str]]] = {}
        """For each user and use: the sources that grant it, each with the statement."""
        self._by_statement: dict[tuple[str, Permission], list[str]] = {}
        self._by_source: dict[tuple[str, RightsSource], list[Permission]] = {}
        for user in analysis.index.requesters:
            self._add(user)

    def _add(self, user: str) -> None:
        index = self.analysis.world.whole
        used = dict.fromkeys((use.resource, use.action) for use in self.analysis.with_required(user))
        for holding in holdings(index, user, None) if used else ():
            source = holding.source
            for bundle in inside(index, source) if not holding.lost else ():
                said = index.said(bundle).grants
                for wanted in used:
                    for grant in said.get(wanted, ()):
                        self._ways.setdefault((user, wanted), set()).add((source, grant.at))
                        self._by_statement.setdefault((grant.at, wanted), []).append(user)
                        self._by_source.setdefault((user, source), []).append(wanted)

    def parts(self) -> Iterator[tuple[tuple[ProposedKind, str], ProposedPart]]:
        for source, bundle in self.analysis.world.bundles:
            yield from self._of_bundle(source, bundle)
        for user in self.analysis.index.users:
            for holding in holdings(self.analysis.index, user, self.analysis.now):
                yield from self._of_holding(user, holding)

    def _of_bundle(
        self, source: RightsSource, bundle: Bundle
    ) -> Iterator[tuple[tuple[ProposedKind, str], ProposedPart]]:
        owner = whose(bundle, source.kind)
        if self.analysis.is_excepted(bundle, self.analysis.days_of(bundle)):
            return
        for at, said in by_statement(bundle).items():
            for wanted in said:
                users = tuple(dict.fromkeys(self._by_statement.get((at, wanted), ())))
                others = all(any(other != at for _, other in self._ways[user, wanted]) for user in users)
                if users and others and not self.keep.holds_grant(*owner, wanted):
                    removal = Removal(at, "grant", (wanted,), said)
                    what = f"{on([wanted[1]], wanted[0])} of {owner[0]} `{owner[1]}`"
                    last = self.analysis.last_day(self.analysis.used.get((bundle.at, wanted)))
                    yield owner, ProposedPart(what, removal, self.analysis.holders(bundle), last)

    def _of_holding(self, user: str, holding: Holding) -> Iterator[tuple[tuple[ProposedKind, str], ProposedPart]]:
        source = holding.source
        used = self._by_source.get((user, source))
        bundles = list(inside(self.analysis.index, source))
        if not holding.active or holding.by not in ("group", "assignment") or not used:
            return
        if getattr(bundles[0], "owner", None) is not None or self.keep.holds_given(user, source.kind, source.name):
            return
        days = max(map(self.analysis.days_of, bundles))
        if self.analysis.is_young(holding, days) or any(self.analysis.is_excepted(each, days) for each in bundles):
            return
        if all(any(other != source for other, _ in self._ways[user, wanted]) for wanted in used):
            what = f"{source.in_words}{place_of(self.analysis.index, holding)} of `{user}`"
            removal = Removal(holding.at[0], "membership" if holding.by == "group" else "assignment")
            last = self.analysis.last_day(self.analysis.of_holding.get((user, source)))
            yield ("user", user), ProposedPart(what, removal, (user,), last)
