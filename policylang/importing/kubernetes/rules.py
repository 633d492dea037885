"""What rules grant: verbs on resources, wildcards among them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from policylang.diagnostics import quoted
from policylang.importing.imported import Imported, Origin
from policylang.importing.kubernetes.objects import Object, texts

ALL = "*"
NAMESPACE, NAME, PATH = "namespace", "name", "path"
URL = "non-resource URL"
_STANDARD = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
"""Verbs of every kind of object, which a wildcard stands for where no list of the API says otherwise."""


class PolicyRule(msgspec.Struct, frozen=True):
    """``resources``: as the API groups and names them, subresources behind a slash."""

    groups: tuple[str, ...]
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    names: tuple[str, ...]
    urls: tuple[str, ...]
    origin: Origin


def rules_of(role: Object, imported: Imported) -> Iterator[PolicyRule]:
    """The rules of a role. One that is not built like a rule is refused."""
    for number, rule in enumerate(role.list("rules", imported)):
        origin = role.origin("rules", number)
        fields: list[Any] = [None]
        if isinstance(rule, dict):
            keys = ("apiGroups", "resources", "verbs", "resourceNames", "nonResourceURLs")
            fields = [texts(rule.get(key)) for key in keys]
        if None in fields:
            imported.refuse("shape", origin, "a rule has lists of texts: the rule is not read")
            continue
        groups, resources, verbs, names, urls = (tuple(dict.fromkeys(field)) for field in fields)
        if urls and (role.kind == "Role" or resources):
            imported.refuse(
                "shape", origin, "`nonResourceURLs` must be alone in a rule of a ClusterRole: the rule is not read"
            )
        elif verbs and (urls or (groups and resources)):
            yield PolicyRule(groups, resources, verbs, names, urls, origin)


def key_of(group: str, resource: str) -> str:
    """What a resource is called here: as `kubectl` does, with its group where that is not the core."""
    base, slash, sub = resource.partition("/")
    return f"{base}.{group}{slash}{sub}" if group else resource


class Catalogue:
    """The resources that are known, from rules and from lists of the API; wildcards stand for these."""

    def __init__(self, imported: Imported) -> None:
        self._set = imported
        self._listed: set[str] = set()
        self._of: dict[tuple[str, str], str] = {}

    def declare(self, group: str, resource: str, at: Origin) -> str:
        key = key_of(group, resource)
        self._of[group, resource] = key
        self._set.resource(key, at)
        return key

    def read_list(self, document: Object) -> None:
        """An `APIResourceList`, as the cluster itself gives it."""
        group, slash, _ = document.name.rpartition("/")
        for number, each in enumerate(document.list("resources", self._set)):
            at = document.origin("resources", number)
            verbs = texts(each.get("verbs")) if isinstance(each, dict) else None
            if verbs is None or not isinstance(each.get("name"), str) or not each["name"]:
                self._set.refuse("shape", at, "a resource of the API has a `name` and `verbs`: it is not read")
                continue
            key = self.declare(group if slash else "", each["name"], at)
            self._listed.add(key)
            for verb in verbs:
                self._set.resources[key].action(verb, at)

    def read_rule(self, rule: PolicyRule) -> None:
        """What a rule names, wildcards aside."""
        for resource in rule.resources:
            for group in rule.groups:
                if ALL not in (group, resource) and not resource.startswith(f"{ALL}/"):
                    self.declare(group, resource, rule.origin)

    def matching(self, rule: PolicyRule) -> tuple[str, ...] | None:
        """The resources that a rule is about; ``None`` for all."""
        if ALL in rule.groups and ALL in rule.resources:
            return None
        found: dict[str, None] = {}
        for resource in rule.resources:
            for group in rule.groups:
                keys = [
                    key
                    for (of, name), key in self._of.items()
                    if group in (of, ALL)
                    and (
                        resource in (name, ALL)
                        or (resource[:2] == f"{ALL}/" and name.partition("/")[2] == resource[2:])
                    )
                ]
                if not keys and group == ALL and ALL not in resource:
                    keys = [self.declare("", resource, rule.origin)]
                found.update(dict.fromkeys(keys))
        return tuple(found)

    def every(self) -> tuple[str, ...]:
        return tuple(self._of.values())

    def add_verbs(self, key: str, verbs: tuple[str, ...], at: Origin) -> None:
        """Declare verbs on a resource; for a wildcard the usual ones, where no list of the API says which there are."""
        for verb in verbs:
            if verb != ALL:
                self._set.resources[key].action(verb, at)
        if ALL in verbs and key not in self._listed:
            for verb in _STANDARD:
                self._set.resources[key].action(verb, at)

    def note(self, rule: PolicyRule) -> None:
        """Say what wildcards stand for."""
        wild = [
            word
            for word, of in (("verbs", rule.verbs), ("resources", rule.resources), ("API groups", rule.groups))
            if any(ALL in each for each in of)
        ]
        if wild:
            message = f"{quoted(ALL)} means the {' and '.join(wild)} that are declared here"
            self._set.leave_out("wildcard", rule.origin, message)
