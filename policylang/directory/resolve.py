"""People from directory files, joined to a policy set: their names looked up, their values read, all as if each were a
user in policy text.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from policylang.diagnostics import Diagnostic, Related, quoted
from policylang.directory.check import Checker
from policylang.directory.people import Assigned, Person
from policylang.directory.problems import AT_MOST
from policylang.directory.unsafe import unsafe_person
from policylang.ir import nodes as ir
from policylang.ir.codec import with_digest
from policylang.model.context import Build
from policylang.settings.limits import Limits
from policylang.source import Location
from policylang.syntax import expressions
from policylang.syntax.alike import alike, how_alike
from policylang.syntax.unsafe import INVISIBLE


def resolve(
    policy_set: ir.PolicySet, people: Sequence[Person], limits: Limits | None = None
) -> tuple[ir.PolicySet, tuple[Diagnostic, ...]]:
    """The policy set with the people in it, and what is wrong with them, in the order of files and places, as far as
    the first thousand diagnostics.

    With a diagnostic the policy set comes back as it was, without any of them. ``sources`` gets the files of the
    people, `digest` is that of the new content.
    """
    checker = Checker(policy_set, limits or Limits())
    report = checker.build.report
    users = []
    for person in people:
        for diagnostic in unsafe_person(person):
            report.add(diagnostic)
        users.append(_user(checker, person))
    _check_ids(policy_set, people, checker.build)
    checker.report_unknown()
    if report.diagnostics:
        return policy_set, tuple(sorted(report.diagnostics, key=lambda d: d.order)[:AT_MOST])
    if not people:
        return policy_set, ()
    files = {person.source.name for person in people}
    joined = msgspec.structs.replace(
        policy_set,
        users=tuple(sorted((*policy_set.users, *users), key=lambda user: user.id)),
        sources=tuple(sorted({*policy_set.sources, *files})),
    )
    return with_digest(joined), ()


def _user(checker: Checker, person: Person) -> ir.User:
    source = person.source
    group, job = person.group, person.job
    if group is not None:
        checker.name("group", source, group)
    if job is not None:
        checker.name("job", source, job)
    values = []
    for field in person.attributes:
        found = checker.value(person, field)
        if found is not None:
            start = field.value.start_pos if person.table else field.key.start_pos
            values.append(ir.UserValue(field.key.value, found, source.at(start, field.value.end_pos)))
    return ir.User(
        person.id.value,
        person.name.value if person.name else None,
        person.superuser,
        person.terminated,
        _ref(person, group),
        _ref(person, job),
        tuple(sorted(values, key=lambda value: value.name)),
        (),
        (),
        tuple([_assignment(checker, person, each) for each in person.assignments]),
        source.at(person.start_pos, person.end_pos),
    )


def _ref(person: Person, name: expressions.Text | None) -> ir.Ref | None:
    return ir.Ref(name.value, person.source.at(name.start_pos, name.end_pos)) if name is not None else None


def _assignment(checker: Checker, person: Person, given: Assigned) -> ir.Assignment:
    source = person.source
    checker.name("role", source, given.role)
    if given.place is not None:
        checker.name("place", source, given.place)
    checker.dates(source, given)
    return ir.Assignment(
        role=given.role.value,
        place=given.place.value if given.place else None,
        start=given.start.value[:10] if given.start else None,
        start_time=given.start.value[11:16] or None if given.start else None,
        until=given.until.value[:10] if given.until else None,
        until_time=given.until.value[11:16] or None if given.until else None,
        because=given.because.value if given.because else None,
        approved_by=given.approved_by.value if given.approved_by else None,
        at=source.at(given.start_pos, given.end_pos),
    )


def _check_ids(policy_set: ir.PolicySet, people: Sequence[Person], build: Build) -> None:
    """Ids that are taken, by a person or by what else makes requests; that look like another one; that are blank."""
    declared: dict[str, ir.User | ir.Integration] = {i.name: i for i in policy_set.integrations}
    declared |= {user.id: user for user in policy_set.users}
    seen: dict[str, Person] = {}
    for person in people:
        id = person.id
        if not id.value.strip():
            build.within(person.source).error("PL100", id, "a user needs a name", "write the id")
        elif id.value in declared:
            before = declared[id.value]
            _taken(build, person, Location.parse(before.at), before.group if isinstance(before, ir.User) else None)
        elif id.value in seen:
            first = seen[id.value]
            where = first.source.location(first.id.start_pos, first.id.end_pos)
            _taken(build, person, where, _ref(first, first.group))
        else:
            seen[id.value] = person
    _look_alike(policy_set, seen, build)


def _taken(build: Build, person: Person, first: Location, group: ir.Ref | None) -> None:
    context, id = build.within(person.source), person.id
    if group is not None and person.group is not None and group.name != person.group.value:
        both = " and ".join(quoted(name) for name in sorted((group.name, person.group.value)))
        message = f"the user {quoted(id.value)} is in two groups: {both}"
        help = "a user is in at most one group: give the second one's rights as a role"
        context.error(
            "PL108", person.group, message, help, Related(Location.parse(group.at), "the first group is here")
        )
        return
    message = f"the user {quoted(id.value)} is declared twice"
    context.error("PL102", id, message, "delete or rename one of the two", Related(first, "first declared here"))


def _look_alike(policy_set: ir.PolicySet, people: dict[str, Person], build: Build) -> None:
    """Ids that are equal to the eye and different to the machine."""
    declared = [*((i.name, i.at) for i in policy_set.integrations), *((user.id, user.at) for user in policy_set.users)]
    for id, _, other, first in alike([*declared, *((id, "") for id in people)]):
        if id not in people or INVISIBLE.search(id) or INVISIBLE.search(other):
            continue  # an invisible character in an id is reported by itself
        if other in people:
            before = people[other]
            place = before.source.location(before.id.start_pos, before.id.end_pos)
        else:
            place = Location.parse(first)
        message = f"the user {quoted(id)} looks like {quoted(other)} and {how_alike(id, other)}"
        help = "write both with the same letters, or tell them apart"
        there = Related(place, "the other one")
        build.within(people[id].source).error("PL106", people[id].id, message, help, there)
