"""Policy sets of any size, as text. The same arguments give the same text, in every run and on every machine.

python -m benchmarks.generate mixed 5000 > five_thousand_lines.policy
python -m benchmarks.generate large > large.policy
python -m benchmarks.generate access 100 > hundred_groups.policy
python -m benchmarks.generate organisation 100 > organisation.policy
python -m benchmarks.generate stacked 40 > forty_roles.policy
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable
from typing import Literal, NamedTuple

from benchmarks.organisation import organisation, organisation_text
from benchmarks.shapes import SHAPES

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


def main(arguments: list[str]) -> str:
    """The text that is asked for."""
    match arguments:
        case ["large"]:
            return large()
        case ["mixed", lines] if lines.isdigit():
            return mixed(int(lines))
        case ["access", count] if count.isdigit():
            return access(groups(int(count)))
        case ["organisation", count] if count.isdigit():
            return organisation_text(organisation(int(count)))
        case [name, size] if name in SHAPES and size.isdigit():
            return SHAPES[name][0](int(size))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    sys.stdout.write(main(sys.argv[1:]))
