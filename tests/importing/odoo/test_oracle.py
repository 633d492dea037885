"""What is imported decides as Odoo does, on modules that are made up: domains are evaluated against rows."""

from __future__ import annotations

import itertools
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from hypothesis import event, given
from hypothesis import strategies as st

from policylang.api.policy_set import PolicySet
from policylang.importing.importing import Import
from policylang.project.discovery import SourceSet
from policylang.project.project import Project
from policylang.settings.config import Config
from policylang.source import Source
from tests.importing.helpers import NOW, asked, imported, names_of

MODELS = ("sale.order", "crm.lead")
EVERYBODY = "base.group_everyone"
GROUPS = (EVERYBODY, "base.group_user", "m.user", "m.all", "m.boss", "other.clerk")
OPERATIONS = ("read", "write", "create", "unlink")
LETTERS = dict(zip(OPERATIONS, "rucd", strict=True))
NOTHING = {"team_id": False, "groups_id": [], "shift_ids": []}
USERS = {
    "ann": {
        "id": "ann",
        "partner_id": "m.p1",
        "company_ids": ["m.c1"],
        "team_id": False,
        "groups_id": [],
        "shift_ids": [],
    },
    "bo": {
        "id": "bo",
        "partner_id": "m.p2",
        "company_ids": ["m.c1", "m.c2"],
        "team_id": False,
        "groups_id": [],
        "shift_ids": [],
    },
}
RECORDS = [
    {
        "user_id": user,
        "state": state,
        "active": active,
        "amount": amount,
        "company_id": company,
        "tag_ids": tags,
        "order_id.user_id": other,
        "line_ids.done": done,
        "team_id": team,
    }
    for user, state, active, amount, company, tags, other, done, team in [
        ("ann", "draft", True, 5, "m.c1", ["x"], "bo", [True, False], False),
        ("bo", "done", False, 0, "m.c2", [], False, [False], "t"),
        (False, False, False, False, False, ["x", "y"], "ann", [], False),
        ("ann", "sent", True, -3, "m.c2", ["m.p1", "m.c2"], "ann", [True], "t"),
    ]
]
LEAVES = (
    "('user_id', '=', user.id)",
    "('user_id', '!=', user.id)",
    "('user_id', 'in', [user.id, False])",
    "('user_id', 'not in', [user.id])",
    "('user_id', '!=', False)",
    "('state', '=', 'draft')",
    "('state', '!=', 'draft')",
    "('state', 'in', ('draft', 'sent'))",
    "('state', 'in', ['draft', False])",
    "('state', 'not in', ['draft', 'sent'])",
    "('state', 'not in', ['draft', False])",
    "('state', '=', False)",
    "('active', '=', True)",
    "('active', '=', False)",
    "('active', '!=', True)",
    "('active', '!=', False)",
    "('amount', '>=', 0)",
    "('amount', '<', 5)",
    "('amount', '=', -3)",
    "('company_id', 'in', company_ids)",
    "('company_id', 'in', company_ids + [False])",
    "('company_id', 'not in', user.company_ids.ids)",
    "('tag_ids', 'in', ['x', 'y'])",
    "('tag_ids', 'not in', ['y'])",
    "('tag_ids', 'in', [user.partner_id.id])",
    "('tag_ids', '=', user.partner_id.id)",
    "('tag_ids', '=', False)",
    "('tag_ids', '!=', False)",
    "('tag_ids', 'in', ['x', False])",
    "('tag_ids', 'not in', ['x', False])",
    "('tag_ids', 'in', company_ids)",
    "('tag_ids', 'not in', user.company_ids.ids)",
    "('line_ids.done', '=', True)",
    "('order_id.user_id', '=', user.id)",
    "('team_id', '=', user.team_id.id)",
    "('team_id', 'in', user.groups_id.ids)",
    "('team_id', 'in', [group.id for group in user.groups_id])",
    "('tag_ids', 'in', user.shift_ids.ids)",
    "('team_id', 'in', user.team_id.ids)",
    "(1, '=', 1)",
    "(0, '=', 1)",
)


class Of:
    """A user in a domain."""

    def __init__(self, value) -> None:
        self.id = value["id"] if isinstance(value, dict) else value
        self.ids = self.id if isinstance(self.id, list) else [self.id] if self.id else []
        for name, each in value.items() if isinstance(value, dict) else ():
            if name != "id":
                setattr(self, name, Of(each))

    def __iter__(self):
        return map(Of, self.ids)


