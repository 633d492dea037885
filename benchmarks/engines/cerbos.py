"""Cerbos, by its own command `cerbos compile`: policies with the permissions of an organisation, and tests of them.

A principal carries as roles the names of its group and of the roles that it is given directly; that an assignment is
active, and covers the record, is for the caller to say, so that Cerbos has less to compile. A rule stands for one
grant of one such source, of a role inside it as well, with every limit that applies to it. Users who append or
override get a policy of their own.
"""

from __future__ import annotations

import datetime
import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.engines.workload import Request
from benchmarks.organisation import SITE, ZONE, Assigned, Bundle, Denial, Narrowing, Organisation, Person


def write(folder: Path, of: Organisation) -> int:
    """Write the policies: a file for each kind of record, and one for each user with policies of their own.

    Returns the number of rules for kinds of record.
    """
    folder.mkdir(parents=True, exist_ok=True)
    by_resource = _resources(of)
    for resource, rules in by_resource.items():
        (folder / f"{resource}.yaml").write_text(_policy("resourcePolicy", "resource", resource, rules))
    roles = {role.name: role for role in of.roles}
    groups = {group.name: group for group in of.bundles}
    for n, person in enumerate(of.people):
        if person.appends or person.overrides:
            rules = [*_appending(person), *_overriding(person, groups[person.group], roles, of.denials)]
            (folder / f"principal_{n}.yaml").write_text(_policy("principalPolicy", "principal", person.id, rules))
    return sum(map(len, by_resource.values()))


def agrees(binary: Path, folder: Path, of: Organisation, asked: Sequence[Request], expected: Sequence[bool]) -> str:
    """Write the policies, and a test of every request, and have Cerbos run them; empty, or what it says is wrong."""
    write(folder, of)
    write_tests(folder, of, asked, expected)
    run = subprocess.run([binary, "compile", folder], check=False, capture_output=True, text=True)
    if run.returncode == 0 and f"{len(asked)} tests executed" in run.stdout:
        return ""
    return f"{run.stdout}{run.stderr}"


def write_tests(folder: Path, of: Organisation, asked: Sequence[Request], expected: Sequence[bool]) -> None:
    """Write a test suite that `cerbos compile` runs: the answer that each request has to get."""
    people = {person.id: person for person in of.people}
    principals, resources, tests = {}, {}, []
    for n, (request, allowed) in enumerate(zip(asked, expected, strict=True)):
        record = {
            name: value.isoformat() if isinstance(value, datetime.datetime) else value
            for name, value in request.record.items()
        }
        person = people[request.user]
        attributes = {"department": person.department}
        principals[f"user_{n}"] = {"id": person.id, "roles": _known_as(person, request), "attr": attributes}
        resources[f"record_{n}"] = {"id": "1", "kind": request.resource, "attr": record}
        effect = "EFFECT_ALLOW" if allowed else "EFFECT_DENY"
        tests.append(
            {
                "name": f"{n}: {request}",
                "options": {"now": request.now.isoformat()},
                "input": {"principals": [f"user_{n}"], "resources": [f"record_{n}"], "actions": [request.action]},
                "expected": [
                    {"principal": f"user_{n}", "resource": f"record_{n}", "actions": {request.action: effect}}
                ],
            }
        )
    suite = {"name": "Decisions", "principals": principals, "resources": resources, "tests": tests}
    (folder / "decisions_test.json").write_text(json.dumps(suite))


def _known_as(person: Person, request: Request) -> list[str]:
    """The group, and the roles given directly that are active at the request's time and cover the record's place."""
    site = int(request.record["site"].split()[1])
    covering = {f"Site {site}", f"Zone {site * SITE // ZONE}"}
    return [person.group, *(each.role for each in person.assigned if each.place in covering and _active(each, request))]


def _active(assigned: Assigned, request: Request) -> bool:
    """Whether the request comes on one of the assignment's days, in UTC; requests keep a day away from their ends."""
    day = request.now.date().isoformat()
    begin, end = (assigned.days.partition(word)[2].split(" ")[0] for word in ("from ", "until "))
    return begin <= day and (not end or day <= end)


def _resources(of: Organisation) -> dict[str, list[str]]:
    """The rules of each kind of record."""
    rules: dict[str, list[str]] = {}
    roles = {role.name: role for role in of.roles}
    for source in (*of.bundles, *of.roles):
        for resource, actions, limits in _grants(source, roles):
            rules.setdefault(resource, []).append(_rule(actions, "ALLOW", source.name, map(_expression, limits)))
        for denial in source.denials:
            # A deny of one role leaves what other roles of the user allow: say it of all of them.
            held = f"{_quoted(source.name)} in P.roles"
            rules.setdefault(denial.resource, []).append(_rule(denial.actions, "DENY", "*", (held, _matches(denial))))
    for denial in of.denials:
        rules.setdefault(denial.resource, []).append(_rule(denial.actions, "DENY", "*", (_matches(denial),)))
    return rules


