"""Edits of roles: a verb in a rule, a new rule, a role more or less; and of the bindings to them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from policylang.diagnostics import quoted
from policylang.files.yaml_source import Steps
from policylang.importing.edits import CannotExpressError, SourceEdit, Wanted, line_break, telling
from policylang.importing.imported import Imported
from policylang.importing.kubernetes.objects import Object, read_objects
from policylang.importing.kubernetes.patch_bindings import binding, given, patch_bindings
from policylang.importing.kubernetes.patch_yaml import (
    changed_items,
    count,
    new_documents,
    without_object,
)
from policylang.importing.kubernetes.rules import ALL, PolicyRule, key_of, rules_of
from policylang.importing.reading import Inputs
from policylang.text.readable import json_in_yaml

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9./-]*")
_ITEM = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'|[^,\]\s#]+")
_NAME = re.compile(r"[a-z0-9]([a-z0-9.:-]*[a-z0-9])?")
_ROLES, _BINDINGS = ("Role", "ClusterRole"), ("RoleBinding", "ClusterRoleBinding")


class _Rule(msgspec.Struct):
    """A rule with its place, and what is to change in it. ``keys``: its resources, by how it names them."""

    role: Object
    number: int
    said: PolicyRule
    keys: dict[str, tuple[str, str]]
    add: list[Wanted] = []
    take: list[Wanted] = []

    @property
    def is_plain(self) -> bool:
        """Whether it says what it says of what it names, and of nothing else."""
        words = (*self.said.groups, *self.said.resources, *self.said.verbs)
        return not (self.said.urls or any(ALL in each for each in words))

    @property
    def holder(self) -> str:
        """The key of the role that an import makes of it: one inside, where only some records are meant."""
        key = self.role.key
        return "\n".join([key, *self.keys, "", *self.said.names]) if self.said.names else key


def patch(inputs: Inputs, _mapping: Any, wanted: Sequence[Wanted]) -> Iterator[SourceEdit]:
    """Edits for all that is wanted. Raises `CannotExpressError`."""
    if wanted:
        yield from _Patching(inputs, _with_names(wanted)).edits()


def _with_names(wanted: Sequence[Wanted]) -> list[Wanted]:
    """The statements in which new roles are called as a cluster calls them."""
    new = [each for each in wanted if each.kind == "role" and each.of == "role" and each.give]
    names = {each.holder: _name(each) for each in new if not each.holder.startswith("\n")}
    return [
        msgspec.structs.replace(each, holder=names.get(each.holder, each.holder), role=names.get(each.role, each.role))
        for each in wanted
    ]


def _name(of: Wanted) -> str:
    return of.label if _NAME.fullmatch(of.label) else of.name.replace("_", "-").strip("-").lower()


class _Patching:
    def __init__(self, inputs: Inputs, wanted: Sequence[Wanted]) -> None:
        self._objects = list(read_objects(inputs, Imported()))
        self._wanted = wanted
        self._roles = {each.key: each for each in self._objects if each.kind in _ROLES}
        self._rules: dict[str, list[_Rule]] = {}
        for role in self._roles.values():
            for rule in _rules(role):
                self._rules.setdefault(rule.holder, []).append(rule)
        self._names = {key: name for of in self._rules.values() for rule in of for key, name in rule.keys.items()}
        self._new: dict[str, dict[str, list[str]]] = {}
        """By holder and resource, verbs for which a new rule is needed."""
        self._why: dict[str, Wanted] = {}
        self._lists: dict[str, tuple[set[int], list[Any], Wanted]] = {}
        self._objects_to_add: dict[tuple[str, Steps], tuple[Object, list[Any], Wanted]] = {}
        self._gone: list[tuple[Object, Wanted]] = []

    def edits(self) -> Iterator[SourceEdit]:
        created: dict[str, Wanted] = {}
        for each in self._wanted:
            if each.kind == "role":
                self._role(each, created)
        yield from self._bindings()
        for each in self._wanted:
            if each.kind == "inside" and not each.is_gone and not each.holder.startswith("\n"):
                help = f"give {quoted(each.holder)} the grants themselves"
                raise CannotExpressError(each, "a role of a cluster holds no other roles", help)
            elif each.kind == "grant" and not each.is_gone:
                self._grant(each, created)
        for of in self._rules.values():
            for rule in of:
                yield from self._changed(rule)
        for holder, each in created.items():
            self._add_object(_role(holder, self._new_rules(holder)), _ROLES, each)
        for holder in self._new:
            if holder not in created:
                self._add_rules(holder)
        for key, (gone, new, wanted) in self._lists.items():
            role = self._roles[key]
            with telling(wanted):
                steps: Steps = (*role.steps, "rules")
                yield from changed_items(role, steps, new, gone, wanted.words)
        yield from self._whole_objects()

    def _whole_objects(self) -> Iterator[SourceEdit]:
        """Objects that are new or gone, all of a list together."""
        gone: dict[tuple[str, Steps], list[tuple[Object, Wanted]]] = {}
        for of, wanted in self._gone:
            if "items" in of.steps:
                gone.setdefault(_list_of(of), []).append((of, wanted))
            else:
                yield without_object(of, wanted.words)
        for at in {**self._objects_to_add, **gone}:
            beside, objects, wanted = self._objects_to_add.get(at) or (gone[at][0][0], [], gone[at][0][1])
            indices = [index for of, _ in gone.get(at, ()) if isinstance(index := of.steps[-1], int)]
            with telling(wanted):
                if "items" in beside.steps:
                    steps = beside.steps[:-1]
                    yield from changed_items(beside, steps, objects, sorted(indices), wanted.words)
                else:
                    yield new_documents(beside.source, objects, wanted.words)

    def _bindings(self) -> Iterator[SourceEdit]:
        every = list(given(self._objects, self._wanted))
        if not every:
            return
        with telling(every[0].wanted):
            edits, new, gone = patch_bindings(self._objects, every)
        self._gone += gone
        yield from edits
        taken = {(each.kind, each.namespace, each.name) for each in self._objects}
        for each in new:
            self._add_object(binding(each, taken), (*_BINDINGS, *_ROLES), each[0].wanted)

    def _add_object(self, made: dict[str, Any], kinds: Sequence[str], wanted: Wanted) -> None:
        """Beside the last object of the first of these kinds that there is."""
        there = [of for kind in kinds for of in self._objects if of.kind == kind]
        if not there:
            raise CannotExpressError(wanted, "there is no object that it could stand beside")
        found = [of for of in there if of.kind == made["kind"]] or [of for of in there if of.kind in kinds]
        beside = found[-1]
        self._objects_to_add.setdefault(_list_of(beside), (beside, [], wanted))[1].append(made)

    def _role(self, wanted: Wanted, created: dict[str, Wanted]) -> None:
        if wanted.give and wanted.of == "group":
            raise CannotExpressError(wanted, "a cluster has no groups that hold roles", "make it a role")
        if wanted.give and not wanted.holder.startswith("\n"):
            created[wanted.holder] = wanted
        elif wanted.holder in self._roles:
            self._gone.append((self._roles[wanted.holder], wanted))
            for key in [key for key in self._rules if key == wanted.holder or key.startswith(f"{wanted.holder}\n")]:
                del self._rules[key]

    def _grant(self, wanted: Wanted, created: Mapping[str, Wanted]) -> None:
        if wanted.holder in created:
            self._needs_rule(wanted.holder, wanted.resource, wanted)
            return
        rules = self._rules.get(wanted.holder, [])
        if wanted.holder not in self._roles and not rules:
            help = "change the rules of the roles that it is made of"
            raise CannotExpressError(wanted, "only rules of roles can be changed", help)
        mine = [rule for rule in rules if wanted.resource in rule.keys]
        if wanted.give:
            alone = [rule for rule in mine if rule.is_plain and len(rule.keys) == 1 and rule.said.verbs]
            if alone:
                alone[0].add.append(wanted)
            else:
                self._needs_rule(wanted.holder, wanted.resource, wanted)
            return
        holding = [rule for rule in mine if wanted.action in rule.said.verbs]
        if not holding or not all(rule.is_plain for rule in holding):
            why = "it comes from a wildcard, or from a rule that this alone cannot leave"
            raise CannotExpressError(wanted, why, "name what is left in the rule instead of `*`")
        for rule in holding:
            rule.take.append(wanted)

    def _needs_rule(self, holder: str, resource: str, wanted: Wanted, verb: str = "") -> None:
        self._new.setdefault(holder, {}).setdefault(resource, []).append(verb or wanted.action)
        self._why.setdefault(holder, wanted)

    # --- rules -------------------------------------------------------------------------------------------------------

    def _changed(self, rule: _Rule) -> Iterator[SourceEdit]:
        """A rule with other verbs. What it says of resources beside one that loses a verb stands in a new rule."""
        of = rule.role
        steps: Steps = (*of.steps, "rules", rule.number, "verbs")
        verbs = rule.said.verbs
        for verb in sorted({each.action for each in rule.take}):
            losing = {each.resource for each in rule.take if each.action == verb}
            for key in rule.keys.keys() - losing:
                self._needs_rule(rule.holder, key, rule.take[0], verb)
        gone = sorted({each.action for each in rule.take})
        added = list(dict.fromkeys(each.action for each in rule.add if each.action not in verbs))
        reason = next((each.words for each in (*rule.take, *rule.add)), "")
        if len(gone) == len(verbs) and not added:
            self._rules_of(of, rule.take[0])[0].add(rule.number)
        elif len(gone) == 1 and len(verbs) > 1 and not added:
            yield _without(of, steps, verbs.index(gone[0]), len(verbs), reason)
        elif added and not gone:
            yield _with(of, steps, len(verbs) - 1, added, reason)
        elif gone:
            yield _rewritten(of, steps, [*(each for each in verbs if each not in gone), *added], reason)

    def _rules_of(self, role: Object, wanted: Wanted) -> tuple[set[int], list[Any], Wanted]:
        """What is to go from the rules of a role, and what is new there."""
        return self._lists.setdefault(role.key, (set(), [], wanted))

    def _add_rules(self, holder: str) -> None:
        role, wanted = self._roles[holder.partition("\n")[0]], self._why[holder]
        if role.value.get("aggregationRule") is not None:
            raise CannotExpressError(wanted, "the cluster makes the rules of the role", "change a role that it selects")
        self._rules_of(role, wanted)[1].extend(self._new_rules(holder))

    def _new_rules(self, holder: str) -> list[dict[str, list[str]]]:
        together: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        for key, verbs in sorted(self._new.get(holder, {}).items()):
            group, name = self._names.get(key) or _named(key)
            together.setdefault((group, tuple(sorted(set(verbs)))), []).append(name)
        names = holder.partition("\n\n")[2].split("\n") if "\n\n" in holder else []
        return [
            {
                "apiGroups": [group],
                "resources": resources,
                **({"resourceNames": names} if names else {}),
                "verbs": list(verbs),
            }
            for (group, verbs), resources in sorted(together.items())
        ]


def _role(name: str, rules: list[dict[str, list[str]]]) -> dict[str, Any]:
    """An object for a new role, in the whole cluster."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": rules,
    }