def holds(domain: str, user: dict, record: dict) -> bool:
    """A domain of a row, as Odoo evaluates it."""

    def test(field: str, operator: str, value) -> bool:
        own = record[field] if isinstance(field, str) else field
        owns = own or [False] if isinstance(own, list) else [own]
        values = value if isinstance(value, list | tuple) else [value]
        if operator in ("=", "in"):
            return any(each in values for each in owns)
        if operator in ("!=", "not in"):
            return not any(each in values for each in owns)
        return own is not False and {">=": own >= value, "<": own < value}[operator]

    stack: list[bool] = []
    for term in reversed(eval(domain, {"user": Of(user), "company_ids": user["company_ids"]})):
        if term == "!":
            stack.append(not stack.pop())
        elif isinstance(term, str):
            one, two = stack.pop(), stack.pop()
            stack.append(one and two if term == "&" else one or two)
        else:
            stack.append(test(*term))
    return all(stack)


@st.composite
def domains(draw: st.DrawFn) -> str:
    terms = draw(st.lists(st.sampled_from(LEAVES), min_size=1, max_size=3))
    parts = list(terms)
    for _ in range(len(terms) - 1):
        parts.insert(draw(st.integers(0, 0)), draw(st.sampled_from(("'&'", "'|'"))))
    sizes = any(
        mark in term
        for term in terms
        for mark in (">=", "<", "order_id", "line_ids", "user.team", "user.groups", "user.shift")
    )
    if draw(st.booleans()) and not sizes and len(terms) > 1:
        parts.insert(0, "'!'")
    return f"[{', '.join(parts)}]"


some_of = st.lists(st.sampled_from(OPERATIONS), unique=True, min_size=1).map(tuple)
LISTS = st.lists(st.tuples(st.sampled_from(MODELS), st.sampled_from((*GROUPS, "")), some_of), max_size=8)
RULES = st.lists(
    st.tuples(st.sampled_from(MODELS), st.lists(st.sampled_from(GROUPS), max_size=2, unique=True), some_of, domains()),
    max_size=5,
)
IMPLIED = st.sets(st.sampled_from([(a, b) for a, b in itertools.combinations(reversed(GROUPS), 2)]), max_size=4)
MEMBERS = st.fixed_dictionaries({user: st.lists(st.sampled_from(GROUPS), unique=True) for user in USERS})


def closure(groups, implied) -> set[str]:
    found = {*groups, EVERYBODY}
    while more := {b for a, b in implied if a in found} - found:
        found |= more
    return found


def xml_of(implied, members) -> str:
    out = []
    for group in GROUPS[2:]:
        links = ", ".join(f"(4, ref('{b}'))" for a, b in sorted(implied) if a == group)
        out.append(f'<record id="{group}" model="res.groups"><field name="name">{group}</field>')
        out.append(f'<field name="implied_ids" eval={quoteattr(f"[{links}]")}/></record>')
    for user, groups in members.items():
        of = USERS[user]
        companies = ", ".join(f"ref('{each}')" for each in of["company_ids"])
        out.append(f'<record id="m.u_{user}" model="res.users"><field name="login">{user}</field>')
        out.append(f'<field name="partner_id" ref="{of["partner_id"]}"/>')
        out.append(f'<field name="company_ids" eval="[(6, 0, [{companies}])]"/>')
        links = ", ".join(f"ref('{each}')" for each in groups)
        out.append(f'<field name="groups_id" eval="[(6, 0, [{links}])]"/></record>')
    return f"<odoo>{''.join(out)}</odoo>"


def row(*cells: str) -> str:
    return ",".join('"' + cell.replace('"', '""') + '"' for cell in cells) + "\n"


def allows(here: PolicySet, made: Import, user: str, model: str, operation: str, record: dict) -> bool:
    """What the imported set says of a record, given what its resource has."""
    key, names = model.replace(".", "_"), names_of(made)
    resource = made.imported.resources.get(key)
    attributes = {} if resource is None else resource.attributes
    given_ = {names["attribute", name]: record[name] for name in attributes if record[name] is not False}
    if "active" in attributes:
        given_[names["attribute", "active"]] = record["active"]
    return here.allows(user, operation, names.get(("resource", key), key), given_, now=NOW)


