"""Policy sets of any size, as text. The same arguments give the same text, in every run and on every machine.

python -m benchmarks.generate mixed 5000 > five_thousand_lines.policy
python -m benchmarks.generate large > large.policy
python -m benchmarks.generate access 100 > hundred_groups.policy
python -m benchmarks.generate organisation 100 > organisation.policy
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable
from typing import Literal, NamedTuple

_WORLD = """\
timezone "America/Toronto"
portals admin, staff, client
scope region contains zone contains site
feature on_site_licence off
subject { department : text }
request { ip : ip }

policy newer_than(age: duration) "Created recently" on any resource with created { created within age }
"""

_FIELDS = ("first_name", "last_name", "city", "street", "phone", "source", "notes", "language")


def mixed(lines: int, seed: int = 1) -> str:
    """A policy set of exactly ``lines`` lines, at least 200: departments of about 85 lines each.

    A department declares every construct of the language in about the proportions of a real policy set: resources
    with attributes and actions, named conditions, roles with grants and limits, a group, users, some comments. The
    last lines are filled with users. Raises ValueError below 200 lines.
    """
    if lines < 200:
        raise ValueError("a mixed policy set has at least 200 lines")
    rng = random.Random(seed)
    text = _WORLD.splitlines()
    department = 0
    while True:
        department += 1
        block = _department(department, rng).splitlines()
        if len(text) + len(block) > lines:
            break
        text += block
    text += [
        f'user "extra{n}@acme.test" "Extra {n}" in sales_{rng.randrange(1, department)}'
        for n in range(lines - len(text))
    ]
    return "\n".join(text) + "\n"


def _department(n: int, rng: random.Random) -> str:
    fields = rng.sample(_FIELDS, 4)
    attributes = "\n".join(f"  {field} : text" for field in fields)
    days = rng.choice((7, 14, 30, 60, 90, 180))
    members = "\n".join(_member(n, i, rng) for i in range(rng.randrange(6, 14)))
    return f"""
# Department {n}

place region "Region {n}"
place zone "Zone {n}" in "Region {n}"
place site "Site {n}" in "Zone {n}"

resource customer_{n} "Customer of department {n}" {{
{attributes}
  created   : datetime
  sales_rep : user with role sales_rep_{n}
  status    : one of lead, active, cancelled
  site      : site
  optional cancelled_on : date
  sensitive monthly_rate : money
  actions view, create, modify, delete
}}
resource customer_file_{n} "File of department {n}" {{
  customer : customer_{n}
  created  : datetime
  tags     : set of text
  actions view, create, modify, delete
}}
resource calendar_{n} {{ action view_month bypasses policies }}
resource scheduler_{n} "Scheduler" {{ actions view, create }}
resource work_order_{n} "Work order" {{
  created : datetime
  amount  : money
  actions view, create, modify, approve
  action bulk_schedule requires view on scheduler_{n} and create on scheduler_{n}
  action view_on_site requires feature on_site_licence
}}

policy own_customers_{n} "Assigned User is Sales Rep" on customer_{n} {{ assigned user is sales rep }}
policy recent_files_{n} "Recent files" on customer_file_{n} {{ created within {days} days }}
policy own_files_{n} "Files of own customers" on customer_file_{n} {{ customer.sales_rep is assigned user }}
policy open_{n} "Not cancelled, or only just" on customer_{n} for modify, delete {{
  not (status is cancelled) or cancelled_on is present and cancelled_on within {days} days
}}
policy from_office_{n} on work_order_{n} {{ request.ip in "10.{n // 256 % 256}.{n % 256}.0/24" and amount < {days}00 }}

