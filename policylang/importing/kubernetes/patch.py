"""Edits of roles in YAML: a verb in a rule, a new rule; and of bindings: a subject."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from policylang.diagnostics import quoted
from policylang.files.yaml_source import Steps
from policylang.importing.edits import CannotExpressError, SourceEdit, Wanted, line_break
from policylang.importing.imported import Imported
from policylang.importing.kubernetes.objects import Object, read_objects
from policylang.importing.kubernetes.rules import ALL, PolicyRule, key_of, rules_of
from policylang.importing.reading import Inputs
from policylang.source import Source

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9./-]*")
_ITEM = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'|[^,\]\s#]+")


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
        return not (self.said.names or self.said.urls or any(ALL in each for each in words))


def patch(inputs: Inputs, _mapping: Any, wanted: Sequence[Wanted]) -> Iterator[SourceEdit]:
    """Edits for all that is wanted. Raises `CannotExpressError`."""
    sources = {file.path: file.source() for file in inputs.files}
    objects = list(read_objects(inputs, Imported()))
    roles = {_key(each): each for each in objects if each.kind in ("Role", "ClusterRole")}
    rules = {key: _rules(role) for key, role in roles.items()}
    names = {key: name for of in rules.values() for rule in of for key, name in rule.keys.items()}
    new: dict[str, dict[str, list[str]]] = {}
    why: dict[str, str] = {}
    yield from _assign(objects, sources, [each for each in wanted if each.kind == "assignment"])
    for each in wanted:
        if each.kind == "assignment":
            continue
        if each.kind != "grant" or each.holder not in roles:
            raise CannotExpressError(each, "only rules of roles can be changed")
        mine = [rule for rule in rules[each.holder] if each.resource in rule.keys]
        if each.give:
            alone = [rule for rule in mine if rule.is_plain and len(rule.keys) == 1 and rule.said.verbs]
            if alone:
                alone[0].add.append(each)
            else:
                new.setdefault(each.holder, {}).setdefault(each.resource, []).append(each.action)
                why.setdefault(each.holder, each.words)
            continue
        holding = [rule for rule in mine if each.action in rule.said.verbs]
        if not holding or not all(rule.is_plain for rule in holding):
            raise CannotExpressError(each, "it comes from a wildcard, or from a rule that this alone cannot leave")
        for rule in holding:
            rule.take.append(each)
    for holder, of in rules.items():
        for rule in of:
            yield from _changed(rule, sources, new.setdefault(holder, {}), why)
    for holder, grants in new.items():
        if grants:
            yield _new_rules(roles[holder], sources, grants, names, why[holder])


def _key(of: Object) -> str:
    return f"{of.namespace}/{of.name}" if of.namespace else of.name


def _rules(role: Object) -> list[_Rule]:
    """The rules of a role, each with the number that it has in its list."""
    if role.value.get("aggregationRule") is not None:
        return []
    found = []
    for number, rule in enumerate(role.value.get("rules") or ()):
        alone = msgspec.structs.replace(role, value={**role.value, "rules": [rule]})
        for said in rules_of(alone, Imported()):
            keys = {key_of(group, name): (group, name) for name in said.resources for group in said.groups}
            found.append(_Rule(role, number, said, keys, [], []))
    return found


def _changed(
    rule: _Rule, sources: dict[str, Source], new: dict[str, list[str]], why: dict[str, str]
) -> Iterator[SourceEdit]:
    """A rule with other verbs. What it says of other resources beside one that loses a verb stands in a new rule."""
    steps: Steps = (*rule.role.steps, "rules", rule.number, "verbs")
    source = sources[rule.role.path]
    verbs = rule.said.verbs
    for verb in sorted({each.action for each in rule.take}):
        losing = {each.resource for each in rule.take if each.action == verb}
        for key in rule.keys.keys() - losing:
            new.setdefault(key, []).append(verb)
            why.setdefault(_key(rule.role), rule.take[0].words)
    gone = sorted({each.action for each in rule.take})
    added = list(dict.fromkeys(each.action for each in rule.add if each.action not in verbs))
    reason = next((each.words for each in (*rule.take, *rule.add)), "")
    if len(gone) == 1 and len(verbs) > 1 and not added:
        yield _without(rule.role, source, steps, verbs.index(gone[0]), len(verbs), reason)
    elif added and not gone:
        yield _with(rule.role, source, steps, len(verbs) - 1, added, reason)
    elif gone:
        yield _rewritten(rule.role, source, steps, [*(each for each in verbs if each not in gone), *added], reason)


def _rewritten(of: Object, source: Source, steps: Steps, texts: Sequence[str], why: str) -> SourceEdit:
    """A list of texts with others."""
    first = _offset(of, source, (*steps, 0))
    start, end = _list_span(of, source, steps)
    shown = [_like(source.text[first], each) for each in texts]
    if "#" in source.text[start:end]:
        raise ValueError(f"there are comments between the verbs at {of.origin(*steps)}: remove them")
    if _is_flow(of, source, steps):
        return SourceEdit(source.name, start, end, f"[{', '.join(shown)}]", why)
    if not shown:  # deeper than a block, whose lines may stand where the key does
        return SourceEdit(source.name, start, end, "  []", why)
    indent = " " * (of.document.places[steps][1] - 1)
    made = f"{line_break(source.text)}{indent}".join(f"- {each}" for each in shown)
    return SourceEdit(source.name, start, end, made, why)


def _offset(of: Object, source: Source, steps: Steps) -> int:
    line, column = of.document.places[steps]
    return source.line_starts[line - 1] + column - 1


def _item(of: Object, source: Source, steps: Steps) -> tuple[int, int]:
    """The extent of a text in a list."""
    start = _offset(of, source, steps)
    found = _ITEM.match(source.text, start)
    assert found is not None
    return start, found.end()


def _is_flow(of: Object, source: Source, steps: Steps) -> bool:
    return source.text[_offset(of, source, steps)] == "["


def _list_span(of: Object, source: Source, steps: Steps) -> tuple[int, int]:
    """From the beginning of a list of texts to its end, in a block without the line break."""
    count = 0
    while (*steps, count) in of.document.places:
        count += 1
    start = _offset(of, source, steps)
    end = _item(of, source, (*steps, count - 1))[1]
    return start, source.text.index("]", end) + 1 if _is_flow(of, source, steps) else end


def _with(of: Object, source: Source, steps: Steps, last: int, texts: Sequence[str], why: str) -> SourceEdit:
    """Texts behind the last one of a list, written like that."""
    start, end = _item(of, source, (*steps, last))
    shown = [_like(source.text[start], each) for each in texts]
    if _is_flow(of, source, steps):
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
    return json.dumps(text) if quote == '"' or not _PLAIN.fullmatch(text) else text


def _without(of: Object, source: Source, steps: Steps, index: int, count: int, why: str) -> SourceEdit:
    """A list without one of its texts, which is not the only one."""
    start, end = _item(of, source, (*steps, index))
    if _is_flow(of, source, steps):
        if index + 1 < count:
            return SourceEdit(source.name, start, _item(of, source, (*steps, index + 1))[0], "", why)
        return SourceEdit(source.name, _item(of, source, (*steps, index - 1))[1], end, "", why)
    if index + 1 < count:
        return SourceEdit(source.name, start, _item(of, source, (*steps, index + 1))[0], "", why)
    return SourceEdit(source.name, _item(of, source, (*steps, index - 1))[1], end, "", why)


def _new_rules(
    role: Object, sources: dict[str, Source], grants: dict[str, list[str]], names: dict[str, tuple[str, str]], why: str
) -> SourceEdit:
    """Rules before the first one of a role, laid out in a block."""
    source = sources[role.path]
    first: Steps = (*role.steps, "rules", 0)
    missing = Wanted("grant", "role", _key(role), next(iter(grants)), "", "", True, why, "")
    if first not in role.document.places:
        raise CannotExpressError(missing, "the role has no rule to add another after")
    start = _offset(role, source, first)
    line = source.text.rfind("\n", 0, start) + 1
    dash = source.text[line:start]
    if dash.strip() != "-":
        raise CannotExpressError(missing, "the rules of the role are not on lines of their own")
    indent = " " * len(dash)
    made = []
    together: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for key, verbs in sorted(grants.items()):
        group, name = names.get(key) or _named(key)
        together.setdefault((group, tuple(sorted(set(verbs)))), []).append(name)
    for (group, every), resources in sorted(together.items()):
        parts = (("apiGroups", [group]), ("resources", resources), ("verbs", every))
        lines = [f"{each}: [{', '.join(json.dumps(text) for text in texts)}]" for each, texts in parts]
        made.append(line_break(source.text).join([f"{dash}{lines[0]}", *(f"{indent}{each}" for each in lines[1:])]))
    text = "".join(f"{each}{line_break(source.text)}" for each in made)
    return SourceEdit(source.name, line, line, text, why)


def _named(key: str) -> tuple[str, str]:
    """Group and name of a resource that no rule speaks of."""
    base, slash, sub = key.partition("/")
    name, _, group = base.partition(".")
    return group, f"{name}{slash}{sub}"


def _assign(objects: Sequence[Object], sources: dict[str, Source], wanted: Sequence[Wanted]) -> Iterator[SourceEdit]:
    """Subjects of bindings, of the whole cluster or of a namespace: new ones beside those of one binding, and all of
    these without those that go.
    """
    added: dict[int, list[Wanted]] = {}
    gone: dict[int, dict[int, Wanted]] = {}
    for each in wanted:
        fitting = [number for number, of in enumerate(objects) if _binds(of, each)]
        mine = [(number, at) for number in fitting for at in _subjects_named(objects[number], each.holder)]
        if not (fitting if each.give else mine):
            where = f"in the namespace {quoted(each.place)}" if each.place else "in the whole cluster"
            why = "beside whose subjects it could stand" if each.give else "whose subject it is by name"
            raise CannotExpressError(each, f"there is no binding {where} to the role {why}")
        if each.give:
            added.setdefault(fitting[0], []).append(each)
        else:
            for number, at in mine:
                gone.setdefault(number, {})[at] = each
    for number, binding in enumerate(objects):
        source = sources[binding.path]
        for each in added.get(number, ()):
            yield _with_subject(binding, source, each)
        for at, each in gone.get(number, {}).items():
            if len(gone[number]) == len(binding.value["subjects"]) and number not in added:
                raise CannotExpressError(
                    each, f"nobody would be left in the binding at {binding.origin('subjects', at)}"
                )
            yield _without_subject(binding, source, at, each)


def _binds(of: Object, wanted: Wanted) -> bool:
    """Whether a binding is to the role, where it is to be given."""
    ref, subjects = of.value.get("roleRef"), of.value.get("subjects")
    if not isinstance(ref, dict) or not isinstance(subjects, list) or not subjects:
        return False
    kind = "RoleBinding" if wanted.place else "ClusterRoleBinding"
    key = f"{of.namespace}/{ref.get('name')}" if ref.get("kind") == "Role" else ref.get("name")
    return (of.kind, of.namespace, key) == (kind, wanted.place, wanted.role)


def _subjects_named(of: Object, user: str) -> Iterator[int]:
    for number, each in enumerate(of.value["subjects"]):
        if isinstance(each, dict) and (each.get("kind"), each.get("name")) == ("User", user):
            yield number


def _lines_of(of: Object, source: Source, number: int, wanted: Wanted) -> tuple[int, str]:
    """Where the line of a subject begins, and its dash."""
    start = _offset(of, source, (*of.steps, "subjects", number))
    line = source.text.rfind("\n", 0, start) + 1
    dash = source.text[line:start]
    if dash.strip() != "-":
        raise CannotExpressError(wanted, "the subjects of the binding are not on lines of their own")
    return line, dash


def _with_subject(of: Object, source: Source, wanted: Wanted) -> SourceEdit:
    line, dash = _lines_of(of, source, 0, wanted)
    ending, indent = line_break(source.text), " " * len(dash)
    parts = ("kind: User", f"name: {json.dumps(wanted.holder)}", 'apiGroup: "rbac.authorization.k8s.io"')
    text = "".join(f"{indent if number else dash}{each}{ending}" for number, each in enumerate(parts))
    return SourceEdit(source.name, line, line, text, wanted.words)


def _without_subject(of: Object, source: Source, number: int, wanted: Wanted) -> SourceEdit:
    count = len(of.value["subjects"])
    line, dash = _lines_of(of, source, number, wanted)
    if number + 1 < count:
        return SourceEdit(source.name, line, _lines_of(of, source, number + 1, wanted)[0], "", wanted.words)
    end = line
    for text in source.text[line:].splitlines(keepends=True):  # those of the item are deeper than its dash
        if end > line and len(text) - len(text.lstrip(" ")) < len(dash):
            break
        end += len(text)
    return SourceEdit(source.name, line, end, "", wanted.words)
