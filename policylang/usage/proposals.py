"""What to take out: what nobody has used in the whole log, as changes of the size of a commit, least risk first."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator
from typing import Literal

import msgspec

from policylang.check.privileges import by_resource
from policylang.check.used import UnusedAssignment, UnusedGrant, UsageAnalysis, place_of
from policylang.diagnostics import listed
from policylang.runtime.index import Index, Permission
from policylang.runtime.sources import Bundle
from policylang.usage.family import FamilyMember
from policylang.usage.written import PolicyEdit, Removal, Written

ProposedKind = Literal["role", "group", "user"]
ChangeCause = Literal["unused", "doubled", "narrowed", "joined"]
"""Why: nobody has used it; everybody who has is granted it elsewhere as well; only some records were asked about; the
same people have several roles.
"""


class KeepRuleError(ValueError):
    """A rule for `--keep` that names nothing."""


class ProposedPart(msgspec.Struct, frozen=True):
    """One thing that changes, in words, whom it concerns, and when it was used last."""

    what: str
    edit: PolicyEdit
    users: tuple[str, ...]
    last: datetime.date | None = None


class Narrowed(msgspec.Struct, frozen=True):
    """Actions of a role or group on a resource, and the policies that are put on them."""

    bundle: str
    """Its place."""
    resource: str
    action: str
    members: tuple[FamilyMember, ...]


class ProposedChange(msgspec.Struct, frozen=True):
    """What changes of one role, group or user. ``kind`` and ``name``: which. ``narrowed``: what policies are put on."""

    kind: ProposedKind
    name: str
    parts: tuple[ProposedPart, ...]
    cause: ChangeCause = "unused"
    narrowed: tuple[Narrowed, ...] = ()
    joins: tuple[str, ...] = ()
    """The roles in whose place the role of this name is given."""

    @property
    def is_whole(self) -> bool:
        """Whether it is made as a whole or not at all."""
        return self.cause in ("narrowed", "joined")

    @property
    def makes(self) -> tuple[str, ...]:
        """The role that is new with it."""
        return (self.name,) if self.cause == "joined" else ()

    @property
    def title(self) -> str:
        if self.cause == "narrowed":
            return f"limit what {self.kind} `{self.name}` grants to what was asked for"
        if self.cause == "joined":
            roles = listed([f"`{each}`" for each in self.joins], "and")
            return f"give {len(self.users):,} users role `{self.name}` with what they use of {roles}"
        if self.cause == "doubled":
            of = "from" if self.kind == "user" else "out of"
            return f"take {of} {self.kind} `{self.name}` what is granted elsewhere as well"
        if self.kind == "user":
            return f"take from user `{self.name}` what they do not use"
        return f"take out of {self.kind} `{self.name}` what nobody uses"

    @property
    def users(self) -> tuple[str, ...]:
        return tuple(sorted({user for part in self.parts for user in part.users}))

    @property
    def edits(self) -> tuple[PolicyEdit, ...]:
        return tuple(part.edit for part in self.parts)


class NotTaken(msgspec.Struct, frozen=True):
    """Something that is not taken out, and why not."""

    what: str
    why: str
    at: str


Propose = Callable[[UsageAnalysis, Written, "Keep"], tuple[list[ProposedChange], list[NotTaken]]]


class Keep(msgspec.Struct, frozen=True):
    """What is not to be touched."""

    names: frozenset[tuple[str, str]] = frozenset()
    """Roles, groups, users and resources, each with its kind."""
    actions: frozenset[Permission] = frozenset()

    def holds_grant(self, kind: str, name: str, wanted: Permission) -> bool:
        return (kind, name) in self.names or ("resource", wanted[0]) in self.names or wanted in self.actions

    def holds_given(self, user: str, kind: str, name: str) -> bool:
        return ("user", user) in self.names or (kind, name) in self.names


NOTHING = Keep()


def read_keep(rules: Iterable[str], index: Index) -> Keep:
    """The rules of `--keep`: `role NAME`, `group NAME`, `user ID`, `resource NAME`, `ACTION on RESOURCE`.

    Raises `KeepRuleError`.
    """
    names: set[tuple[str, str]] = set()
    actions: set[Permission] = set()
    known = {"role": index.roles, "group": index.groups, "user": index.users, "resource": index.resources}
    for rule in rules:
        action, is_action, resource = (each.strip() for each in rule.partition(" on "))
        kind, _, name = (each.strip() for each in rule.strip().partition(" "))
        if is_action and action in index.actions.get(resource, {}):
            actions.add((resource, action))
        elif name and name in known.get(kind, {}):
            names.add((kind, name))
        else:
            raise KeepRuleError(rule)
    return Keep(frozenset(names), frozenset(actions))


def propose(analysis: UsageAnalysis, written: Written, keep: Keep) -> tuple[list[ProposedChange], list[NotTaken]]:
    """Everything that was not used once in the whole log, and is neither excepted nor kept; and what is left alone."""
    found: dict[tuple[ProposedKind, str], list[ProposedPart]] = {}
    left: list[NotTaken] = []
    for grant in analysis.unused_grants():
        kind, name = whose(grant.bundle, grant.kind)
        for part, reason in _of_grant(analysis, grant, keep):
            _sort(found.setdefault((kind, name), []), left, part, reason, written)
    for each in analysis.unused_assignments():
        part, reason = _of_assignment(analysis, each, keep)
        _sort(found.setdefault(("user", each.user), []), left, part, reason, written)
    made = [ProposedChange(*whose, tuple(parts)) for whose, parts in found.items() if parts]
    return sorted(made, key=risk), left


def risk(proposal: ProposedChange) -> tuple[int, int, str, str]:
    """The fewer people lose something, and the fewer things, the less can go wrong."""
    return len(proposal.users), len(proposal.parts), proposal.kind, proposal.name


def _sort(
    parts: list[ProposedPart], left: list[NotTaken], part: ProposedPart, reason: str | None, written: Written
) -> None:
    assert isinstance(part.edit, Removal)
    why = reason or written.obstacle(part.edit)
    if why is None:
        parts.append(part)
    else:
        left.append(NotTaken(part.what, why, part.edit.at))


def whose(bundle: Bundle, kind: str) -> tuple[ProposedKind, str]:
    """The role or group, or the user in whose block it stands."""
    owner = getattr(bundle, "owner", None)
    if owner is not None:
        return "user", owner
    return ("group" if kind == "group" else "role"), bundle.name


def _of_grant(analysis: UsageAnalysis, unused: UnusedGrant, keep: Keep) -> Iterator[tuple[ProposedPart, str | None]]:
    """Statement by statement: what was never used, and what was used before the time that counts."""
    kind, name = whose(unused.bundle, unused.kind)
    touched = {grant.at for grant in unused.grants}
    for at, said in by_statement(unused.bundle).items():
        by_reason: dict[str | None, list[Permission]] = {}
        for wanted in said if at in touched else ():
            if wanted in unused.actions:
                record = analysis.used.get((unused.bundle.at, wanted))
                reason = _before(analysis, None if record is None else record.last)
                by_reason.setdefault("kept" if keep.holds_grant(kind, name, wanted) else reason, []).append(wanted)
        for why, actions in by_reason.items():
            what = f"{'; '.join(by_resource(actions))} of {kind} `{name}`"
            removal = Removal(at, "grant", tuple(actions), said)
            yield ProposedPart(what, removal, unused.holders), why


def by_statement(bundle: Bundle) -> dict[str, tuple[Permission, ...]]:
    """What each statement of a role or group grants, by its place."""
    found: dict[str, dict[Permission, None]] = {}
    for grant in bundle.grants:
        found.setdefault(grant.at, {}).update({(grant.resource, action): None for action in grant.actions})
    return {at: tuple(said) for at, said in found.items()}


def _of_assignment(analysis: UsageAnalysis, unused: UnusedAssignment, keep: Keep) -> tuple[ProposedPart, str | None]:
    source = unused.holding.source
    what = f"{source.in_words}{place_of(analysis.index, unused.holding)} of `{unused.user}`"
    kind: Literal["assignment", "membership"] = "membership" if unused.holding.by == "group" else "assignment"
    kept = keep.holds_given(unused.user, source.kind, source.name)
    reason = "kept" if kept else _before(analysis, unused.last)
    return ProposedPart(what, Removal(unused.holding.at[0], kind), (unused.user,)), reason


def _before(analysis: UsageAnalysis, last: datetime.datetime | None) -> str | None:
    """Why something that was used, if long ago, stays: the log has a request that needs it."""
    return None if last is None else f"last used on {analysis.day(last)}, which is in the log"