role sales_rep_{n} "Sales Representative"
protected role clerk_{n} "Clerk of department {n}" {{
  portal staff
  grant view, create, modify on customer_{n} except {fields[0]}
  grant view on customer_{n} including monthly_rate because "invoicing"
  grant view, create on customer_file_{n}
  grant view, create on scheduler_{n}
  policy newer_than({days} days) on customer_{n} for view
  policy own_files_{n}
  performs filing_{n}
}}
role lead_{n} "Lead of department {n}" {{
  role clerk_{n}
  portal staff
  grant view, modify, approve, bulk_schedule on work_order_{n}
  policy from_office_{n} for modify, approve
  deny delete on customer_{n} {{ status is active }}
  may assign clerk_{n}
}}
essential role former_{n} "Former employee"

group sales_{n} "Sales of department {n}" {{
  role sales_rep_{n}
  grant view, create, modify on customer_{n}
  grant view on customer_file_{n} (created, customer)
  grant all on calendar_{n}
  policy own_customers_{n}
  policy open_{n} for modify
  policy recent_files_{n}
}}

task filing_{n} "Filing" {{ needs view on customer_{n}  needs view, create on customer_file_{n} }}
job "CLK-{n}" "Clerk, level {n}" {{ role clerk_{n} }}

{members}
terminated user "gone@d{n}.test" "Gone" {{ assign role former_{n} }}
separate create on work_order_{n} from approve on work_order_{n} "four eyes"
"""


def _member(n: int, i: int, rng: random.Random) -> str:
    user = f'user "u{i}@d{n}.test" "User {i}"'
    match rng.randrange(5):
        case 0:
            return f"""\
{user} in sales_{n} {{
  department : "department {n}"
  append policy newer_than({i + 1} months) on customer_{n}
}}"""
        case 1:
            return f"""\
{user} in sales_{n} {{
  override policy newer_than(90 days) on customer_{n}
}}"""
        case 2:
            return f"""\
{user} {{
  assign role lead_{n} at zone "Zone {n}"
  assign role clerk_{n} at site "Site {n}" from 2026-01-01 until 2026-03-31 because "covering leave"
}}"""
        case 3:
            return f'{user} job "CLK-{n}"'
        case _:
            return f"{user} in sales_{n}"


def large() -> str:
    """A policy set with 2,500 roles and 165,000 granted actions on 57,000 lines, about 4 MB.

    Each role has 19 grants, one limit and 66 granted actions; 100 resources carry them.
    """
    rng = random.Random(2)
    actions = ("view", "create", "modify", "delete", "approve", "export", "archive", "restore")
    text = ['timezone "UTC"']
    for n in range(100):
        text += [
            f'resource customer_{n} "Customers of branch {n}" {{',
            *(f"  {field} : text" for field in _FIELDS),
            "  created : datetime",
            "  owner : user",
            "  status : one of lead, active, cancelled",
            "  sensitive monthly_rate : money",
            f"  actions {', '.join(actions)}",
            "}",
            f"policy own_{n} on customer_{n} {{ owner is assigned user and not (status is cancelled) }}",
        ]
    for n in range(2500):
        resources = rng.sample(range(100), 19)
        text.append(f'role role_{n} "Responsibility number {n}" {{')
        for i, resource in enumerate(resources):
            granted = ", ".join(rng.sample(actions, 4 if i < 9 else 3))
            text.append(f'  grant {granted} on customer_{resource} because "access case {n}-{i}"')
        text += [f"  policy own_{resources[0]}", "}"]
    text += [f'user "u{n}@acme.test" {{ assign role role_{n} }}' for n in range(57_000 - len(text))]
    return "\n".join(text) + "\n"


ACTIONS = ("view", "modify", "delete", "export")
STATUSES = ("lead", "active", "cancelled")
# The attributes that the conditions on a resource read.
RESOURCES = {
    "customer": ("created", "sales_rep", "status"),
    "customer_file": ("created", "sales_rep"),
    "work_order": ("created",),
    "invoice": ("created",),
}

_ACCESS = """\
timezone "UTC"

resource customer {
  created   : datetime
  sales_rep : user with role sales_rep
  status    : one of lead, active, cancelled
  actions view, modify, delete, export
}
resource customer_file {
  created   : datetime
  sales_rep : user with role sales_rep
  actions view, modify, delete, export
}
resource work_order { created : datetime  actions view, modify, delete, export }
resource invoice { created : datetime  actions view, modify, delete, export }

