"""What is imported from tables decides as the tables do, read directly."""

from __future__ import annotations

import csv
import io
import itertools

from hypothesis import given
from hypothesis import strategies as st

from tests.importing.helpers import NOW, asked, imported, names_of
from tests.importing.workbooks import workbook

USERS = ("ann", "bo@acme.test", "Cy, Jr.")
ROLES = ("Guard", "Site Manager", "Client (read only)", "role", "Büro")
RESOURCES = ("Customer", "Customer Files", "customer-files", "all", "Pay rates")
ACTIONS = ("View", "Modify", "Export all", "not")
MARKS = {"x": "yes", "Yes": "yes", "✓": "yes", "": "no", "no": "no", "-": "no", "DENY": "deny", "perhaps": "no"}
LEVELS = {
    "": (),
    "none": (),
    "View": ("view",),
    "modify": ("view", "modify"),
    "Full": ("view", "create", "modify", "delete"),
}
LEVELS |= {"RU": ("view", "modify"), "view, delete": ("view", "delete"), "some": ()}


def allowed(crosses, members, user, resource, action) -> bool:
    """The table, read directly: some role of the user has the cross, and none denies."""
    said = {word for role in members[user] for word in crosses.get((role, resource, action.casefold()), ())}
    return "yes" in said and "deny" not in said


@st.composite
def matrices(draw: st.DrawFn):
    """The tables, and what they say."""
    roles = draw(st.lists(st.sampled_from(ROLES), min_size=1, max_size=4, unique=True))
    crosses: dict[tuple[str, str, str], list[str]] = {}
    kind = draw(st.sampled_from(("permissions", "levels", "roles", "grants")))
    resources = draw(st.lists(st.sampled_from(RESOURCES), min_size=1, max_size=3, unique=True))
    if kind == "levels":
        rows = [["Module", *roles]]
        for resource in resources:
            cells = draw(st.lists(st.sampled_from(tuple(LEVELS)), min_size=len(roles), max_size=len(roles)))
            rows.append([resource, *cells])
            for role, cell in zip(roles, cells, strict=True):
                for action in LEVELS[cell]:
                    crosses.setdefault((role, resource, action), []).append("yes")
        table = {"holds": "permissions", "columns": {"resource": "Module"}}
    else:
        pairs = [(r, a) for r in resources for a in draw(st.lists(st.sampled_from(ACTIONS), min_size=1, unique=True))]
        grid = {}
        for (resource, action), role in itertools.product(pairs, roles):
            grid[role, resource, action] = cell = draw(st.sampled_from(tuple(MARKS)))
            crosses.setdefault((role, resource, action.casefold()), []).append(MARKS[cell])
        if kind == "permissions":
            rows = [["Screen", "Function", *roles]]
            rows += [
                [resource, action, *(grid[role, resource, action] for role in roles)] for resource, action in pairs
            ]
            table = {"holds": "permissions", "columns": {"resource": "Screen", "action": "Function"}}
        elif kind == "roles":
            rows = [["Role", *(f"{resource}: {action}" for resource, action in pairs)]]
            rows += [[role, *(grid[role, resource, action] for resource, action in pairs)] for role in roles]
            table = {"holds": "roles", "columns": {"role": "Role"}}
        else:
            rows = [["Role", "Permission"]]
            held = [key for key, cell in grid.items() if MARKS[cell] == "yes"]
            crosses = {(role, resource, action.casefold()): ["yes"] for role, resource, action in held}
            rows += [[role, f"{resource}.{action}"] for role, resource, action in held]
            table = {"holds": "grants", "columns": {"role": "Role", "permission": "Permission"}}
    members = {user: draw(st.lists(st.sampled_from(roles), unique=True)) for user in USERS}
    if draw(st.booleans()):
        people = [["Login", "Role"], *([user, role] for user in USERS for role in members[user] or [""])]
        who = {"holds": "people", "columns": {"id": "Login", "role": "Role"}}
    else:
        people = [
            ["Login", *roles],
            *([user, *("X" if role in members[user] else "" for role in roles)] for user in USERS),
        ]
        who = {"holds": "members", "columns": {"id": "Login"}}
    return rows, table, people, who, crosses, members, resources


@given(matrices(), st.sampled_from((",", ";", "\t", "xlsx")))
def test_decides_as_the_tables(given_, written: str) -> None:
    rows, table, people, who, crosses, members, resources = given_
    if written == "xlsx":
        files = {"all.xlsx": workbook({"access": rows, "people": people})}
        tables = [{"file": "all.xlsx", "sheet": "access", **table}, {"file": "all.xlsx", "sheet": "people", **who}]
    else:
        files = {"access.csv": as_csv(rows, written), "people.csv": as_csv(people, written)}
        tables = [{"file": "access.csv", **table}, {"file": "people.csv", **who}]
    made = imported("csv", files, {"tables": tables})
    assert {note.code for note in made.refused} <= {"cell"}
    here, names = asked(made), names_of(made)
    for user, resource, action in itertools.product(USERS, resources, (*ACTIONS, "view", "create", "modify", "delete")):
        if ("resource", resource) in names and ("action", action.casefold()) in names:
            found = here.allows(user, names["action", action.casefold()], names["resource", resource], {}, now=NOW)
            assert found == allowed(crosses, members, user, resource, action), (user, resource, action)
        else:
            assert not allowed(crosses, members, user, resource, action)


def as_csv(rows, separator: str) -> str:
    made = io.StringIO()
    csv.writer(made, delimiter=separator).writerows(rows)
    return made.getvalue()
