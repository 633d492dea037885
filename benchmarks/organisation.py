"""An organisation: groups with grants, limits and users, and every kind of mistake that rules look for."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Literal, NamedTuple

from benchmarks.mistakes import COMMON, mistakes

CHANGING = ("modify", "delete", "approve", "export")
STATUSES_OF_RECORDS = ("draft", "open", "closed")
RECORDS = 40  # kinds of record of an organisation, whatever its size
PEOPLE = 5  # users of a group
# How many groups share a pair of roles; how many are at one site, in one zone, in one region.
TEAM, SITE, ZONE, REGION = 10, 5, 25, 200
BRANCH = 50
"""Groups for which there is one set of mistakes."""

_ORGANISATION = """\
timezone "Europe/Paris"
portals staff, admin
scope region contains zone contains site
feature exports on
subject { department : text }
request { ip : ip }

policy own "Own records" on any resource with owner { owner is assigned user }
policy newer_than(age: duration) "Created recently" on any resource with created { created within age }
policy of_department(name: text) "Records of a department" on any resource with department { department is name }
policy of_own_department "Records of the own department" on any resource with department {
  department is assigned user.department
}
policy not_closed "Not closed" on any resource with status { not (status is closed) }
policy below(most: int) "Small amounts" on any resource with amount { amount < most }