def compare(made: Import, expected) -> None:
    """Whether each user may do with each record what is expected."""
    here = asked(made)
    for user, model, operation, record in itertools.product(USERS, MODELS, OPERATIONS, RECORDS):
        allowed = allows(here, made, user, model, operation, record)
        assert allowed == expected(user, model, operation, record), (user, model, operation, record)


def with_roles(made: Import, members: dict[str, list[str]]) -> PolicySet:
    """The imported set, with users who get each role by itself, as somebody may do it by hand."""
    names = names_of(made)
    text = ""
    for user, groups in members.items():
        values = made.imported.users[user].attributes
        items = [f"{names['subject', key]} : {''.join(map(str, value))}" for key, value in values.items()]
        roles = {names["role", group] for group in groups if ("role", group) in names}
        items += [f"assign role {role}" for role in sorted(roles)]
        text += f'user "{user} by roles" {{ {" ".join(items)} }}\n'
    sources = (*made.project.sources.sources, Source("more.policy", text))
    project = Project(SourceSet(Path(), Config(), sources))
    assert project.ir is not None, text
    return PolicySet(project.ir)


@given(IMPLIED, MEMBERS, LISTS, RULES)
def test_access_lists_and_rules_decide_as_odoo(implied, members, lists, rules) -> None:
    head = row("id", "name", "model_id:id", "group_id:id", *(f"perm_{each}" for each in OPERATIONS))
    csv = head + "".join(
        row(f"a{number}", "a", f"model_{model.replace('.', '_')}", group, *("01"[each in of] for each in OPERATIONS))
        for number, (model, group, of) in enumerate(lists)
    )
    xml = "".join(
        f'<record id="m.r{number}" model="ir.rule"><field name="name">r{number}</field>'
        f'<field name="model_id" ref="model_{model.replace(".", "_")}"/>'
        f'<field name="domain_force">{escape(domain)}</field>'
        f'<field name="groups" eval="[{", ".join(f"(4, ref({g!r}))" for g in groups)}]"/>'
        + "".join(f'<field name="perm_{each}" eval="{each in of}"/>' for each in OPERATIONS)
        + "</record>"
        for number, (model, groups, of, domain) in enumerate(rules)
    )
    files = {
        "m/security/ir.model.access.csv": csv,
        "m/security/rules.xml": f"<odoo>{xml}</odoo>",
        "m/security/groups.xml": xml_of(implied, members),
    }
    made = imported("odoo", files)
    assert not made.refused
    event(f"groups of its own: {bool(made.imported.groups)}")

    def expected(user: str, model: str, operation: str, record: dict) -> bool:
        groups = closure(members[user], implied)
        listed = any(m == model and operation in of and (not g or g in groups) for m, g, of in lists)
        mine = [(g, holds(d, USERS[user], record)) for m, g, of, d in rules if m == model and operation in of]
        by_group = [holds_ for g, holds_ in mine if groups & set(g)]
        return listed and all(each for g, each in mine if not g) and (not by_group or any(by_group))

    compare(made, expected)
    more = with_roles(made, members)
    for user, model, operation, record in itertools.product(USERS, MODELS, OPERATIONS, RECORDS):
        renamed = {key: f"{value} by roles" if value in ("ann", "bo") else value for key, value in record.items()}
        if allows(more, made, f"{user} by roles", model, operation, renamed):
            assert expected(user, model, operation, record), (user, model, operation, record)


@given(IMPLIED, MEMBERS, RULES)
def test_permissions_and_restrictions_decide_as_odoo(implied, members, rules) -> None:
    csv = row("id", "name", "model_id", "group_id/id", "operation", "domain") + "".join(
        row(f"a{number}", "a", model, (groups or [""])[0], "".join(LETTERS[each] for each in of), domain)
        for number, (model, groups, of, domain) in enumerate(rules)
    )
    made = imported("odoo", {"m/security/ir.access.csv": csv, "m/security/groups.xml": xml_of(implied, members)})
    assert not made.refused

    def expected(user: str, model: str, operation: str, record: dict) -> bool:
        groups = closure(members[user], implied)
        mine = [
            ((g or [""])[0], holds(d, USERS[user], record)) for m, g, of, d in rules if m == model and operation in of
        ]
        return any(each for g, each in mine if g in groups) and all(each for g, each in mine if not g)

    compare(made, expected)
