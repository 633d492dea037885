"""Roles and bindings of a cluster as an imported set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from policylang.diagnostics import quoted
from policylang.importing.imported import Imported, Integration, Origin, Ref, RoleOrGroup, Text
from policylang.importing.kubernetes.objects import KINDS, Object, read_objects
from policylang.importing.kubernetes.rules import ALL, NAME, NAMESPACE, PATH, URL, Catalogue, PolicyRule, rules_of
from policylang.importing.kubernetes.selectors import selected
from policylang.importing.kubernetes.subjects import Principal, Subjects
from policylang.importing.reading import Inputs, NotThisError
from policylang.importing.texts import text


class Groups(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``groups``: who is in a group; a cluster does not say."""

    groups: dict[str, tuple[str, ...]] = {}


def read(inputs: Inputs, mapping: Groups | None) -> Imported:
    """Read all objects. Raises `NotThisError` where there are none about access."""
    imported = Imported()
    objects = list(read_objects(inputs, imported))
    if not any(each.kind in KINDS for each in objects) and not imported.refused:
        where = inputs.files[0].path if inputs.files else "INPUT"
        raise NotThisError(where, "no Kubernetes roles or bindings were found", "`kubectl get … -o yaml` writes them")
    _Cluster(imported, objects, (mapping or Groups()).groups).read()
    return imported