def _list_of(of: Object) -> tuple[str, Steps]:
    """The list that an object stands in; its file, if it is a document."""
    return of.source.name, of.steps[:-1] if "items" in of.steps else ()


def _rules(role: Object) -> Iterator[_Rule]:
    """The rules of a role, each with the number that it has in its list."""
    if role.value.get("aggregationRule") is not None:
        return
    for number, rule in enumerate(role.value.get("rules") or ()):
        alone = msgspec.structs.replace(role, value={**role.value, "rules": [rule]})
        for said in rules_of(alone, Imported()):
            keys = {key_of(group, name): (group, name) for name in said.resources for group in said.groups}
            yield _Rule(role, number, said, keys)


def _rewritten(of: Object, steps: Steps, texts: Sequence[str], why: str) -> SourceEdit:
    """A list of texts with others."""
    source, first = of.source, of.offset((*steps, 0))
    start, end = _list_span(of, steps)
    shown = [_like(source.text[first], each) for each in texts]
    if "#" in source.text[start:end]:
        raise ValueError(f"there are comments between the verbs at {of.origin(*steps)}: remove them")
    if _is_flow(of, steps):
        return SourceEdit(source.name, start, end, f"[{', '.join(shown)}]", why)
    if not shown:  # deeper than a block, whose lines may stand where the key does
        return SourceEdit(source.name, start, end, "  []", why)
    indent = " " * (of.document.places[steps][1] - 1)
    made = f"{line_break(source.text)}{indent}".join(f"- {each}" for each in shown)
    return SourceEdit(source.name, start, end, made, why)