def _grants(
    source: Bundle, roles: Mapping[str, Bundle], around: tuple[Narrowing, ...] = ()
) -> Iterator[tuple[str, tuple[str, ...], tuple[Narrowing, ...]]]:
    """The grants in a source, of roles inside as well, each with the limits of all that is around it."""
    limits = (*around, *source.narrowing)
    for resource, actions in source.grants:
        yield resource, actions, tuple(limit for limit in limits if limit.resource == resource)
    for role in source.roles:
        yield from _grants(roles[role], roles, limits)


def _appending(person: Person) -> Iterator[str]:
    """A principal policy allows what no role does, so an append denies its complement."""
    for narrowing in person.appends:
        yield _on(narrowing.resource, [("*", "DENY", (f"!({_guarded(narrowing)})",))])


def _overriding(
    person: Person, group: Bundle, roles: Mapping[str, Bundle], everyone: Sequence[Denial]
) -> Iterator[str]:
    """An override allows what the group grants, and denies its complement: what it does not allow, the group would.

    A principal policy comes before the denies of a resource policy, which therefore stand in here too.
    """
    for narrowing in person.overrides:
        granted = [actions for resource, actions, _ in _grants(group, roles) if resource == narrowing.resource]
        rules: list[tuple[str, str, Sequence[str]]] = []
        for action in dict.fromkeys(action for actions in granted for action in actions):
            denials = [
                f"!({_matches(denial)})"
                for denial in (*group.denials, *everyone)
                if denial.resource == narrowing.resource and action in denial.actions
            ]
            rules.append((action, "ALLOW", (_guarded(narrowing), *denials)))
            rules.append((action, "DENY", (f"!({_guarded(narrowing)})",)))
        yield _on(narrowing.resource, rules)


def _expression(narrowing: Narrowing) -> str:
    """True where the policy is. A missing attribute is an error, and a rule that allows is passed over then."""
    match narrowing.policy:
        case "own":
            return "R.attr.owner == P.id"
        case "not_closed":
            return 'R.attr.status != "closed"'
        case "of_own_department":
            return "R.attr.department == P.attr.department"
        case "of_department":
            return f"R.attr.department == {_quoted(str(narrowing.argument))}"
        case "below":
            return f"R.attr.amount < {narrowing.argument}"
        case "newer_than":
            assert isinstance(narrowing.argument, int)
            created = "timestamp(R.attr.created)"
            return f'{created} <= now() && {created} >= now() - duration("{narrowing.argument * 24}h")'
    raise ValueError(narrowing.policy)


def _guarded(narrowing: Narrowing) -> str:
    """The same, and false where an attribute is missing. Only `newer_than` is used by users."""
    assert narrowing.policy == "newer_than"
    return f"has(R.attr.created) && {_expression(narrowing)}"


def _matches(denial: Denial) -> str:
    """True where the deny applies, and where a missing attribute leaves that open."""
    return f"!has(R.attr.status) || R.attr.status == {_quoted(denial.status)}"


def _policy(kind: str, field: str, name: str, rules: Iterable[str]) -> str:
    head = f"apiVersion: api.cerbos.dev/v1\n{kind}:\n  version: default\n  {field}: {_quoted(name)}\n  rules:\n"
    return head + "".join(rules)


def _rule(actions: Iterable[str], effect: str, role: str, conditions: Iterable[str]) -> str:
    """A rule of a resource policy."""
    listed = "".join(f"        - {_quoted(action)}\n" for action in actions)
    head = f"    - actions:\n{listed}      effect: EFFECT_{effect}\n      roles:\n        - {_quoted(role)}\n"
    return head + _condition("      ", conditions)


def _on(resource: str, rules: Iterable[tuple[str, str, Sequence[str]]]) -> str:
    """What a principal policy says of a kind of record: action, effect and conditions of each rule."""
    text = [f"    - resource: {_quoted(resource)}\n      actions:\n"]
    for action, effect, conditions in rules:
        text.append(f"        - action: {_quoted(action)}\n          effect: EFFECT_{effect}\n")
        text.append(_condition("          ", conditions))
    return "".join(text)


def _condition(indent: str, conditions: Iterable[str]) -> str:
    expressions = [*conditions]
    if not expressions:
        return ""
    if len(expressions) == 1:
        return f"{indent}condition:\n{indent}  match:\n{indent}    expr: {_quoted(expressions[0])}\n"
    listed = "".join(f"{indent}        - expr: {_quoted(expression)}\n" for expression in expressions)
    return f"{indent}condition:\n{indent}  match:\n{indent}    all:\n{indent}      of:\n{listed}"


def _quoted(text: str) -> str:
    """A JSON string is one of YAML and one of CEL."""
    return json.dumps(text)
