"""What is imported from a cluster decides as its rules do, evaluated directly."""

from __future__ import annotations

import itertools
import json

from hypothesis import given
from hypothesis import strategies as st

from tests.importing.helpers import NOW, asked, imported, names_of

GROUPS, RESOURCES = ("", "apps"), ("pods", "pods/log", "deployments", "nodes")
VERBS, NAMES, URLS = ("get", "list", "create", "drain"), ("a", "b"), ("/healthz", "/api/v1", "/api/v2")
SPACES = ("dev", "prod")
USERS = ("ann", "bo@acme.test", "system:serviceaccount:dev:bot", "system:serviceaccount:prod:bot")


def matches(rule, verb, group, resource, name, url) -> bool:
    """Whether a rule allows a request, as the RBAC authorizer of Kubernetes says it."""
    if not {verb, "*"} & set(rule["verbs"]):
        return False
    if url is not None:
        return any(
            u in ("*", url) or (u[-1:] == "*" and url.startswith(u[:-1])) for u in rule.get("nonResourceURLs", ())
        )
    resources = {resource, "*", *(["*/" + resource.split("/")[1]] if "/" in resource else [])}
    fits = {group, "*"} & set(rule.get("apiGroups", ())) and resources & set(rule.get("resources", ()))
    return bool(fits) and (not rule.get("resourceNames") or name in rule["resourceNames"])


def allowed(objects, user, verb, group, resource, space, name, url=None) -> bool:
    for binding in (each for each in objects if each["kind"].endswith("Binding")):
        if "namespace" in binding["metadata"] and binding["metadata"]["namespace"] != space:
            continue
        if not any(means(subject, user) for subject in binding["subjects"]):
            continue
        for role in objects:
            same = role["kind"] == binding["roleRef"]["kind"] and role["metadata"]["name"] == binding["roleRef"]["name"]
            local = role["kind"] == "ClusterRole" or role["metadata"].get("namespace") == binding["metadata"].get(
                "namespace"
            )
            if same and local and any(matches(rule, verb, group, resource, name, url) for rule in role["rules"]):
                return True
    return False


def means(subject, user: str) -> bool:
    if subject["kind"] == "Group":
        groups = {"system:authenticated"} | ({"devs"} if user in ("ann", USERS[2]) else set())
        groups |= {"system:serviceaccounts"} if user.startswith("system:serviceaccount:") else set()
        return subject["name"] in groups
    if subject["kind"] == "ServiceAccount":
        return user == f"system:serviceaccount:{subject['namespace']}:{subject['name']}"
    return subject["name"] == user


def some(values, wild: str | None = "*", **sizes):
    return st.lists(st.sampled_from((*values, *([wild] if wild else []))), min_size=1, max_size=3, unique=True, **sizes)


RULES = st.fixed_dictionaries(
    {"apiGroups": some(GROUPS), "resources": some((*RESOURCES, "*/log")), "verbs": some(VERBS)},
    optional={"resourceNames": some(NAMES, None)},
)
URL_RULES = st.fixed_dictionaries({"nonResourceURLs": some((*URLS, "/api/*")), "verbs": some(("get", "post"))})
SUBJECTS = st.sampled_from(
    (
        {"kind": "User", "name": "ann"},
        {"kind": "User", "name": "bo@acme.test"},
        {"kind": "ServiceAccount", "name": "bot", "namespace": "dev"},
        {"kind": "ServiceAccount", "name": "bot", "namespace": "prod"},
        {"kind": "Group", "name": "devs"},
        {"kind": "Group", "name": "system:authenticated"},
        {"kind": "Group", "name": "system:serviceaccounts"},
        {"kind": "User", "name": "system:serviceaccount:dev:bot"},
    )
)


@st.composite
def clusters(draw: st.DrawFn):
    api, objects = "rbac.authorization.k8s.io/v1", []
    for name in draw(st.lists(st.sampled_from(("view", "Edit:all", "view in dev")), min_size=1, unique=True)):
        rules = draw(st.lists(RULES | URL_RULES, max_size=2))
        objects.append({"apiVersion": api, "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules})
    for space in draw(st.lists(st.sampled_from(SPACES), unique=True)):
        meta = {"name": "view", "namespace": space}
        rules = draw(st.lists(RULES, max_size=2))
        objects.append({"apiVersion": api, "kind": "Role", "metadata": meta, "rules": rules})
    roles = list(objects)
    for number in range(draw(st.integers(1, 4))):
        role = draw(st.sampled_from(roles))
        space = role["metadata"].get("namespace") or draw(st.sampled_from((None, *SPACES)))
        kind = "RoleBinding" if space else "ClusterRoleBinding"
        meta = {"name": f"b{number}", **({"namespace": space} if space else {})}
        ref = {"kind": role["kind"], "name": role["metadata"]["name"], "apiGroup": "rbac.authorization.k8s.io"}
        subjects = draw(st.lists(SUBJECTS, min_size=1, max_size=2, unique_by=str))
        objects.append({"apiVersion": api, "kind": kind, "metadata": meta, "roleRef": ref, "subjects": subjects})
    return draw(st.permutations(objects))


@given(clusters(), st.booleans())
def test_decides_as_the_cluster(objects, as_list: bool) -> None:
    text = "\n---\n".join(map(json.dumps, [{"kind": "List", "items": objects}] if as_list else objects))
    made = imported("kubernetes", {"all.yaml": text}, {"groups": {"devs": ["ann", USERS[2]], "other": list(USERS)}})
    assert made.refused == ()
    if not made.project.sources.sources:
        return
    here, names = asked(made), names_of(made)
    for user in USERS:
        who = names.get(("integration", "/".join(user.split(":")[2:])), user)
        for verb, group, resource, space, name in itertools.product(
            VERBS, GROUPS, RESOURCES, (None, *SPACES), (None, *NAMES)
        ):
            key = resource if not group else f"{resource.split('/')[0]}.apps{'/log' if '/' in resource else ''}"
            if space is not None and made.imported.places and space not in made.imported.places:
                continue  # `test_namespaces_that_nothing_names_are_not_known`
            if key not in made.imported.resources or verb not in made.imported.resources[key].actions:
                continue
            declared = made.imported.resources[key].attributes
            given_ = {"namespace": space, "name": name}
            record = {k: v for k, v in given_.items() if v is not None and k in declared}
            found = here.allows(who, names["action", verb], names["resource", key], record, now=NOW)
            assert found == allowed(objects, user, verb, group, resource, space, name), (user, verb, key, record)
        for verb, url, space in itertools.product(("get", "post"), URLS, (None,)):
            urls = made.imported.resources.get("non-resource URL")
            if urls is not None and verb in urls.actions:
                found = here.allows(who, names["action", verb], names["resource", urls.key], {"path": url}, now=NOW)
                assert found == allowed(objects, user, verb, None, "", space, None, url), (user, verb, url)