role sales_rep
policy own "Assigned User is Sales Rep" on any resource with sales_rep { assigned user is sales rep }
policy newer_than(age: duration) on any resource with created { created within age }
"""


class Grant(NamedTuple):
    """Actions on one resource, and what limits them: the user's own records, an age in days, or nothing."""

    resource: str
    actions: tuple[str, ...]
    limit: Literal["own"] | int | None


class Group(NamedTuple):
    """A group with its one user."""

    name: str
    user: str
    grants: tuple[Grant, ...]


def groups(count: int, seed: int = 3) -> list[Group]:
    """As many groups, each with grants of its own: one to three actions on two to four resources, one limit on each.

    The first groups are the same whatever the count.
    """
    rng = random.Random(seed)
    return [Group(f"group_{n}", f"user{n}@acme.test", _grants(rng)) for n in range(count)]


def _grants(rng: random.Random) -> tuple[Grant, ...]:
    return tuple(
        Grant(resource, tuple(rng.sample(ACTIONS, rng.randrange(1, 4))), _limit(resource, rng))
        for resource in rng.sample(list(RESOURCES), rng.randrange(2, 5))
    )


def _limit(resource: str, rng: random.Random) -> Literal["own"] | int | None:
    days = rng.choice((7, 14, 30, 60, 90, 180))
    match resource:
        case "customer":
            return "own"
        case "customer_file":
            return rng.choice(("own", days))
        case "work_order":
            return days
        case _:
            return None


def access(of: Iterable[Group]) -> str:
    """The policy set of the groups, with one deny for everyone: the text that the benchmark of decisions compiles."""
    return f"{_ACCESS}deny delete on customer {{ status is active }}\n{''.join(map(_group, of))}"


def owners(of: Iterable[Group]) -> list[Group]:
    """The groups with no limit but the user's own records: what every compile target can express."""
    return [group._replace(grants=tuple(map(_owned, group.grants))) for group in of]


def _owned(grant: Grant) -> Grant:
    return grant._replace(limit="own" if grant.limit is not None and "sales_rep" in RESOURCES[grant.resource] else None)


def access_of_owners(of: Iterable[Group]) -> str:
    """The policy set of `owners`, with one deny for everyone, of every record."""
    return f"{_ACCESS}deny delete on customer\n{''.join(map(_group, of))}"


def _group(group: Group) -> str:
    lines = []
    for resource, actions, limit in group.grants:
        lines.append(f"  grant {', '.join(actions)} on {resource}")
        if limit is not None:
            policy = "own" if limit == "own" else f"newer_than({limit} days)"
            lines.append(f"  policy {policy} on {resource}")
    body = "\n".join(lines)
    return f'group {group.name} {{\n  role sales_rep\n{body}\n}}\nuser "{group.user}" in {group.name}\n'


CHANGING = ("modify", "delete", "approve", "export")
STATUSES_OF_RECORDS = ("draft", "open", "closed")
RECORDS = 40  # kinds of record of an organisation, whatever its size
PEOPLE = 5  # users of a group
# How many groups share a pair of roles; how many are at one site, in one zone, in one region.
TEAM, SITE, ZONE, REGION = 10, 5, 25, 200

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


if __name__ == "__main__":
    if sys.argv[1:] == ["large"]:
        sys.stdout.write(large())
    elif len(sys.argv) == 3 and sys.argv[1] == "mixed" and sys.argv[2].isdigit():
        sys.stdout.write(mixed(int(sys.argv[2])))
    elif len(sys.argv) == 3 and sys.argv[1] == "access" and sys.argv[2].isdigit():
        sys.stdout.write(access(groups(int(sys.argv[2]))))
    elif len(sys.argv) == 3 and sys.argv[1] == "organisation" and sys.argv[2].isdigit():
        sys.stdout.write(organisation_text(organisation(int(sys.argv[2]))))
    else:
        sys.exit(__doc__)
