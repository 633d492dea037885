"""Grants without a policy, narrowed to the records that were asked about, where the log says what these were."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from policylang.check.privileges import on
from policylang.check.used import UsageAnalysis
from policylang.ir import nodes as ir
from policylang.model.words import condition_in_words
from policylang.runtime.grants import instances, limiting
from policylang.runtime.index import Index
from policylang.runtime.sources import Bundle
from policylang.runtime.truth import Situation
from policylang.text.names import free_name
from policylang.usage.family import FamilyMember, smaller, smallest
from policylang.usage.proposals import Keep, Narrowed, ProposedChange, ProposedPart, risk, whose
from policylang.usage.replay import Replay
from policylang.usage.written import AttachedPolicy, Written

AT_LEAST = 20
"""Fewer requests do not show a habit."""


def narrowings(
    analysis: UsageAnalysis, replay: Replay, written: Written, keep: Keep, gone: Collection[str] = ()
) -> list[ProposedChange]:
    """For each role and group: the smallest policies of the family under which everything that its holders did is still
    allowed, on every action of it that no policy limits yet. The least risk comes first. ``gone``: places of statements
    that are taken out.
    """
    policies = _Policies(analysis.index.policy_set)
    found = []
    for source, bundle in analysis.world.bundles:
        kind, name = whose(bundle, source.kind)
        if kind == "user" or analysis.is_excepted(bundle, analysis.days_of(bundle)):
            continue
        for resource in dict.fromkeys(grant.resource for grant in bundle.grants):
            some = tuple(
                each
                for each in _narrowed(analysis, replay, bundle, resource)
                if not keep.holds_grant(kind, name, (resource, each.action))
            )
            grants = [grant for grant in bundle.grants if grant.resource == resource]
            places = [grant.at for grant in grants if grant.at not in gone and written.can_be_limited(grant.at)]
            if not some or not places:
                continue
            said, parts = {action for grant in grants for action in grant.actions}, []
            for member, actions in _together(some).items():
                what = f"{on(actions, resource)} of {kind} `{name}`: only where {member.text(analysis.index)}"
                edit = policies.limiting(analysis, places[-1], member, [] if set(actions) == said else actions)
                days = (analysis.last_day(analysis.used.get((bundle.at, (resource, action)))) for action in actions)
                last = max((day for day in days if day is not None), default=None)
                parts.append(ProposedPart(what, edit, analysis.holders(bundle), last))
            found.append(ProposedChange(kind, name, tuple(parts), "narrowed", some))
    return sorted(found, key=risk)


def why_not_smallest(
    analysis: UsageAnalysis, replay: Replay, proposal: ProposedChange, after: ir.PolicySet
) -> Iterator[str]:
    """What of the family lets through less, and everything that was done as well. There must be nothing. What the
    proposal says of itself is held against the policy set ``after`` it.
    """
    index = Index(after)
    bundles = {bundle.at: bundle for _, bundle in analysis.world.bundles}
    for each in proposal.narrowed:
        bundle = (index.groups if proposal.kind == "group" else index.roles)[proposal.name]
        limits = instances(index, limiting(index, bundle.limits, each.resource, each.action))
        texts = {condition_in_words(limit.condition, index.attributes[each.resource]) for limit in limits}
        if texts != {member.text(index) for member in each.members}:
            yield f"{each.action} on `{each.resource}` is not narrowed as the proposal says"
        requests = _requests(analysis, replay, bundles[each.bundle], each.resource, each.action)
        if requests is None:
            yield f"the log does not say of which `{each.resource}` {each.action} was asked"
            continue
        for less in smaller(index, each.resource, each.members, requests):
            yield f"{each.action} on `{each.resource}` could be narrower: {less.text(index)}"


def _narrowed(analysis: UsageAnalysis, replay: Replay, bundle: Bundle, resource: str) -> Iterator[Narrowed]:
    for action in dict.fromkeys(a for grant in bundle.grants if grant.resource == resource for a in grant.actions):
        is_free = analysis.index.actions[resource][action].bypasses_policies
        if is_free or limiting(analysis.index, bundle.limits, resource, action):
            continue
        requests = _requests(analysis, replay, bundle, resource, action)
        if requests is not None and len(requests) >= AT_LEAST:
            members = smallest(analysis.index, resource, requests)
            if members:
                yield Narrowed(bundle.at, resource, action, members)


def _requests(
    analysis: UsageAnalysis, replay: Replay, bundle: Bundle, resource: str, action: str
) -> list[tuple[Situation, ...]] | None:
    """What the holders of a role or group asked; ``None`` where the log does not say it each time."""
    found: list[tuple[Situation, ...]] = []
    for user in analysis.holders(bundle):
        if any(
            (use.resource, use.action) == (resource, action) for use in analysis.usage.unclear_by_user.get(user, ())
        ):
            return None
        for use in analysis.usage.by_user.get(user, ()):
            if (use.resource, use.action) == (resource, action):
                known = replay.allowed_before(use)
                if known is None:
                    return None
                found += [each.moments(analysis.index) for each in known]
    return found


def _together(narrowed: Iterable[Narrowed]) -> dict[FamilyMember, list[str]]:
    """The actions that each member is put on."""
    found: dict[FamilyMember, list[str]] = {}
    for each in narrowed:
        for member in each.members:
            found.setdefault(member, []).append(each.action)
    return found


class _Policies:
    """The policies that there are, and those that are made."""

    def __init__(self, policy_set: ir.PolicySet) -> None:
        self._names = {each.name for each in policy_set.policies}
        self._plain = {
            each.policy: each for each in policy_set.policy_instances if not each.arguments and each.actions is None
        }
        self._resources = {each.name: each.resource for each in policy_set.policies}
        self._made: dict[FamilyMember, str] = {}

    def limiting(
        self, analysis: UsageAnalysis, at: str, member: FamilyMember, actions: Sequence[str]
    ) -> AttachedPolicy:
        """The policy behind a grant; declared where it is not there yet. Without ``actions`` it is for all."""
        name, declare = self._named(analysis, member)
        there = self._resources.get(name, member.resource)
        attach = f"policy {name}{'' if there is not None else f' on {member.resource}'}"
        return AttachedPolicy(at, f"{attach}{' for ' if actions else ''}{', '.join(actions)}", declare)

    def _named(self, analysis: UsageAnalysis, member: FamilyMember) -> tuple[str, str | None]:
        text = member.text(analysis.index)
        for name, each in self._plain.items():
            said = condition_in_words(each.condition, analysis.index.attributes[each.resource])
            if each.resource == member.resource and said == text:
                return name, None
        if member not in self._made:
            self._made[member] = free_name(member.name, self._names)
            self._names.add(self._made[member])
        name = self._made[member]
        return name, f"policy {name} on {member.resource} {{ {text} }}"