resource api "API" { actions access }
resource reports "Reports" {
  action view requires access on api
  action export requires feature exports and view on reports
}
resource timeline "Timeline" { action view_all bypasses policies }
role former "Former employee"
"""

_STATEMENTS = """\
separate approve on record_0 from delete on record_1 "four eyes"
separate approve on record_2 from approve on record_3 "two budgets"
invariant "closed records stay" { no user can delete record_4 where { status is closed } }
invariant "administrators alone see timelines" { only users with role administrator can view_all timeline }
invariant "rates stay closed" { no user can view record_5.rate }
invariant "the first team works" { every user with role team_0 can view reports }
role administrator "Administrator" {
  portal admin
  grant view_all on timeline because "audits"
  grant access on api
  grant view, export on reports
  may assign base_0
}
superuser user "root@org.test" "Root" { assign role administrator because "runs the system" }
"""


class Narrowing(NamedTuple):
    """A policy on one resource: ``own``, ``not_closed``, ``of_own_department``, ``newer_than`` so many days, ``below``
    an amount, or ``of_department`` with its name.
    """

    resource: str
    policy: str
    argument: int | str | None = None

    def __str__(self) -> str:
        """As it is attached."""
        match self.policy, self.argument:
            case _, None:
                return f"{self.policy} on {self.resource}"
            case "newer_than", days:
                return f"newer_than({days} days) on {self.resource}"
            case _, int(number):
                return f"{self.policy}({number}) on {self.resource}"
            case _, text:
                return f'{self.policy}("{text}") on {self.resource}'


class Denial(NamedTuple):
    """Actions that are taken away where a record has the status."""

    resource: str
    actions: tuple[str, ...]
    status: str


class Bundle(NamedTuple):
    """A role or a group. ``grants`` are actions on resources; ``extra`` are lines that say nothing of records."""

    kind: Literal["role", "group"]
    name: str
    label: str
    roles: tuple[str, ...]
    grants: tuple[tuple[str, tuple[str, ...]], ...]
    narrowing: tuple[Narrowing, ...]
    denials: tuple[Denial, ...] = ()
    extra: tuple[str, ...] = ()


class Assigned(NamedTuple):
    """A role given to one user at a place, and on which days: text as in the language, empty for always."""

    role: str
    place: str
    days: str


class Person(NamedTuple):
    """A user of a group; one who overrides is given no roles."""

    id: str
    group: str
    department: str
    assigned: tuple[Assigned, ...] = ()
    appends: tuple[Narrowing, ...] = ()
    overrides: tuple[Narrowing, ...] = ()


class Organisation(NamedTuple):
    """Everybody who may do anything with records, and the denies for everyone."""

    groups: int
    roles: tuple[Bundle, ...]
    bundles: tuple[Bundle, ...]
    people: tuple[Person, ...]
    denials: tuple[Denial, ...]


def organisation(groups: int, seed: int = 5) -> Organisation:
    """An organisation of as many groups, each with 10 grants, limits and 5 users.

    A grant is one line with one or two actions. The kinds of record are the same 40 at every size; roles, places,
    tasks, reviews and policies of departments grow with the groups. Every second group has a user with a second
    role, at a place and often for some days only; every tenth has one who appends, and every tenth one who overrides.
    """
    rng = random.Random(seed)
    roles = [role for n in range(0, groups, TEAM) for role in _roles(n // TEAM, rng)]
    bundles = [_bundle(n, rng) for n in range(groups)]
    people = [person for n, bundle in enumerate(bundles) for person in _people(n, bundle, rng)]
    denials = (
        Denial("record_4", ("delete",), "closed"),
        Denial("record_6", ("delete", "approve"), "open"),
        Denial("record_30", ("export",), "draft"),
    )
    return Organisation(groups, tuple(roles), tuple(bundles), tuple(people), denials)


def _roles(team: int, rng: random.Random) -> Iterable[Bundle]:
    """Two roles of a team: one inside its groups, and one around it, given to people directly."""
    low = [f"record_{k}" for k in rng.sample(range(25, RECORDS), 5)]
    tasks = (f"performs work_{team}",) if team % 10 == 0 else ()
    module = ("grant access on api", "grant view on reports")
    yield Bundle(
        "role",
        f"base_{team}",
        f"Basic work of team {team}",
        (),
        tuple((resource, ("view",)) for resource in low[:2]),
        (Narrowing(low[0], "of_own_department"), Narrowing(low[1], "newer_than", rng.choice((30, 90, 180)))),
    )
    yield Bundle(
        "role",
        f"team_{team}",
        f"Work of team {team}",
        (f"base_{team}",),
        tuple((resource, ("view", rng.choice(CHANGING))) for resource in low[2:]),
        tuple(Narrowing(resource, "of_department", f"Department {team * TEAM}") for resource in low[2:]),
        (),
        (*module, *tasks, "portal staff"),
    )


def _bundle(n: int, rng: random.Random) -> Bundle:
    resources = [f"record_{k}" for k in rng.sample(range(30), 6)]
    grants = [
        *((resource, ("view",)) for resource in resources),
        *((resource, tuple(rng.sample(CHANGING, rng.randrange(1, 3)))) for resource in resources[:4]),
    ]
    narrowing = [_narrowing(n, resource, rng) for resource in resources]
    narrowing += [Narrowing(resource, "below", rng.randrange(1, 50) * 100) for resource in resources[:2]]
    denials = (Denial(resources[0], grants[6][1][:1], rng.choice(("draft", "open"))),) if n % 20 == 0 else ()
    extra = (f"may assign base_{n // TEAM}",) if n % 20 == 1 else ()
    roles = (f"base_{n // TEAM}",) if n % 3 else ()
    return Bundle("group", f"group_{n}", f"Group {n}", roles, tuple(grants), tuple(narrowing), denials, extra)


def _narrowing(n: int, resource: str, rng: random.Random) -> Narrowing:
    match rng.randrange(4):
        case 0:
            return Narrowing(resource, "own")
        case 1:
            return Narrowing(resource, "newer_than", rng.choice((7, 14, 30, 60, 90, 180, 365)))
        case 2:
            return Narrowing(resource, "not_closed")
        case _:
            return Narrowing(resource, "of_department", f"Department {n}")


def _people(n: int, bundle: Bundle, rng: random.Random) -> Iterable[Person]:
    """The users of a group: plain ones, and those who have more, or less, than the others."""
    department = f"Department {n}"
    for i in range(PEOPLE):
        person = Person(f"u{i}@g{n}.test", bundle.name, department)
        resource = bundle.grants[rng.randrange(6)][0]
        if i == 0 and n % 2 == 0:
            place = rng.choice((f"Site {n // SITE}", f"Zone {n // ZONE}"))
            days = rng.choice(("", "", " from 2026-01-01 until 2026-12-31", " until 2027-03-31"))
            yield person._replace(assigned=(Assigned(f"team_{n // TEAM}", place, days),))
        elif i == 1 and n % 10 == 1:
            yield person._replace(appends=(Narrowing(resource, "newer_than", rng.choice((5, 45, 400))),))
        elif i == 2 and n % 10 == 2:
            yield person._replace(overrides=(Narrowing(resource, "newer_than", rng.choice((5, 45, 400))),))
        else:
            yield person


def organisation_text(of: Organisation) -> str:
    """The organisation as one policy text."""
    text = [_ORGANISATION]
    for k in range(RECORDS):
        text.append(
            f'resource record_{k} "Records of kind {k}" {{\n'
            "  created : datetime\n  owner : user\n  department : text\n  status : one of draft, open, closed\n"
            "  amount : int\n  optional closed_on : date\n  sensitive rate : int\n  site : site\n"
            f"  actions view, {', '.join(CHANGING)}\n}}\n"
        )
    for kind, size, above in (("region", REGION, None), ("zone", ZONE, REGION), ("site", SITE, ZONE)):
        for n in range(0, of.groups, size):
            inside = f' in "{"Region" if above == REGION else "Zone"} {n // above}"' if above else ""
            text.append(f'place {kind} "{kind.capitalize()} {n // size}"{inside}\n')
    text += [_bundle_text(bundle) for bundle in (*of.roles, *of.bundles)]
    text += [
        f'task work_{role.name[5:]} "Work of team {role.name[5:]}" {{\n'
        + "".join(f"  needs {', '.join(actions)} on {resource}\n" for resource, actions in role.grants)
        + "}\n"
        for role in of.roles
        if f"performs work_{role.name[5:]}" in role.extra
    ]
    text += [f"{_denial(denial)}\n" for denial in of.denials]
    text.append(_STATEMENTS)
    text.append(COMMON)
    text += [mistakes(n // BRANCH) for n in range(0, of.groups, BRANCH)]
    text += [f"review group group_{n} every 1 year last 2026-01-15\n" for n in range(0, of.groups, 50)]
    text += [_person(person) for person in of.people]
    return "".join(text)


def _bundle_text(bundle: Bundle) -> str:
    lines = [
        *(f"role {role}" for role in bundle.roles),
        *(f"grant {', '.join(actions)} on {resource}" for resource, actions in bundle.grants),
        *(f"policy {narrowing}" for narrowing in bundle.narrowing),
        *map(_denial, bundle.denials),
        *bundle.extra,
    ]
    body = "".join(f"  {line}\n" for line in lines)
    return f'{bundle.kind} {bundle.name} "{bundle.label}" {{\n{body}}}\n'


def _denial(denial: Denial) -> str:
    return f"deny {', '.join(denial.actions)} on {denial.resource} {{ status is {denial.status} }}"


def _person(person: Person) -> str:
    lines = [
        f'department : "{person.department}"',
        *(f"append policy {narrowing}" for narrowing in person.appends),
        *(f"override policy {narrowing}" for narrowing in person.overrides),
        *(f'assign role {role} at {_place(at)}{days} because "helps out"' for role, at, days in person.assigned),
    ]
    body = "".join(f"  {line}\n" for line in lines)
    return f'user "{person.id}" "Person" in {person.group} {{\n{body}}}\n'


def _place(name: str) -> str:
    return f'{name.split(" ")[0].lower()} "{name}"'
