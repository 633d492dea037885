"""Kubernetes: aggregation, hostile files, and files that hold nothing of it."""

from __future__ import annotations

import pytest

from policylang.importing.reading import NotThisError
from tests.importing.helpers import NOW, asked, codes, imported, text

ROLE = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: %s%s}\n%s\n---\n"
RULES = "rules: [{apiGroups: [''], resources: [%s], verbs: [get]}]"


def test_roles_that_aggregate_one_another_are_taken_apart() -> None:
    rule = "aggregationRule: {clusterRoleSelectors: [{matchExpressions: [{key: x, operator: %s}]}]}"
    files = ROLE % ("a", ", labels: {x: 'true'}", rule % "Exists")
    files += ROLE % ("b", ", labels: {x: 'true'}", rule % "DoesNotExist")
    files += ROLE % ("c", ", labels: {x: 'true'}", RULES % "pods")
    files += ROLE % ("d", "", RULES % "nodes")
    written = text(imported("kubernetes", {"a.yaml": files}), "roles.policy")
    assert "role a { role c, d }" in written
    assert "role b { role d }" in written


ACCOUNT = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: bot, namespace: dev, labels: {app: %s}}\n---\n"


def test_objects_that_differ_in_what_is_not_about_access_are_the_same() -> None:
    role = ROLE % ("c", ", annotations: {by: %s}", RULES % "pods")
    made = imported("kubernetes", {"a.yaml": ACCOUNT % "a" + role % "a", "b.yaml": ACCOUNT % "b" + role % "b"})
    assert codes(made) == []
    labelled = ROLE % ("c", ", labels: {aggregate: 'true'}", RULES % "pods")
    assert codes(imported("kubernetes", {"a.yaml": role % "a", "b.yaml": labelled})) == ["twice"]


def test_a_definition_of_a_resource_may_be_nested_deeply() -> None:
    definition = "kind: CustomResourceDefinition\nspec: " + "{properties: " * 60 + "{}" + "}" * 60 + "\n---\n"
    made = imported("kubernetes", {"a.yaml": definition + ROLE % ("c", "", RULES % "pods")})
    assert codes(made) == []
    assert "role c { grant get on pods }" in text(made, "roles.policy")


def test_a_service_account_of_no_namespace_is_told() -> None:
    binding = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: x}\n"
    binding += "roleRef: {kind: ClusterRole, name: c}\nsubjects: [{kind: ServiceAccount, name: bot}]\n"
    made = imported("kubernetes", {"a.yaml": ROLE % ("c", "", RULES % "pods") + binding})
    assert [note.message for note in made.refused] == [
        "a subject of ClusterRoleBinding `x` is the service account `bot` of no namespace"
    ]


@pytest.mark.parametrize(
    "content",
    [
        "a: &a [x]\nb: [*a, *a]\n",
        "a: !!python/object/apply:os.system [id]\n",
        "a: [\n",
        "\t{}",
        "[" * 5000,
        "a: 1\na: 2\n",
        "\x00",
    ],
)
def test_what_is_no_plain_yaml_is_refused_with_its_place(content: str) -> None:
    made = imported("kubernetes", {"a.yaml": content, "b.yaml": ROLE % ("c", "", RULES % "pods")})
    assert codes(made) == ["unreadable"]
    assert "role c { grant get on pods }" in text(made, "roles.policy")


@pytest.mark.parametrize("content", ["{{- if .Values.rbac }}\nkind: Role\n{{- end }}\n", "kind: {{ .Values.kind }}\n"])
def test_a_template_is_called_one(content: str) -> None:
    made = imported("kubernetes", {"a.yaml": content, "b.yaml": ROLE % ("c", "", RULES % "pods")})
    assert [note.message for note in made.refused] == ["this is a template: import what `helm template` makes of it"]


@pytest.mark.parametrize(
    "content",
    [
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\n",
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: 5\n",
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: x, namespace: [y]}\n",
        ROLE % ("a", "", "rules: 5"),
        ROLE % ("a", "", "rules: [{apiGroups: [''], resources: [1], verbs: [get]}]"),
        ROLE % ("a", "", "aggregationRule: {clusterRoleSelectors: [{matchExpressions: [{key: 5}]}]}"),
        ROLE % ("a", "", "rules: [{nonResourceURLs: [/], resources: [pods], apiGroups: [''], verbs: [get]}]"),
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: x}\nroleRef: 5\n",
        "kind: APIResourceList\nresources: [5]\n---\n" + ROLE % ("a", "", "rules: []"),
    ],
)
def test_objects_of_other_shapes_are_refused(content: str) -> None:
    assert codes(imported("kubernetes", {"a.yaml": content})) == ["shape"]


def test_a_file_without_any_role() -> None:
    with pytest.raises(NotThisError, match="no Kubernetes roles"):
        imported("kubernetes", {"a.yaml": "kind: Pod\napiVersion: v1\n"})


def test_a_wildcard_beside_urls_is_not_one_for_urls() -> None:
    urls = "rules: [{nonResourceURLs: ['*'], verbs: ['*']}]"
    files = ROLE % ("urls", "", urls) + ROLE % (
        "all",
        "",
        "rules: [{apiGroups: ['*'], resources: ['*'], verbs: ['*']}]",
    )
    written = text(imported("kubernetes", {"a.yaml": files + ROLE % ("c", "", RULES % "pods")}), "roles.policy")
    assert "role all { grant all on pods }" in written
    assert "grant all on all resources" not in written
    assert "grant all on url" in written.partition("role urls")[2]


