"""Kubernetes: roles, cluster roles and their bindings."""

from __future__ import annotations

from policylang.importing.format import ImportFormat
from policylang.importing.kubernetes.patch import patch
from policylang.importing.kubernetes.read import Groups, read

FORMAT = ImportFormat(
    name="kubernetes",
    title="Kubernetes",
    inputs="manifests (`.yaml`, `.json`) with roles and bindings, such as `kubectl get roles,clusterroles,rolebindings,"
    "clusterrolebindings -A -o yaml` writes; and perhaps lists of the API (`kubectl get --raw /apis/apps/v1`)",
    suffixes=(".yaml", ".yml", ".json"),
    maps={
        "Role, ClusterRole": "a role",
        "a verb on a resource": "`grant get on pods`; a resource of a group is `deployments_apps`, `pods/log` "
        "`pods_log`",
        "`resourceNames`": "a role inside the role, limited by a policy on `name`",
        "`nonResourceURLs`": "the resource `url`, limited by a policy on `path`",
        "`*` as a verb": "`grant all on …`: the verbs that rules and lists of the API name, and the eight usual ones",
        "`*` as a resource": "`on all resources`, or one line for each that is declared",
        "an aggregated ClusterRole": "the roles inside it that its selectors choose",
        "a namespace": "a place, and the attribute `namespace` of every resource; without one it is of the whole "
        "cluster",
        "RoleBinding to a user": "`assign role … at namespace …`",
        "ClusterRoleBinding to a user": "`assign role …`",
        "a service account": "an integration, with a role around those that it has, limited to their namespaces",
        "a group in a binding": "its members: from the mapping (`groups: {devs: [ann, bo]}`); of "
        "`system:authenticated` and `system:serviceaccounts` everybody who is known",
    },
    refuses={
        "unreadable": "a file, or the rest of it, that is not plain YAML, such as a template or one with anchors",
        "shape": "an object, a rule or a subject that is not built as the API says: it is not read",
        "twice": "an object that is there twice and differs in what it says of access: neither is read. Import what "
        "one cluster has",
        "missing-role": "a binding to a role that is not among the inputs: it gives nothing",
        "group-members": "a binding to a group of whom a cluster does not say who is in it: it gives nothing until "
        "the mapping says who",
    },
    leaves_out={
        "other-kind": "objects of other kinds",
        "wildcard": "what `*` would include beyond what is declared here: the policy set knows what is declared, and "
        "denies the rest",
        "unknown-namespaces": "namespaces that hold no role, binding or service account among the inputs: the policy "
        "set denies what is asked about them; `kubectl get namespaces -o yaml` lists all",
        "aggregated-rules": "rules of an aggregated role, which the cluster replaces",
    },
    silent={
        "PL301": "roles of a cluster only add: the names and namespaces of one are no limits of another",
        "PL305": "bindings hold no reasons",
        "PL402": "rules hold no conditions on records",
        "PL408": "users and service accounts are bound to the same roles, and all are in `system:authenticated`",
        "PL604": "a cluster holds no reviews",
        "PL701": "names are those of the cluster",
    },
    read=read,
    patch=patch,
    writes={
        "grant": "a verb of a rule, or a new rule",
        "role": "a ClusterRole more or less, beside the others",
        "assignment": "a user in a ClusterRoleBinding, at a namespace in a RoleBinding; a new binding where there is "
        "none, and none where nobody is left in it",
        "integration": "a service account in these bindings; a new one is called `NAME in NAMESPACE` in its label",
        "inside": "the roles of a service account that has several; other roles hold none",
    },
    by_hand={
        "fields": ("rules are about whole objects", "grant it without attributes"),
        "deny": ("a cluster has no denies", "take the grants away that it is to narrow"),
        "everyone": ("a cluster has no denies", "take the grants away that it is to narrow"),
        "limit": ("limits of a role are in its rules and bindings", "change `resourceNames`, or where it is bound"),
        "condition": ("conditions are in rules and bindings", "change `resourceNames`, or where the role is bound"),
        "dates": ("bindings have no dates", "add and take away the assignment itself"),
        "member": ("a cluster has no groups that hold roles", "assign the roles to the user"),
        "person": ("a cluster knows no more of users than their names", "change it where users are kept"),
        "job": ("a cluster knows no jobs", "assign the roles to the users"),
        "own": ("users have roles and nothing else", "make a role of it"),
    },
    mapping=Groups,
)
