"""What differs beside the actions on records: who can be chosen, what is denied anyway, what is held to be true."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from itertools import compress

import msgspec

from policylang.analysis.decision import denied
from policylang.analysis.formula import AllOf, AnyOf, NotOf
from policylang.analysis.satisfiability import UNSAT
from policylang.check.privileges import roles_asked
from policylang.diff.comparing import Comparer
from policylang.diff.gaps import Gap
from policylang.diff.report import Change, Statement, Topic, identity
from policylang.diff.subjects import ALWAYS, of_user
from policylang.diff.translate import Lifter
from policylang.diff.versions import Side
from policylang.diff.wording import Lines, apart, deny_line
from policylang.ir import nodes as ir
from policylang.model.types import UserType
from policylang.model.words import condition_in_words
from policylang.runtime.sources import RightsSource
from policylang.syntax.quoting import quote_text


def statements(c: Comparer, told: ToldLines) -> Iterator[Statement]:
    """All of them, by topic. Denies that are told already are left out."""
    yield from _eligibility(c)
    yield from _superusers(c)
    yield from _may_assign(c)
    yield from _denies(c, told)
    yield from _said(c, "protected", _protected, narrows=True)
    yield from _said(c, "invariant", _invariants, narrows=True)
    yield from _said(c, "separation", _separations, narrows=True)
    yield from _said(c, "integration", _integrations, narrows=False)


def made(
    topic: Topic, subject: str, removed: Lines, added: Lines, widens: bool, users: Lines = (), beside: Lines = ()
) -> Statement:
    """A statement with its identity, to which what makes it count adds nothing."""
    return Statement(
        id=identity(topic, subject, removed, added, users),
        topic=topic,
        subject=subject,
        removed=removed,
        added=added,
        widens=widens,
        users=users,
        beside=beside,
    )


# --- who can be chosen ---------------------------------------------------------------------------------------


def _eligibility(c: Comparer) -> Iterator[Statement]:
    old, new = roles_asked(c.old.index), roles_asked(c.new.index)
    attributes = [name for name in sorted(old.keys() | new.keys()) if _is_on(c.old, name) and _is_on(c.new, name)]
    wanted = {name: (old.get(name), new.get(name)) for name in attributes}
    users: dict[tuple[str | None, str | None], tuple[list[str], list[str]]] = {}
    for users_ in c.alike:
        for roles in set(wanted.values()):
            gained, lost = users.setdefault(roles, ([], []))
            had, has = _held(c, users_[0], roles)
            if any(after and not before for before, after in zip(had, has, strict=True)):
                gained += users_
            if any(before and not after for before, after in zip(had, has, strict=True)):
                lost += users_
    for (resource, attribute), roles in wanted.items():
        subject = f"`{resource}.{attribute}`"
        gained, lost = users.get(roles, ([], []))
        declared = tuple(map(_eligible_in_words, roles)) if None in roles and roles[0] != roles[1] else ()
        removed, added = _bundles_eligible(c, roles)
        if gained or added or (declared and roles[1] is None):
            yield made("eligibility", subject, declared[:1], declared[1:] + added, True, tuple(sorted(gained)))
        if lost or removed or (declared and roles[0] is None):
            yield made("eligibility", subject, declared[:1] + removed, declared[1:], False, tuple(sorted(lost)))


def _eligible_in_words(role: str | None) -> str:
    return "any user" if role is None else f"only users with role `{role}`"


def _is_on(side: Side, name: tuple[str, str]) -> bool:
    declared = side.index.attributes.get(name[0], {}).get(name[1])
    type_ = None if declared is None else declared.type.item
    return isinstance(type_, UserType)


def _held(c: Comparer, user: str, roles: tuple[str | None, str | None]) -> tuple[list[bool], list[bool]]:
    """Whether users can be chosen before and after, in each of their spans."""
    found: tuple[list[bool], list[bool]] = ([], [])
    for subject in of_user(user, *c.sides):
        for (side, person), role, answers in zip(c.both(subject), roles, found, strict=True):
            answers.append(person.profile is not None and (role is None or role in side.roles_of(person.sources)))
    return found


def _bundles_eligible(c: Comparer, roles: tuple[str | None, str | None]) -> tuple[Lines, Lines]:
    """The roles and groups on both sides that make whoever has them eligible on one side only."""
    lines: tuple[list[str], list[str]] = ([], [])
    for source, _ in c.old.world.bundles:
        if not c.new.has(*source.bundle_name):
            continue
        had, has = (role is None or role in side.inside(source) for side, role in zip(c.sides, roles, strict=True))
        if had != has:
            lines[has].append(f"whoever has {source.in_words}")
    return tuple(lines[0]), tuple(lines[1])


def _superusers(c: Comparer) -> Iterator[Statement]:
    was, has = ({user.id for user in side.policy_set.users if user.superuser} for side in c.sides)
    if has - was:
        yield made("superuser", "superusers", (), ("superuser",), widens=True, users=tuple(sorted(has - was)))
    if was - has:
        yield made("superuser", "superusers", ("superuser",), (), widens=False, users=tuple(sorted(was - has)))


def _may_assign(c: Comparer) -> Iterator[Statement]:
    names = dict.fromkeys(source for side in c.sides for source, _ in side.world.bundles)
    for source in sorted(names, key=lambda source: source.bundle_name):
        subject = source.in_words
        old, new = (_assignable(side, source) for side in c.sides)
        gained, lost = (tuple(f"may assign `{role}`" for role in sorted(roles)) for roles in (new - old, old - new))
        if gained:
            yield made("may_assign", subject, (), gained, widens=True)
        if lost:
            yield made("may_assign", subject, lost, (), widens=False)


def _assignable(side: Side, source: RightsSource) -> frozenset[str]:
    if not side.has(*source.bundle_name):
        return frozenset()
    return frozenset(ref.name for chain in side.world.chains(source) for ref in chain[-1].may_assign)


# --- denies --------------------------------------------------------------------------------------------------


class ToldLines:
    """The lines that changes of access say already: whose they are, which way, of which action on which resource. Of
    everyone it is enough that somebody's do.
    """

    def __init__(self, changes: Iterable[Change]) -> None:
        self._said: set[tuple[RightsSource | None, bool, str, str, str]] = set()
        for change in changes:
            whose = [RightsSource(each.kind, each.name) for each in (*change.subjects, *change.around)]  # type: ignore[arg-type]
            for each in change.permissions:
                lines = {*change.removed, *change.added, *each.removed, *each.added}
                self._said |= {
                    (source, change.widens, each.resource, action, line)
                    for source in (None, *whose)
                    for action in each.actions
                    for line in lines
                }

    def of(self, source: RightsSource | None, up: bool, resource: str, action: str, line: str) -> bool:
        return (source, up, resource, action, line) in self._said

    def anywhere(self, up: bool, line: str) -> bool:
        """Whether a change that way says it, of whatever action."""
        return any((each[1], each[4]) == (up, line) for each in self._said)


_About = tuple[str, str, str | None]
"""Resource, action and attribute, if it is about one."""
_Denies = dict[Hashable, ir.Deny]


class _Otherwise(msgspec.Struct, frozen=True):
    """Denies that match other records than before: fewer if ``True`` is among ``ups``, more if ``False`` is."""

    resource: str
    action: str
    before: _Denies
    after: _Denies
    ups: set[bool]


def _denies(c: Comparer, told: ToldLines) -> Iterator[Statement]:
    sources: list[RightsSource | None] = [None]
    sources += [source for source, _ in c.old.world.bundles if c.new.has(*source.bundle_name)]
    for source in sources:
        found = list(_otherwise(c, source))
        same = [_lines(c.old, each.before) == _lines(c.new, each.after) for each in found]
        yield from _said_otherwise(c, told, source, compress(found, [not each for each in same]))
        yield from _read_otherwise(c, told, source, compress(found, same))


def _lines(side: Side, denies: _Denies) -> frozenset[str]:
    return frozenset(deny_line(side, deny) for deny in denies.values())


def _said_otherwise(
    c: Comparer, told: ToldLines, source: RightsSource | None, found: Iterable[_Otherwise]
) -> Iterator[Statement]:
    removed: dict[str, None] = {}
    added: dict[str, None] = {}
    for each in found:
        for up, side, one, other, into in (
            (True, c.old, each.before, each.after, removed),
            (False, c.new, each.after, each.before, added),
        ):
            for key, deny in one.items():
                line = deny_line(side, deny)
                if key not in other and not told.of(source, up, each.resource, each.action, line):
                    into[f"{each.action} on `{each.resource}`: {line}"] = None
    if removed or added:
        yield made("deny", _whose(source), tuple(removed), tuple(added), widens=bool(removed))


def _read_otherwise(
    c: Comparer, told: ToldLines, source: RightsSource | None, found: Iterable[_Otherwise]
) -> Iterator[Statement]:
    """Denies in the same words, with what is declared otherwise of what they look at."""
    removed: dict[str, None] = {}
    added: dict[str, None] = {}
    widens = False
    for each in found:
        conditions = tuple(
            [d.condition for d in denies.values() if d.condition] for denies in (each.before, each.after)
        )
        gone, new = c.surroundings.of_conditions(each.resource, (conditions[0], conditions[1]))
        if not all(told.of(source, up, each.resource, each.action, line) for up in each.ups for line in (*gone, *new)):
            said = f"{each.action} on `{each.resource}`: {'; '.join(sorted(_lines(c.new, each.after)))}"
            removed |= dict.fromkeys(f"{said}; {line}" for line in gone)
            added |= dict.fromkeys(f"{said}; {line}" for line in new)
            widens = widens or True in each.ups
    if removed or added:
        yield made("deny", _whose(source), tuple(removed), tuple(added), widens)


def _whose(source: RightsSource | None) -> str:
    return "everyone" if source is None else source.in_words


def _otherwise(c: Comparer, source: RightsSource | None) -> Iterator[_Otherwise]:
    old, new = _denied(c.old, source), _denied(c.new, source)
    for about in sorted(old.keys() | new.keys(), key=lambda about: (about[0], about[1], about[2] or "")):
        before, after = old.get(about, {}), new.get(about, {})
        if before.keys() != after.keys() or about[0] in c.surroundings.touched:
            ups = _ups(c, about[0], before.values(), after.values())
            if ups:
                yield _Otherwise(about[0], about[1], before, after, ups)


def _denied(side: Side, source: RightsSource | None) -> dict[_About, _Denies]:
    found: dict[_About, _Denies] = {}
    said = side.index.denies if source is None else [d for each in side.world.chains(source) for d in each[-1].denies]
    for deny in said:
        for action in deny.actions:
            for field in deny.fields or (None,):
                found.setdefault((deny.resource, action, field), {})[deny.condition] = deny
    return found


def _ups(c: Comparer, resource: str, before: Iterable[ir.Deny], after: Iterable[ir.Deny]) -> set[bool]:
    """Whether fewer records may match after (``True``), and whether more may: neither only where that is proved."""
    if resource not in c.old.index.resources or resource not in c.new.index.resources:
        return {True, False}
    found = set()
    for up, asking, mine, other in ((True, c.up, after, before), (False, c.down, before, after)):
        here, there = (
            NotOf(AnyOf(tuple(denied(side.index, deny) for deny in denies)))
            for side, denies in ((asking.ours, mine), (asking.theirs, other))
        )
        low = Lifter(asking.reader, resource, None, over=False).lift(there)
        gap = Gap(AllOf((here, NotOf(low))), asking.index)
        if asking.find(gap, resource, None, ALWAYS, incomplete=True) is not UNSAT:
            found.add(up)
    return found


# --- what is held to be true ---------------------------------------------------------------------------------


def _said(c: Comparer, topic: Topic, say: Callable[[Side], dict[str, Lines]], *, narrows: bool) -> Iterator[Statement]:
    """What is said of some subjects. ``narrows``: what is said forbids; else it allows."""
    old, new = say(c.old), say(c.new)
    for subject in sorted(old.keys() | new.keys()):
        removed, added = apart(old.get(subject, ()), new.get(subject, ()))
        if removed or added:
            yield made(topic, subject, removed, added, widens=bool(removed if narrows else added))


def _protected(side: Side) -> dict[str, Lines]:
    return {f"role `{role.name}`": ("protected",) if role.protected else () for role in side.policy_set.roles}


def _invariants(side: Side) -> dict[str, Lines]:
    return {quote_text(each.label): (_invariant(side, each),) for each in side.policy_set.invariants}


def _invariant(side: Side, invariant: ir.Invariant) -> str:
    selectors = [f"with role `{s.name}`" if s.kind == "role" else f"in `{s.name}`" for s in invariant.users]
    users = " ".join([{"only": "users"}.get(invariant.quantifier, "user"), " or ".join(selectors)]).rstrip()
    field = "" if invariant.field is None else f".{invariant.field}"
    names = side.index.attributes[invariant.resource]
    where = "" if invariant.where is None else f" where {condition_in_words(invariant.where, names)}"
    return f"{invariant.quantifier} {users} can {', '.join(invariant.actions)} {invariant.resource}{field}{where}"


def _separations(side: Side) -> dict[str, Lines]:
    found: dict[str, Lines] = {}
    for each in side.policy_set.separations:
        words = sorted(f"{one.action} on `{one.resource}`" for one in each.permissions)
        of = " from ".join(words) if len(words) == 2 else f"at most {each.most} of {', '.join(words)}"
        found[of] = ("separate" if each.severity is None else f"separate, severity {each.severity}",)
    return found


def _integrations(side: Side) -> dict[str, Lines]:
    found = {}
    for each in side.policy_set.integrations:
        objects = [f"object `{ref.name}`" for ref in each.objects]
        mirror = [] if each.mirror is None else [f"mirrors role `{each.mirror.name}`"]
        found[f"integration `{each.name}`"] = (*sorted(objects), *mirror)
    return found
