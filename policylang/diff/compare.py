"""From two policy sets to a report of what differs."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import cached_property

import msgspec

from policylang.diff.comparing import AccessDifference, Comparer, DifferenceKind, is_about
from policylang.diff.declared import declared
from policylang.diff.latent import Latent
from policylang.diff.report import Change, ComparedRequest, Days, KindAndName, Named, Permissions, Report, identity
from policylang.diff.statements import ToldLines, statements
from policylang.diff.subjects import Subject, of_user, somebody
from policylang.diff.versions import Side
from policylang.diff.wording import Lines, apart, membership, only_a_part
from policylang.ir import nodes as ir
from policylang.runtime.periods import Period
from policylang.runtime.sources import RightsSource

_Step = Callable[[str], None]
_RANKS: dict[DifferenceKind, int] = {"gained": 0, "widened": 1, "narrowed": 2, "lost": 3}
_CANDIDATES = 12
"""Roles, groups and jobs that are gone and are tried as what a new one may have been before."""


def compare(old: ir.PolicySet, new: ir.PolicySet, now: datetime.datetime, step: _Step = lambda _what: None) -> Report:
    """What differs for anybody from ``now``, an aware instant, on."""
    step("comparing")
    return _Comparing(Comparer(old, new, now), step).report()


class _Entry(msgspec.Struct):
    """A difference with whom it concerns."""

    difference: AccessDifference
    named: tuple[Named, ...]
    removed: tuple[str, ...]
    added: tuple[str, ...]
    days: tuple[Days, ...] = ()
    around: list[Named] = msgspec.field(default_factory=list)
    users: list[str] = msgspec.field(default_factory=list)


class _Comparing:
    def __init__(self, comparison: Comparer, step: _Step) -> None:
        self.c, self.step = comparison, step
        self.old, self.new = comparison.old, comparison.new
        self.entries: list[_Entry] = []
        self.notes: list[str] = []
        self._taken: dict[bool, set[KindAndName]] = {False: set(), True: set()}
        """What stands for something new (``True``) or gone already."""
        self._stands: set[KindAndName] = set()
        """What is on one side only and is not told as new or gone."""
        self.of_bundle: dict[tuple[KindAndName, bool, str, str], list[_Entry]] = {}
        """The entries about roles and groups, by these and by those around them."""

    def report(self) -> Report:
        self.step("comparing roles and groups")
        for kind, name in self._names():
            self._bundle(kind, name)
        self.step("comparing users")
        for users in self.c.alike:
            self._user("user", users)
        for name in sorted({*self.old.index.integrations, *self.new.index.integrations}):
            self._user("integration", (name,))
        changes = tuple(sorted(self._changes(), key=_order))
        told = ToldLines(changes)
        said = [*statements(self.c, told), *declared(self.c, told)]
        self.step("comparing what more may be given")
        latent = Latent(self.c, changes, {*self._stands, *self._renamed})
        said += [*latent.of_bundles(), *latent.of_users()]
        self.notes += latent.notes
        return Report(changes=changes, statements=tuple(said), notes=tuple(dict.fromkeys(self.notes)))

    # --- roles, groups, jobs ---------------------------------------------------------------------------------

    def _names(self) -> Iterator[tuple[str, str]]:
        """Roles after those inside them, then groups, then jobs. What stands in a user's block is told of the user."""
        roles = {role.name for side in (self.old, self.new) for role in side.policy_set.shared_roles}
        depth = {name: len(self._inside("role", name)) for name in roles}
        yield from (("role", name) for name in sorted(roles, key=lambda name: (depth[name], name)))
        yield from (("group", name) for name in sorted({*self.old.index.groups, *self.new.index.groups}))
        yield from (("job", code) for code in sorted({*self.old.index.jobs, *self.new.index.jobs}))

    def _inside(self, kind: str, name: str) -> frozenset[str]:
        found: set[str] = set()
        for side in (self.old, self.new):
            if kind == "job":
                found |= {ref.name for ref in side.index.jobs[name].roles} if name in side.index.jobs else set()
            elif name in (side.index.groups if kind == "group" else side.index.roles):
                found |= side.inside(RightsSource("group" if kind == "group" else "role", name))
        return frozenset(found)

    def _bundle(self, kind: str, name: str) -> None:
        subject = somebody(kind, name, self.old, self.new)
        there = tuple(side.has(kind, name) for side in (self.old, self.new))
        found = list(self.c.differences(subject))
        if found and not all(there):
            note = self._was_there(kind, name, subject, is_new=there[1])
            if note is not None:
                self.notes.append(note)
                self._stands.add((kind, name))
                return
        named = Named(kind, name)  # type: ignore[arg-type]
        inner = [("role", role) for role in self._inside(kind, name)]
        for difference in found:
            causes = self._causes(inner, difference)
            if all(there) and self.c.follows(difference, (entry.difference for entry in causes)):
                entry = _cause(difference, causes)
                entry.around.append(named)
            else:
                entry = _Entry(difference, (named,), difference.removed, difference.added)
                self.entries.append(entry)
            self.of_bundle.setdefault(((kind, name), *_topic(difference)), []).append(entry)

    def _was_there(self, kind: str, name: str, subject: Subject, *, is_new: bool) -> str | None:
        """That a role, group or job which is on one side only is, or brings no more than, one that is on the other side
        only; or that it is only a part of others, of which is said what they bring.
        """
        before = self._counterpart(kind, name, subject, is_new=is_new)
        if before is not None:
            (its_kind, its_name), same = before
            if same:
                first, last = ((its_kind, its_name), (kind, name)) if is_new else ((kind, name), (its_kind, its_name))
                return f"{first[0]} `{first[1]}` is now {last[0]} `{last[1]}`"
            if is_new:
                return f"{kind} `{name}` is new and grants no more than {its_kind} `{its_name}` did, which was removed"
            return f"{kind} `{name}` was removed and granted no more than {its_kind} `{its_name}` does, which is new"
        return only_a_part(self.new if is_new else self.old, kind, name, is_new=is_new)

    def _counterpart(self, kind: str, name: str, subject: Subject, *, is_new: bool) -> tuple[KindAndName, bool] | None:
        """What is on the other side only and what this one may have been there, or may be now: nobody has both. Whether
        it is the same under another name; else it brings as much and more. Each stands for one other.
        """
        same = self._renamed.get((kind, name))
        if same is not None:
            return same, True
        other, taken = (self.old if is_new else self.new), self._taken[is_new]
        renamed = {*self._renamed, *self._renamed.values()}
        left = [each for each in self._only(other) if each not in renamed and each not in taken]
        for its_kind, its_name in sorted(left, key=lambda each: (each[0] != kind, each))[:_CANDIDATES]:
            again = somebody(its_kind, its_name, self.old, self.new)
            beside = Subject(again.old, subject.new) if is_new else Subject(subject.old, again.new)
            if not any(difference.up == is_new for difference in self.c.differences(beside)):
                taken.add((its_kind, its_name))
                return (its_kind, its_name), False
        return None

    @cached_property
    def _renamed(self) -> dict[KindAndName, KindAndName]:
        """What has another name on the other side: both ways, one by one."""
        pairs: list[tuple[KindAndName, KindAndName]] = []
        for same_kind in (True, False):
            said: tuple[dict[Hashable, list[KindAndName]], ...] = ({}, {})
            for number, side in enumerate((self.old, self.new)):
                for name in self._only(side):
                    if name not in (pair[number] for pair in pairs):
                        what = name[0] if same_kind else name[0] == "job"
                        said[number].setdefault((what, self._says(side, *name)), []).append(name)
            for key, gone in said[0].items():
                pairs += zip(gone, said[1].get(key, ()), strict=False)
        return dict([*pairs, *((new, old) for old, new in pairs)])

    def _only(self, side: Side) -> list[KindAndName]:
        """The roles, groups and jobs that are on one side only, in order."""
        other = self.new if side is self.old else self.old
        names = [(kind, each) for kind in ("group", "job", "role") for each in getattr(side.index, f"{kind}s")]
        return sorted(each for each in names if not other.has(*each))

    def _says(self, side: Side, kind: str, name: str) -> Hashable:
        if kind == "job":
            return frozenset(side.key(side.index.roles[ref.name]) for ref in side.index.jobs[name].roles)
        return side.key(side.index.bundle(("group" if kind == "group" else "role", name)))

    # --- users -----------------------------------------------------------------------------------------------

    def _user(self, kind: str, users: tuple[str, ...]) -> None:
        first = users[0]
        removed, added = apart(tuple(membership(self.old, first)), tuple(membership(self.new, first)))
        is_new, is_gone = (not side.index.knows(first) for side in (self.old, self.new))
        if is_new or is_gone:
            is_one = f"is {'an integration' if kind == 'integration' else 'a user'}"
            removed, added = ((is_one, *removed), ()) if is_gone else ((), (is_one, *added))
        named = tuple(Named(kind, user) for user in users)  # type: ignore[arg-type]
        made: dict[tuple[object, ...], tuple[AccessDifference, list[Subject]]] = {}
        for subject in of_user(first, self.old, self.new):
            kept = self._kept(subject)
            for difference in self.c.differences(subject):
                causes = self._causes(kept, difference)
                if self.c.follows(difference, (entry.difference for entry in causes)):
                    cause = _cause(difference, causes)
                    cause.users += [user for user in users if user not in cause.users]
                    continue
                key = (*difference.about, difference.kind, difference.removed, difference.added, difference.unproved)
                made.setdefault(key, (difference, []))[1].append(subject)
        spans = len(list(of_user(first, self.old, self.new))) if made else 0
        for difference, subjects in made.values():
            days = () if len(subjects) == spans else tuple(self._days(subjects))
            words = (removed, added) if removed or added else (difference.removed, difference.added)
            self.entries.append(_Entry(difference, named, *words, days, [], list(users)))

    def _kept(self, subject: Subject) -> set[KindAndName]:
        """The roles, the group and the job that somebody has on both sides."""
        old, new = ({source.bundle_name for source in person.sources} for person in (subject.old, subject.new))
        names: set[KindAndName] = {*(old & new)}
        jobs = [
            declared.job.name
            for side in (self.old, self.new)
            if (declared := side.index.users.get(subject.user or "")) is not None and declared.job is not None
        ]
        if len(jobs) == 2 and jobs[0] == jobs[1]:
            names.add(("job", jobs[0]))
        return names

    def _causes(self, bundles: Iterable[KindAndName], difference: AccessDifference) -> list[_Entry]:
        """The entries about some roles, groups and jobs that speak of the same action."""
        topic = _topic(difference)
        found = [entry for name in sorted(bundles) for entry in self.of_bundle.get((name, *topic), ())]
        return list({id(entry): entry for entry in found}.values())

    def _days(self, subjects: Iterable[Subject]) -> Iterator[Days]:
        """The days of spans, of those that follow each other as one."""
        found: list[Period] = []
        for subject in subjects:
            period = subject.span.days(self.new.index.timezone)
            if (
                found
                and found[-1].last is not None
                and period.first is not None
                and period.first - found[-1].last <= datetime.timedelta(days=1)
            ):
                found[-1] = Period(found[-1].first, period.last)
            else:
                found.append(period)
        yield from (Days(period.first, period.last) for period in found)

    # --- put together ----------------------------------------------------------------------------------------

    def _changes(self) -> Iterator[Change]:
        by_whom: dict[tuple[object, ...], list[_Entry]] = {}
        for entry in self.entries:
            d = entry.difference
            about = (d.kind, entry.removed, entry.added, entry.days, d.unproved, d.incomplete)
            by_whom.setdefault((entry.named, *about, tuple(entry.around)), []).append(entry)
        alike: dict[tuple[object, ...], list[list[_Entry]]] = {}
        for key, entries in by_whom.items():
            of_users = entries[0].named[0].kind in ("user", "integration")
            alike.setdefault((of_users, *key[1:-1], self._permissions(entries)), []).append(entries)
        for (_, *_about, permissions), groups in alike.items():
            yield self._change(permissions, groups)  # type: ignore[arg-type]

    def _change(self, permissions: tuple[Permissions, ...], groups: list[list[_Entry]]) -> Change:
        first = groups[0][0]
        d = first.difference
        named = tuple(dict.fromkeys(name for entries in groups for name in entries[0].named))
        around = tuple(dict.fromkeys(name for entries in groups for e in entries for name in e.around))
        users = sorted({user for entries in groups for entry in entries for user in entry.users})
        shown, evidence = next(
            ((e.difference, found) for e in groups[0] if (found := self.c.evidence(e.difference))), (d, None)
        )
        before = after = None
        lacking: tuple[str, ...] = ()
        if evidence is not None:
            lacking = self.c.lacking(shown, evidence) if d.incomplete else ()
            after, before = map(ComparedRequest.of, evidence)
            before, after = (before, after) if d.up else (after, before)
        said = (
            d.kind,
            [(n.kind, n.name) for n in named],
            permissions,
            first.removed,
            first.added,
            [(str(x.first), str(x.last)) for x in first.days],
            *(["incomplete"] if d.incomplete else []),
        )
        return Change(
            id=identity("access", *said),
            kind=d.kind,
            subjects=named,
            around=tuple(name for name in around if name not in named),
            permissions=permissions,
            removed=first.removed,
            added=first.added,
            days=first.days,
            users=tuple(users),
            unproved=d.unproved or evidence is None,
            incomplete=d.incomplete,
            lacking=lacking,
            before=before,
            after=after,
        )

    def _permissions(self, entries: Iterable[_Entry]) -> tuple[Permissions, ...]:
        found: dict[tuple[str, Lines | None, Lines, Lines], set[str]] = {}
        for entry in entries:
            d = entry.difference
            words: tuple[Lines, Lines] = (d.removed, d.added)
            if words == (entry.removed, entry.added):
                words = (), ()
            found.setdefault((d.resource, d.fields, *words), set()).add(d.action)
        made = [
            Permissions(resource, tuple(sorted(actions)), fields, removed, added)
            for (resource, fields, removed, added), actions in found.items()
        ]
        return tuple(sorted(made, key=lambda p: (p.resource, p.fields is not None, p.actions, p.fields or ())))


def _topic(difference: AccessDifference) -> tuple[bool, str, str]:
    return difference.up, difference.resource, difference.action


def _cause(difference: AccessDifference, entries: Iterable[_Entry]) -> _Entry:
    """The first of the entries that are about the same."""
    for entry in entries:
        if is_about(entry.difference, difference):
            return entry
    raise AssertionError(difference)


def _order(change: Change) -> tuple[object, ...]:
    kind = change.subjects[0].kind
    return (
        change.incomplete,
        _RANKS[change.kind],
        kind in ("user", "integration"),
        -len(change.users),
        [(named.kind, named.name) for named in change.subjects],
        change.id,
    )
