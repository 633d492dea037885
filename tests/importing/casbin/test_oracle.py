"""What is imported decides as pycasbin does, on models and policies that are made up."""

from __future__ import annotations

import itertools
import logging

import casbin
from hypothesis import given
from hypothesis import strategies as st

from policylang.importing.casbin.read import DOMAIN
from tests.importing.helpers import NOW, asked, imported, names_of

ALLOW, DENY = "some(where (p.eft == allow))", "!some(where (p.eft == deny))"
USERS = ("ann", "bo", "Cy Lee")
ROLES = ("admin", "editor", "Reader (all)", "guest")
OBJECTS = ("data1", "Customer Files", "/api/x")
ACTIONS = ("read", "write", "all", "not")
DOMAINS = ("north", "south")


def model(domains: bool, effect: str, roles: bool, has_effect: bool) -> str:
    fields = "sub, dom, obj, act" if domains else "sub, obj, act"
    subject = ("g(r.sub, p.sub, r.dom)" if domains else "g(r.sub, p.sub)") if roles else "r.sub == p.sub"
    same = " && r.dom == p.dom" if domains else ""
    definition = f"[role_definition]\ng = {'_, _, _' if domains else '_, _'}\n" if roles else ""
    return (
        f"[request_definition]\nr = {fields}\n[policy_definition]\np = {fields}{', eft' if has_effect else ''}\n"
        f"{definition}[policy_effect]\ne = {effect}\n"
        f"[matchers]\nm = {subject}{same} && r.obj == p.obj && r.act == p.act\n"
    )


@st.composite
def policies(draw: st.DrawFn, domains: bool, roles: bool, has_effect: bool) -> str:
    where = [st.sampled_from(DOMAINS)] if domains else []
    effect = [st.sampled_from(("allow", "allow", "deny", "other"))] if has_effect else []
    subjects = st.sampled_from((*USERS, *(ROLES if roles else ())))
    grant = st.tuples(st.just("p"), subjects, *where, st.sampled_from(OBJECTS), st.sampled_from(ACTIONS), *effect)
    link = st.tuples(st.just("g"), subjects, st.sampled_from(ROLES), *where)
    rows = draw(st.lists(grant, max_size=10))
    rows += draw(st.lists(link.filter(lambda row: row[1] != row[2]), max_size=8)) if roles else []
    return "".join(f"{', '.join(row)}\n" for row in draw(st.permutations(rows)))


@given(st.data(), st.booleans(), st.booleans(), st.booleans(), st.sampled_from((ALLOW, f"{ALLOW} && {DENY}", DENY)))
def test_decides_as_casbin(data, domains: bool, roles: bool, has_effect: bool, effect: str) -> None:
    conf = model(domains, effect, roles, has_effect)
    csv = data.draw(policies(domains, roles, has_effect))
    made = imported("casbin", {"model.conf": conf, "policy.csv": csv})
    assert {note.code for note in made.refused} <= {"allowed-by-default"}
    if not made.imported.users:
        return
    here = asked(made)
    enforcer = enforcer_of(conf, csv)
    names = {key: name for (kind, key), name in names_of(made).items() if kind == "resource"}
    actions = {key: name for (kind, key), name in names_of(made).items() if kind == "action"}
    for user, object_, action, where in itertools.product(USERS, OBJECTS, ACTIONS, DOMAINS if domains else ("",)):
        if not (named(made, user, object_, action) and (not domains or where in made.imported.places)):
            continue
        request = (user, where, object_, action) if domains else (user, object_, action)
        record = {DOMAIN: where} if domains else {}
        allowed = here.allows(user, actions[action], names[object_], record, now=NOW)
        assert allowed == enforcer.enforce(*request), (conf, csv, request)


def named(made, user: str, object_: str, action: str) -> bool:
    """Whether the policy names all of it: what it does not is refused where Casbin would allow it."""
    resource = made.imported.resources.get(object_)
    return user in made.imported.users and resource is not None and action in resource.actions


def enforcer_of(conf: str, csv: str) -> casbin.Enforcer:
    logging.disable(logging.CRITICAL)
    made = casbin.Model()
    made.load_model_from_text(conf)
    enforcer = casbin.Enforcer(made)
    for line in csv.splitlines():
        casbin.persist.load_policy_line(line, enforcer.model)
    enforcer.build_role_links()
    return enforcer