def _item(of: Object, steps: Steps) -> tuple[int, int]:
    """The extent of a text in a list."""
    start = of.offset(steps)
    found = _ITEM.match(of.source.text, start)
    assert found is not None
    return start, found.end()


def _is_flow(of: Object, steps: Steps) -> bool:
    return of.source.text[of.offset(steps)] == "["


def _list_span(of: Object, steps: Steps) -> tuple[int, int]:
    """From the beginning of a list of texts to its end, in a block without the line break."""
    start = of.offset(steps)
    end = _item(of, (*steps, count(of, steps) - 1))[1]
    return start, of.source.text.index("]", end) + 1 if _is_flow(of, steps) else end


def _with(of: Object, steps: Steps, last: int, texts: Sequence[str], why: str) -> SourceEdit:
    """Texts behind the last one of a list, written like that."""
    source = of.source
    start, end = _item(of, (*steps, last))
    shown = [_like(source.text[start], each) for each in texts]
    if _is_flow(of, steps):
        return SourceEdit(source.name, end, end, "".join(f", {each}" for each in shown), why)
    line = source.text.rfind("\n", 0, start) + 1
    dash = source.text[line:start]
    dash = dash if dash.strip() == "-" else " " * (len(dash) - 2) + "- "
    made = "".join(f"{line_break(source.text)}{dash}{each}" for each in shown)
    return SourceEdit(source.name, end, end, made, why)


def _like(quote: str, text: str) -> str:
    """A text as its neighbour is written."""
    if quote == "'":
        return "'" + text.replace("'", "''") + "'"
    return json_in_yaml(text) if quote == '"' or not _PLAIN.fullmatch(text) else text


def _without(of: Object, steps: Steps, index: int, count: int, why: str) -> SourceEdit:
    """A list without one of its texts, which is not the only one."""
    start, end = _item(of, (*steps, index))
    if index + 1 < count:
        return SourceEdit(of.source.name, start, _item(of, (*steps, index + 1))[0], "", why)
    return SourceEdit(of.source.name, _item(of, (*steps, index - 1))[1], end, "", why)


def _named(key: str) -> tuple[str, str]:
    """Group and name of a resource that no rule speaks of."""
    base, slash, sub = key.partition("/")
    name, _, group = base.partition(".")
    return group, f"{name}{slash}{sub}"