@pytest.mark.parametrize(
    "rule",
    [
        "apiGroups: ['', apps, '*'], resources: ['*'], verbs: [get]",
        "apiGroups: ['*'], resources: ['*'], verbs: ['*']",
        "apiGroups: ['*'], resources: ['*'], verbs: [get], resourceNames: [x]",
        "apiGroups: [apps], resources: ['*'], verbs: [get]",
        "apiGroups: ['*'], resources: ['*/scale'], verbs: [get]",
        "apiGroups: [apps], resources: ['*/scale'], verbs: ['*'], resourceNames: [x]",
    ],
)
def test_wildcards_where_nothing_is_named_stand_for_nothing(rule: str) -> None:
    made = imported("kubernetes", {"a.yaml": ROLE % ("c", "", f"rules: [{{{rule}}}]")})
    assert text(made, "roles.policy").splitlines()[1:] == ["role c"]
    assert [note.code for note in made.left_out] == ["wildcard"]


@pytest.mark.parametrize("resource", ["pods", "'*'"])
def test_a_resource_without_verbs_is_granted_to_nobody(resource: str) -> None:
    listed = "kind: APIResourceList\ngroupVersion: v1\nresources: [{name: pods, verbs: []}]\n---\n"
    rule = f"rules: [{{apiGroups: ['', '*'], resources: [{resource}], verbs: ['*']}}]"
    made = imported("kubernetes", {"a.yaml": listed + ROLE % ("c", "", rule)})
    assert text(made, "roles.policy").splitlines()[1:] == ["role c"]


def test_namespaces_that_nothing_names_are_not_known() -> None:
    binding = (
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: b}\n"
        "roleRef: {kind: ClusterRole, name: c}\nsubjects: [{kind: User, name: ann}]\n"
    )
    files = ROLE % ("c", "", RULES % "pods") + binding
    made = imported("kubernetes", {"a.yaml": files})
    assert [note.code for note in made.left_out] == ["unknown-namespaces"]
    made = imported(
        "kubernetes", {"a.yaml": f"{files}---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: prod}}\n"}
    )
    assert made.left_out == ()
    assert asked(made).allows("ann", "get", "pods", {"namespace": "prod"}, now=NOW)


def test_a_namespace_in_which_something_is_is_known() -> None:
    files = (
        f"{ROLE % ('c', '', RULES % 'pods')}apiVersion: v1\nkind: ServiceAccount\n"
        "metadata: {name: bot, namespace: dev}\n"
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: b}\n"
        "roleRef: {kind: ClusterRole, name: c}\nsubjects: [{kind: ServiceAccount, name: bot, namespace: dev}]\n"
    )
    here = asked(imported("kubernetes", {"a.yaml": files}))
    assert here.allows("bot_in_dev", "get", "pods", {"namespace": "dev"}, now=NOW)
    assert not here.allows("bot_in_dev", "get", "pods", {"namespace": "prod"}, now=NOW)


def test_every_object_has_a_name() -> None:
    binding = (
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: b}\n"
        "roleRef: {kind: ClusterRole, name: c}\nsubjects: [{kind: User, name: ann}]\n"
    )
    role = ROLE % ("c", "", "rules: [{apiGroups: [''], resources: [pods/exec], verbs: [create]}]")
    made = imported("kubernetes", {"a.yaml": role + binding})
    assert asked(made).allows("ann", "create", "pods_exec", {"name": "web-0"}, now=NOW)


@pytest.mark.parametrize(
    ("verbs", "urls", "expected"),
    [
        ("'*'", "['*']", "grant all on all resources"),
        ("get, drain", "['*']", "grant drain, get on all resources"),
        ("get", "[/healthz]", "grant get on pods"),
        ("drain", "[/healthz]", "grant drain on all resources"),
    ],
)
def test_a_role_of_everything_and_every_url_is_one_grant(verbs: str, urls: str, expected: str) -> None:
    rules = f"{{apiGroups: ['*'], resources: ['*'], verbs: [{verbs}]}}, {{nonResourceURLs: {urls}, verbs: [get, post]}}"
    files = ROLE % ("all", "", f"rules: [{rules}]") + ROLE % ("c", "", RULES % "pods")
    written = text(imported("kubernetes", {"a.yaml": files}), "roles.policy").partition("role c")[0]
    assert expected in written
    assert ("all resources" in written) == ("all resources" in expected)


def test_a_service_account_without_a_namespace_is_of_that_of_the_binding() -> None:
    binding = (
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: b, namespace: dev}\n"
        "roleRef: {kind: ClusterRole, name: c}\nsubjects: [{kind: ServiceAccount, name: bot}]\n"
    )
    made = imported("kubernetes", {"a.yaml": ROLE % ("c", "", RULES % "pods") + binding})
    assert codes(made) == []
    assert list(made.imported.integrations) == ["dev/bot"]
    everywhere = binding.replace("RoleBinding", "ClusterRoleBinding").replace(", namespace: dev", "")
    assert codes(imported("kubernetes", {"a.yaml": ROLE % ("c", "", RULES % "pods") + everywhere})) == ["shape"]