class _Cluster:
    def __init__(self, imported: Imported, objects: Iterable[Object], groups: Mapping[str, tuple[str, ...]]) -> None:
        self._set = imported
        self._objects: dict[str, list[Object]] = {}
        for each in objects:
            self._objects.setdefault(each.kind, []).append(each)
        self._roles = {(each.namespace, each.name): each for each in (*self._of("Role"), *self._of("ClusterRole"))}
        self._rules: dict[tuple[str, str], tuple[PolicyRule, ...]] = {}
        self._catalogue = Catalogue(imported)
        self._subjects = Subjects(imported, groups, self._of("ServiceAccount"))
        self._accounts: dict[str, dict[tuple[str, str], Origin]] = {}
        """Of each service account the roles that it has, with the namespace, and where that is said."""

    def _of(self, *kinds: str) -> list[Object]:
        return [each for kind in kinds for each in self._objects.get(kind, ())]

    def read(self) -> None:
        self._set.place_kinds = (NAMESPACE,)
        for each in self._of(*self._objects):
            if space := each.name if each.kind == "Namespace" else each.namespace:
                self._set.place(space, NAMESPACE, each.origin())
        for each in self._of("APIResourceList"):
            self._catalogue.read_list(each)
        for key, role in self._roles.items():
            self._rules[key] = tuple(self._rules_of(role))
            for rule in self._rules[key]:
                self._catalogue.read_rule(rule)
                if rule.urls:
                    self._set.resource(URL, rule.origin, "URL").attribute(PATH, rule.origin)
        for rules in self._rules.values():
            for rule in rules:
                self._catalogue.matching(rule)  # declares what is named for whatever group has it
        self._declare_verbs()
        for key in sorted(self._roles):
            self._role(*key)
        bindings = self._of("RoleBinding", "ClusterRoleBinding")
        self._subjects.read(bindings)
        for each in bindings:
            self._binding(each)
        self._integrations()
        everywhere = self._of("ClusterRoleBinding")
        if everywhere and not self._of("Namespace"):
            message = "this holds in every namespace, and the inputs hold no list of them"
            self._set.leave_out("unknown-namespaces", min(each.origin() for each in everywhere), message)
        if not self._set.places:
            self._set.place_kinds = ()
        for resource in self._set.resources.values():
            at = resource.first
            if resource.key != URL:
                resource.attribute(NAME, at)
            if self._set.places:
                resource.attribute(NAMESPACE, at, (Ref("place kind", NAMESPACE),))

    # --- roles -------------------------------------------------------------------------------------------------

    def _rules_of(self, role: Object) -> Iterator[PolicyRule]:
        """The rules of a role; of an aggregated one those of the roles that it selects, which replace its own."""
        if role.value.get("aggregationRule") is None:
            yield from rules_of(role, self._set)
        elif role.value.get("rules") and any(self._aggregated(role)):
            message = f"{quoted(role.name)} is made of other roles, which replace its own rules"
            self._set.leave_out("aggregated-rules", role.origin("rules"), message)
        else:
            yield from rules_of(role, self._set)

    def _aggregated(self, role: Object) -> Iterator[Object]:
        """The roles that an aggregated one is made of, those that aggregate themselves taken apart."""
        seen = {role.name}
        waiting = [role]
        while waiting:
            for each in selected(waiting.pop(), self._of("ClusterRole"), self._set):
                if each.name in seen:
                    continue
                seen.add(each.name)
                if each.value.get("aggregationRule") is None:
                    yield each
                else:
                    waiting.append(each)

    def _declare_verbs(self) -> None:
        """Before any wildcard stands for them."""
        for rules in self._rules.values():
            for rule in rules:
                if rule.urls:
                    self._catalogue_url(rule)
                    continue
                found = self._catalogue.matching(rule)
                for key in self._catalogue.every() if found is None else found:
                    self._catalogue.add_verbs(key, rule.verbs, rule.origin)
                self._catalogue.note(rule)

    def _catalogue_url(self, rule: PolicyRule) -> None:
        for verb in rule.verbs:
            for each in ("get", "post", "put", "delete", "head", "options", "patch") if verb == ALL else (verb,):
                self._set.resources[URL].action(each, rule.origin)

    def _role(self, namespace: str, name: str) -> None:
        role = self._roles[namespace, name]
        label = f"{name} in {namespace}" if namespace else name
        bundle = self._set.role(role.key, role.origin(), label)
        rules = self._rules[namespace, name]
        for rule in rules:
            self._grant(bundle, rule, rules)
        if role.value.get("aggregationRule") is not None:
            for each in self._aggregated(role):
                bundle.includes[each.name] = role.origin("aggregationRule")

    def _grant(self, bundle: RoleOrGroup, rule: PolicyRule, rules: tuple[PolicyRule, ...]) -> None:
        """The grants of a rule: in the role itself, or in one inside it where only some records are meant."""
        if rule.urls:
            condition = () if ALL in rule.urls else _urls(rule.urls)
            of = bundle
            if condition:
                of = self._inner(bundle, rule, rule.urls, ((URL, condition),))
            self._add(of, (URL,), rule)
            return
        keys = self._catalogue.matching(rule)
        known = self._catalogue.every() if keys is None else keys
        named = tuple(key for key in known if self._set.resources[key].actions)
        if not named:  # wildcards that stand for nothing
            return
        if not rule.names:
            is_all = keys is None and self._with_urls(rule, rules)
            self._add(bundle, None if is_all else named, rule)
            return
        values = [text(each) for each in rule.names]
        said = f" is {values[0]}" if len(values) == 1 else f" in [{', '.join(values)}]"
        limits = tuple((key, (Ref("attribute", NAME), said)) for key in named)
        self._add(self._inner(bundle, rule, rule.names, limits), named, rule)

    def _with_urls(self, rule: PolicyRule, rules: tuple[PolicyRule, ...]) -> bool:
        """Whether a role may do to every URL what a rule of it allows on all resources, of which URLs are none."""
        verbs = self._set.resources[URL].actions if URL in self._set.resources else {}
        open_to = {verb for each in rules if ALL in each.urls for verb in each.verbs}
        return ALL in open_to or all(verb in open_to for verb in verbs if ALL in rule.verbs or verb in rule.verbs)

    def _add(self, bundle: RoleOrGroup, keys: tuple[str, ...] | None, rule: PolicyRule) -> None:
        verbs: tuple[str | None, ...] = (None,) if ALL in rule.verbs else rule.verbs
        for key in (None,) if keys is None else keys:
            for verb in verbs:
                bundle.grant(key, verb, rule.origin)

    def _inner(
        self, bundle: RoleOrGroup, rule: PolicyRule, names: tuple[str, ...], limits: tuple[tuple[str, Text], ...]
    ) -> RoleOrGroup:
        """A role inside a role, for what only some records are open to."""
        shown = ", ".join(names)
        key = "\n".join([bundle.key, *(resource for resource, _ in limits), "", *names])
        inner = self._set.role(key, rule.origin, f"{bundle.label}: {shown}")
        bundle.includes.setdefault(key, rule.origin)
        for resource, condition in limits:
            policy = "\n".join([resource, *names])
            label = f"{self._set.resources[resource].label or resource} {shown}"
            self._set.policy(policy, rule.origin, label, resource, condition)
            if all(each.policy != policy for each in inner.limits):
                inner.limit(policy, rule.origin)
        return inner

    # --- bindings ----------------------------------------------------------------------------------------------

    def _binding(self, binding: Object) -> None:
        ref = binding.value.get("roleRef")
        kind, name = (ref.get("kind"), ref.get("name")) if isinstance(ref, dict) else (None, None)
        namespace = binding.namespace if kind == "Role" else ""
        if kind not in ("Role", "ClusterRole") or not isinstance(name, str):
            self._set.refuse("shape", binding.origin("roleRef"), f"{binding.kind} {quoted(binding.name)} names no role")
            return
        if (namespace, name) not in self._roles:
            message = f"the {kind} {quoted(name)} of {binding.kind} {quoted(binding.name)} is not among the inputs"
            self._set.refuse("missing-role", binding.origin("roleRef"), message)
            return
        role = self._roles[namespace, name].key
        for principal, origin in self._subjects.of(binding):
            self._give(principal, role, binding.namespace, origin)

    def _give(self, principal: Principal, role: str, namespace: str, origin: Origin) -> None:
        if principal.is_account:
            self._accounts.setdefault(principal.name, {}).setdefault((role, namespace), origin)
            return
        user = self._set.user(principal.name, origin)
        if all((each.role, each.place or "") != (role, namespace) for each in user.assignments):
            user.assign(role, origin, namespace or None)

    # --- service accounts --------------------------------------------------------------------------------------

    def _integrations(self) -> None:
        """An integration has one role, everywhere: one around those that it has, limited to their namespaces."""
        for account, given in sorted(self._accounts.items()):
            roles = {
                role if not namespace else self._limited(role, namespace, origin): origin
                for (role, namespace), origin in sorted(given.items())
            }
            first = next(iter(roles))
            if len(roles) > 1:
                first = f"\n{account}"
                bundle = self._set.role(first, next(iter(roles.values())), f"access of {account}")
                bundle.includes |= roles
            name, namespace = account.rpartition("/")[2], account.rpartition("/")[0]
            self._set.integrations[account] = Integration(
                key=account,
                label=f"{name} in {namespace}",
                origins=dict.fromkeys(sorted(given.values())),
                includes={first: given[min(given)]},
                objects=tuple(sorted(self._reached(first))),
            )

    def _limited(self, role: str, namespace: str, origin: Origin) -> str:
        """The role in one namespace alone."""
        called = self._set.roles[role].label
        label = f"{called} alone" if role.startswith(f"{namespace}/") else f"{called}, only in {namespace}"
        key = f"\n{namespace}\n{role}"
        if key in self._set.roles:
            self._set.roles[key].seen(origin)
            return key
        bundle = self._set.role(key, origin, label)
        bundle.includes[role] = origin
        reached = sorted(self._reached(role))
        policy = f"\n{namespace}"
        condition: Text = (Ref("attribute", NAMESPACE), f" is {text(namespace)}")
        if reached:
            self._set.policy(policy, origin, f"in {namespace}", None, condition, (NAMESPACE,))
        for resource in reached:
            bundle.limit(policy, origin, resource=resource)
        return key

    def _reached(self, role: str) -> set[str]:
        """The resources on which a role grants something, by itself or by roles inside it."""
        found: set[str] = set()
        bundle = self._set.roles[role]
        for each in (bundle, *self._set.roles_inside(bundle).values()):
            for grant in each.grants:
                found |= {*self._set.resources} if grant.resource is None else {grant.resource}
        return found


def _urls(urls: tuple[str, ...]) -> Text:
    """The condition that a path is one of some URLs; those that end in a star stand for what begins with them."""
    parts: list[str | Ref] = []
    for url in urls:
        parts += [" or "] if parts else []
        said = f" starts with {text(url.rstrip(ALL))}" if url.endswith(ALL) else f" is {text(url)}"
        parts += [Ref("attribute", PATH), said]
    return tuple(parts)
