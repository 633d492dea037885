"""Policy sets of other shapes than an organisation's: much of one thing, as text. The same size gives the same text."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

from policylang.settings.limits import MOST_DEPTH, MOST_WAYS

_RECORD = """\
  created : datetime
  owner : user
  department : text
  status : one of draft, open, closed
  amount : int
  site : site
  sensitive rate : int
  actions view, create, modify, delete, approve
"""
_HEAD = """\
timezone "Europe/Paris"
scope region contains site
subject { department : text }
policy own on any resource with owner { owner is assigned user }
policy newer_than(age: duration) on any resource with created { created within age }
policy of_department(name: text) on any resource with department { department is name }
policy of_own_department on any resource with department { department is assigned user.department }
policy below(most: int) on any resource with amount { amount < most }
policy above(least: int) on any resource with amount { amount > least }
policy not_closed on any resource with status { not (status is closed) }
"""


def _records(count: int) -> str:
    return "".join(f"resource record_{n} {{\n{_RECORD}}}\n" for n in range(count))


def _limit(number: int, resource: str, rng: random.Random) -> str:
    """A limit of one of six kinds; few have a value of their own."""
    kinds = (
        "own",
        f"newer_than({rng.choice((7, 14, 30, 60, 90, 180, 365))} days)",
        f'of_department("Department {number}")',
        "of_own_department",
        f"below({rng.randrange(1, 50) * 100})",
        "not_closed",
    )
    return f"policy {rng.choice(kinds)} on {resource}"


def _block(head: str, lines: Iterable[str]) -> str:
    body = "".join(f"  {line}\n" for line in lines)
    return f"{head} {{\n{body}}}\n"


def one_group(users: int) -> str:
    """Everybody in one group, each with one to three of 30 roles on top, some at places."""
    rng = random.Random(1)
    text = [_HEAD, _records(10), *(f'place site "S{n}"\n' for n in range(20))]
    for n in range(30):
        resources = rng.sample(range(10), 4)
        lines = [f"grant view, {rng.choice(('modify', 'delete', 'approve'))} on record_{r}" for r in resources]
        text.append(_block(f"role role_{n}", [*lines, *(_limit(n, f"record_{r}", rng) for r in resources[:3])]))
    lines = [f"grant view, create, modify on record_{r}" for r in range(10)]
    text.append(_block("group everybody", [*lines, *(_limit(0, f"record_{r}", rng) for r in range(8))]))
    for n in range(users):
        given = [
            f"assign role role_{role}{rng.choice(('', f' at site {chr(34)}S{rng.randrange(20)}{chr(34)}'))}"
            for role in rng.sample(range(30), rng.randrange(1, 4))
        ]
        text.append(_block(f'user "u{n}@x.test" in everybody', [f'department : "Department {n % 30}"', *given]))
    return "".join(text)


def many_roles(roles: int) -> str:
    """Roles with 60 grants each on 300 kinds of record, most of them limited, and two of them on each user."""
    rng = random.Random(2)
    text = [_HEAD, _records(300)]
    for n in range(roles):
        resources = rng.sample(range(300), 60)
        lines = [f"grant view, {rng.choice(('modify', 'delete'))} on record_{r}" for r in resources]
        text.append(_block(f"role role_{n}", [*lines, *(_limit(n, f"record_{r}", rng) for r in resources[:40])]))
    for n in range(roles):
        given = [f"assign role role_{role}" for role in rng.sample(range(roles), 2)]
        text.append(_block(f'user "u{n}@x.test"', [f'department : "Department {n}"', *given]))
    return "".join(text)


def stacked(roles: int) -> str:
    """One user with so many roles, all with other limits on the same records."""
    rng = random.Random(3)
    text = [_HEAD, _records(5)]
    for n in range(roles):
        lines = [f"grant view, modify, delete on record_{r}" for r in range(5)]
        limits = [_limit(n, f"record_{r}", rng) for r in range(5) for _ in range(2)]
        text.append(_block(f"role role_{n}", [*lines, *dict.fromkeys(limits)]))
    given = [f"assign role role_{n}" for n in range(roles)]
    text.append(_block('user "u@x.test"', ['department : "Department 1"', *given]))
    return "".join(text)


def policies(count: int) -> str:
    """So many policies for one kind of record, each in a role of its own and all of them in one."""
    text = [_HEAD, _records(1)]
    names = [f"policy_{n}" for n in range(count)]
    tests = (
        "amount < {n}",
        "created within {n} days",
        'department is "Department {n}"',
        'status is draft and department is not "Department {n}"',
        "amount > {n} or status is open",
    )
    for n, name in enumerate(names):
        text.append(f"policy {name} on record_0 {{ {tests[n % 5].format(n=n)} }}\n")
        text.append(_block(f"role role_{n}", ["grant view, modify on record_0", f"policy {name}"]))
    text.append(_block("role everything", ["grant view on record_0", *(f"policy {name}" for name in names)]))
    for n in range(count):
        given = [f"assign role role_{n}", f"assign role role_{(n * 7 + 1) % count}"]
        text.append(_block(f'user "u{n}@x.test"', ['department : "Department 1"', *given]))
    return "".join(text)


def distinct(count: int) -> str:
    """So many policies of one form, on one kind of record, and no two with the same meaning."""
    text = ["resource doc { name : text  account : text  level : int  created : datetime  actions view }\n"]
    tests = (
        '(name starts with "name {n}/" or name is "{n}") and account is "account {account}"',
        "level > {n}",
        'account is "account {account}" and created within {n} hours',
    )
    for n in range(count):
        test = tests[n % 8 if n % 8 < 3 else 0].format(n=n + 1, account=n % 7)
        text.append(f"policy policy_{n} on doc {{ {test} }}\n")
        text.append(_block(f"role role_{n}", ["grant view on doc", f"policy policy_{n}"]))
    return "".join(text)


def nested(roles: int) -> str:
    """Roles inside one another, as deep as there are roles, every tenth with a limit, and one user for each."""
    rng = random.Random(4)
    text = [_HEAD, _records(10)]
    for n in range(roles):
        lines = [f"role role_{n - 1}"] if n else []
        lines.append(f"grant view, modify on record_{n % 10}")
        if n % 10 == 0:
            lines.append(_limit(n, f"record_{rng.randrange(10)}", rng))
        text.append(_block(f"role role_{n}", lines))
    for n in range(roles):
        text.append(_block(f'user "u{n}@x.test"', [f'department : "Department {n}"', f"assign role role_{n}"]))
    return "".join(text)


def diamonds(levels: int) -> str:
    """Two roles a level, each around both of the level below and with a limit of its own: 2 ** levels ways down."""
    text = [_HEAD, _records(2)]
    for n in range(levels):
        for side in "ab":
            inside = [f"role a_{n - 1}, b_{n - 1}"] if n else []
            limit = f'policy of_department("{side}{n}") on record_{n % 2}'
            text.append(_block(f"role {side}_{n}", [*inside, f"grant view on record_{n % 2}", limit]))
    text.append(_block('user "u@x.test"', ['department : "x"', f"assign role a_{levels - 1}"]))
    return "".join(text)


def assignments(count: int) -> str:
    """One user who is given so many roles, each for other days and at another place."""
    rng = random.Random(5)
    text = [_HEAD, _records(10), *(f'place site "S{n}"\n' for n in range(50))]
    for n in range(60):
        lines = [f"grant view, modify on record_{r}" for r in rng.sample(range(10), 3)]
        text.append(_block(f"role role_{n}", [*lines, _limit(n, lines[0].rpartition(" ")[2], rng)]))
    given = []
    for n in range(count):
        begin, length = rng.randrange(0, 300), rng.randrange(5, 60)
        first, last = (f"2026-{1 + day // 30:02}-{1 + day % 28:02}" for day in (begin, min(begin + length, 359)))
        if first <= last:
            given.append(f'assign role role_{rng.randrange(60)} at site "S{n % 50}" from {first} until {last}')
    text.append(_block('user "u@x.test"', ['department : "Department 1"', *given]))
    return "".join(text)


def places(count: int) -> str:
    """So many places in a hundred regions, with a user for each who has two roles there, and one in the region."""
    rng = random.Random(6)
    text = [_HEAD, _records(5), *(f'place region "R{n}"\n' for n in range(100))]
    text += [f'place site "S{n}" in "R{n % 100}"\n' for n in range(count)]
    for n in range(20):
        lines = [f"grant view, modify on record_{r}" for r in range(5)]
        text.append(_block(f"role role_{n}", [*lines, *(_limit(n, f"record_{r}", rng) for r in range(3))]))
    text.append("resource plan { site : site  action view requires view on record_0 at region }\n")
    text.append("role planner { grant view on plan }\n")
    for n in range(count):
        given = [
            f'assign role role_{n % 20} at site "S{n}"',
            f'assign role role_{rng.randrange(20)} at region "R{n % 100}"',
            f'assign role planner at site "S{n}"',
        ]
        text.append(_block(f'user "u{n}@x.test"', ['department : "x"', *given]))
    return "".join(text)


def own_values(users: int) -> str:
    """Users who are all different: an attribute of their own, which limits ask about, and two roles."""
    rng = random.Random(7)
    text = [_HEAD, _records(5)]
    for n in range(20):
        lines = [f"grant view, modify on record_{r}" for r in range(5)]
        limits = [f"policy of_own_department on record_{r}" for r in range(2)]
        text.append(_block(f"role role_{n}", [*lines, *limits, *(_limit(n, f"record_{r}", rng) for r in range(2, 5))]))
    for n in range(users):
        given = [f"assign role role_{role}" for role in rng.sample(range(20), 2)]
        text.append(_block(f'user "u{n}@x.test"', [f'department : "Own {n}"', *given]))
    return "".join(text)


def named_users(users: int) -> str:
    """Users whom policies name: each with a policy of their own appended, and two roles."""
    rng = random.Random(8)
    text = [_HEAD, _records(3)]
    for n in range(10):
        lines = [f"grant view, modify on record_{r}" for r in range(3)]
        text.append(_block(f"role role_{n}", [*lines, *(_limit(n, f"record_{r}", rng) for r in range(3))]))
    for n in range(users):
        text.append(f'policy of_{n} on record_0 {{ owner is "u{n}@x.test" }}\n')
        given = [f"assign role role_{role}" for role in rng.sample(range(10), 2)]
        lines = ['department : "x"', f"append policy of_{n} on record_0", *given]
        text.append(_block(f'user "u{n}@x.test"', lines))
    return "".join(text)


def denies(count: int) -> str:
    """So many denies for everyone, on one kind of record."""
    text = [_HEAD, _records(1)]
    text += [f'deny view, modify on record_0 {{ department is "D{n}" and amount > {n} }}\n' for n in range(count)]
    for n in range(20):
        text.append(
            _block(f"role role_{n}", ["grant view, modify on record_0", f"policy below({n + 1}00) on record_0"])
        )
        given = [f"assign role role_{n}", f"assign role role_{(n + 7) % 20}"]
        text.append(_block(f'user "u{n}@x.test"', ['department : "x"', *given]))
    return "".join(text)


def alike(roles: int) -> str:
    """Roles that are nearly the same."""
    rng = random.Random(9)
    text = [_HEAD, _records(60)]
    for n in range(roles):
        resources = [*range(30), *rng.sample(range(30, 60), 2)]
        text.append(_block(f"role role_{n}", [f"grant view on record_{r}" for r in resources]))
        text.append(_block(f'user "u{n}@x.test"', ['department : "x"', f"assign role role_{n}"]))
    return "".join(text)


def administrators(roles: int) -> str:
    """Roles that may hand out one another."""
    rng = random.Random(10)
    text = [_HEAD, _records(20)]
    for n in range(roles):
        others = ", ".join(f"role_{other}" for other in sorted(rng.sample(range(roles), 3)))
        lines = [f"grant view, modify on record_{r}" for r in rng.sample(range(20), 3)]
        text.append(_block(f"role role_{n}", [*lines, f"may assign {others}"]))
        text.append(_block(f'user "u{n}@x.test"', ['department : "x"', f"assign role role_{n}"]))
    return "".join(text)


def statements(count: int) -> str:
    """Invariants, duties to separate, tasks and reviews, so many of each, over 200 roles with a user each."""
    rng = random.Random(11)
    text = [_HEAD, _records(20)]
    for n in range(200):
        resources = rng.sample(range(20), 4)
        lines = [f"grant view, modify, approve on record_{r}" for r in resources]
        limits = [_limit(n, f"record_{r}", rng) for r in resources]
        tasks = [f"performs task_{task}" for task in range(n, count, 200)]
        text.append(_block(f"role role_{n}", [*lines, *limits, *tasks]))
        given = [f"assign role role_{n}", f"assign role role_{(n * 3 + 1) % 200}"]
        text.append(_block(f'user "u{n}@x.test"', [f'department : "Department {n}"', *given]))
    for n in range(count):
        one, other = rng.sample(range(20), 2)
        text.append(f"task task_{n} {{ needs view, modify on record_{one} }}\n")
        text.append(f'separate approve on record_{one} from modify on record_{other} "duty {n}"\n')
        text.append(f'invariant "rule {n}" {{ no user can delete record_{one} where {{ amount > {n} }} }}\n')
        text.append(
            f'invariant "law {n}" {{ no user with role role_{n % 200} can view record_{one} '
            f"where {{ amount > {n} and status is closed }} }}\n"
        )
        text.append(f"review role role_{n % 200} every {n % 50 + 1} days last 2026-05-01\n")
    return "".join(text)


def integrations(count: int) -> str:
    """Integrations with a role, data objects and a mirror role each."""
    rng = random.Random(12)
    text = [_HEAD, _records(50)]
    for n in range(count):
        resources = sorted(rng.sample(range(50), 5))
        lines = [f"grant view on record_{r}" for r in resources]
        limits = [_limit(n, f"record_{r}", rng) for r in resources[:3]]
        text.append(_block(f"role feed_{n}", [*lines, *limits]))
        text.append(_block(f"role mirror_{n}", [*lines[: rng.randrange(3, 6)], *limits]))
        objects = ", ".join(f"record_{r}" for r in resources[: rng.randrange(4, 6)])
        text.append(f"integration sync_{n} {{ role feed_{n}  objects {objects}  mirror role mirror_{n} }}\n")
    return "".join(text)


def disjunctions(count: int) -> str:
    """Policies with many cases each: lists of texts, ands of ors."""
    rng = random.Random(13)
    text = [_HEAD, _records(1)]
    for n in range(count):
        listed = ", ".join(f'"D{rng.randrange(1000)}"' for _ in range(40))
        parts = [
            f"(amount < {rng.randrange(1000)} or department in [{listed}] or status is {rng.choice(('draft', 'open'))})"
            for _ in range(6)
        ]
        text.append(f"policy policy_{n} on record_0 {{ {' and '.join(parts)} }}\n")
        text.append(_block(f"role role_{n}", ["grant view, modify on record_0", f"policy policy_{n}"]))
        given = [f"assign role role_{n}", f"assign role role_{(n * 7 + 1) % count}"]
        text.append(_block(f'user "u{n}@x.test"', ['department : "x"', *given]))
    return "".join(text)


def required(actions: int) -> str:
    """Switches that each require the one before, and a role with all of them."""
    text = ["resource switch_0 { actions use }\n"]
    text += [f"resource switch_{n} {{ action use requires use on switch_{n - 1} }}\n" for n in range(1, actions)]
    text.append(_block("role all_of_them", [f"grant use on switch_{n}" for n in range(actions)]))
    text.append('user "u@x.test" { assign role all_of_them }\n')
    return "".join(text)


def generic(count: int) -> str:
    """Policies for any resource, with few meanings, on 100 kinds of record."""
    text = [_HEAD, _records(100)]
    for n in range(count):
        text.append(f"policy small_{n} on any resource with amount {{ amount < {n // 10} }}\n")
        lines = [f"grant view on record_{r}" for r in range(n % 10, 100, 10)]
        limits = [f"policy small_{n} on record_{r}" for r in range(n % 10, 100, 10)]
        text.append(_block(f"role role_{n}", [*lines, *limits]))
        text.append(_block(f'user "u{n}@x.test"', ['department : "x"', f"assign role role_{n}"]))
    return "".join(text)


SHAPES: dict[str, tuple[Callable[[int], str], int]] = {
    "one_group": (one_group, 20_000),
    "many_roles": (many_roles, 3_000),
    "stacked": (stacked, 40),
    "policies": (policies, 200),
    "distinct": (distinct, 4_000),
    "nested": (nested, MOST_DEPTH),
    "diamonds": (diamonds, MOST_WAYS.bit_length() - 1),
    "assignments": (assignments, 300),
    "places": (places, 1_000),
    "own_values": (own_values, 20_000),
    "named_users": (named_users, 2_000),
    "denies": (denies, 400),
    "alike": (alike, 3_000),
    "administrators": (administrators, 1_000),
    "statements": (statements, 300),
    "integrations": (integrations, 1_000),
    "disjunctions": (disjunctions, 100),
    "required": (required, 1_000),
    "generic": (generic, 500),
}
"""What makes a text of a shape, and the size that is measured."""
