"""The groups, the roles and the people of a policy set, each with what they can do."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import msgspec

from policylang.agenda.agenda import Agenda, AgendaEntry, End, Review, Start
from policylang.ir import nodes as ir
from policylang.ir.nesting import name_of
from policylang.runtime.grants import Holding, Profile, holdings
from policylang.runtime.periods import periods
from policylang.runtime.sources import RightsSource, inside
from policylang.views.document import BundleView, HeldView, Part, PersonView, SpanView, StatementView
from policylang.views.rows import AccessRows


class Chosen:
    """The people, roles and groups that a part of a policy set is about, with those that belong to them: whoever has
    one of the roles, and what the people have.
    """

    def __init__(self, rows: AccessRows, part: Part) -> None:
        index = self.index = rows.index
        self.people: tuple[str, ...] = tuple(
            id_
            for id_ in index.requesters
            if (not part.users or id_ in part.users) and (not part.roles or self._has_one(id_, part.roles))
        )
        shared = [role.name for role in index.policy_set.shared_roles]
        self._everybody = not part.users and not part.roles
        if self._everybody:
            self.roles, self.groups = frozenset(shared), frozenset(index.groups)
            return
        named = {bundle for id_ in self.people for bundle in self._names(id_)} if part.users else set()
        named |= {("role", name) for name in part.roles}
        self.roles = frozenset(name for name in shared if ("role", name) in named)
        self.groups = frozenset(name for name in index.groups if ("group", name) in named)

    def agenda(self, whole: Agenda) -> Agenda:
        """What of the calendar is about them."""
        if self._everybody:
            return whole
        kept = {
            name: tuple(each for each in getattr(whole, name) if self._is_about(each))
            for name in ("overdue", "over", "coming")
        }
        return msgspec.structs.replace(whole, **kept)

    def _is_about(self, entry: AgendaEntry) -> bool:
        match entry:
            case Review(of="role"):
                return entry.name in self.roles
            case Review(of="group"):
                return entry.name in self.groups
            case Review():
                return entry.name in self.people
            case End() | Start():
                return entry.user in self.people
            case _:
                return False

    def _names(self, id_: str) -> Iterator[tuple[str, str]]:
        """The groups and roles that somebody has at some time, with what lies inside them."""
        for each in holdings(self.index, id_, None):
            for bundle in inside(self.index, each.source):
                yield name_of(bundle)

    def _has_one(self, id_: str, roles: Collection[str]) -> bool:
        return any(kind == "role" and name in roles for kind, name in self._names(id_))


def nested(rows: AccessRows, bundle: ir.Group | ir.Role) -> BundleView:
    """A group or role with what somebody could do who has nothing else."""
    role = bundle if isinstance(bundle, ir.Role) else None
    return BundleView(
        bundle.name,
        bundle.label,
        rows.row(Profile((RightsSource(*name_of(bundle)),))),
        rows.places.number(bundle.at),
        tuple(ref.name for ref in bundle.roles),
        tuple(ref.name for ref in bundle.may_assign),
        None if role is None else role.portal,
        role is not None and role.protected,
        role is not None and role.essential,
        tuple(statements(rows, bundle.grants, bundle.denies)),
    )


def statements(rows: AccessRows, grants: Iterable[ir.Grant], denies: Iterable[ir.Deny]) -> Iterator[StatementView]:
    """Grants and denies of the resources that are shown."""
    for grant in grants:
        if grant.resource in rows.resources:
            yield StatementView("grant", grant.resource, grant.actions, rows.places.number(grant.at))
    for deny in denies:
        if deny.resource in rows.resources:
            partly = deny.condition is not None or deny.fields is not None
            yield StatementView("deny", deny.resource, deny.actions, rows.places.number(deny.at), partly)


def person(rows: AccessRows, id_: str) -> PersonView:
    """A user or an integration, with what they can do from each date on that matters to them."""
    index = rows.index
    user = index.users.get(id_)
    declared = user or index.integrations[id_]
    spans = []
    for period, who in periods(index, id_):
        since, until = period.instants(index.timezone)
        spans.append(SpanView(since, until, rows.row(who)))
    held = tuple(_held(rows, each) for each in holdings(index, id_, None))
    number = rows.places.number
    if user is None:
        return PersonView(id_, declared.label, number(declared.at), tuple(spans), held, integration=True)
    own = [f"adds the limit {each.limit.instance}" for each in user.appends]
    own += [f"has the limit {each.limit.instance} instead of those of the group" for each in user.overrides]
    return PersonView(
        id_,
        user.label,
        number(user.at),
        tuple(spans),
        held,
        tuple(own),
        job=None if user.job is None else user.job.name,
        superuser=user.superuser,
        terminated=user.terminated,
    )


def terms(given: ir.Assignment | None) -> tuple[str | None, str | None, str | None, str | None]:
    """From when on and until when somebody has a role, why, and by whose approval."""
    return (None,) * 4 if given is None else (given.begins, given.ends, given.because, given.approved_by)


def _held(rows: AccessRows, each: Holding) -> HeldView:
    return HeldView(
        each.source.kind,
        each.source.name,
        each.by,
        tuple(map(rows.places.number, each.at)),
        each.source.place,
        *terms(each.assignment),
        each.lost,
    )
