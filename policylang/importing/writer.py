"""An imported set as policy text: one file a subject, in an order that does not depend on that of the inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TypeVar

import msgspec

from policylang.importing.imported import (
    Grant,
    Imported,
    ImportedThing,
    Integration,
    Job,
    OfName,
    Origin,
    Policy,
    Resource,
    RoleOrGroup,
    Text,
    User,
)
from policylang.importing.texts import LONGEST_LABEL, comment, label, text

_Thing = TypeVar("_Thing", bound=ImportedThing)

_WIDTH = 120
_MOST_PLACES = 3
_USUAL = {name: number for number, name in enumerate(("view", "read", "create", "modify", "write", "delete"))}
"""The order of actions; all others come behind in the order of their names."""


class Item(msgspec.Struct, frozen=True):
    """A line in a block, and where it comes from."""

    text: str
    origins: tuple[Origin, ...] = ()


class Declared(msgspec.Struct, frozen=True):
    """A declaration: what stands before its block, and the items in that; ``None`` where it has no block of items.
    ``commented``: whether its place stands above it though it has not several items.
    """

    head: str
    origins: tuple[Origin, ...]
    items: tuple[Item, ...] | None = None
    commented: bool = False

    def text(self) -> str:
        """In any layout; a block of one item on one line where that may fit."""
        if self.items is None:
            return self.head
        if not self.items:
            return f"{self.head} {{ }}"
        if len(self.items) == 1 and len(self.head) + len(self.items[0].text) < _WIDTH - 5:
            return f"{self.head} {{ {self.items[0].text} }}"
        inside = "\n".join(f"  {item.text}" for item in self.items)
        return f"{self.head} {{\n{inside}\n}}"


Files = dict[str, tuple[str, list[Declared]]]
"""By name of the file: what it holds, in a word or two, and the declarations."""


class PolicySetWriter:
    """Writes the statements of one imported set, whose names are given."""

    def __init__(self, imported: Imported, names: Mapping[tuple[OfName, str], str]) -> None:
        self._set, self._names = imported, names
        self._kinds = {key: each.kind for of in (imported.places, imported.known_places) for key, each in of.items()}

    def files(self) -> Files:
        """The declarations of each file, without files that would be empty."""
        of = self._set
        found: Files = {
            "world.policy": ("places and attributes of users", list(self._world())),
            "resources.policy": ("resources", list(self._sorted("resource", of.resources, self._resource))),
            "policies.policy": ("policies", list(self._sorted("policy", of.policies, self._policy))),
            "groups.policy": ("groups", list(self._sorted("group", of.groups, partial(self._bundle, "group")))),
            "roles.policy": ("roles", list(self._sorted("role", of.roles, partial(self._bundle, "role")))),
            "denies.policy": ("denies for everyone", list(self._denies())),
            "integrations.policy": (
                "integrations",
                list(self._sorted("integration", of.integrations, self._integration)),
            ),
            "people.policy": (
                "jobs and users",
                [*self._jobs(), *(self._user(each) for _, each in sorted(of.users.items()))],
            ),
        }
        return {name: content for name, content in found.items() if content[1]}

    # --- names -------------------------------------------------------------------------------------------------

    def _name(self, kind: OfName, key: str) -> str:
        return self._names[kind, key]

    def _many(self, kind: OfName, keys: Iterable[str]) -> str:
        return ", ".join(sorted({self._name(kind, key) for key in keys}))

    def _text(self, parts: Text) -> str:
        return "".join(part if isinstance(part, str) else self._name(part.kind, part.key) for part in parts)

    def _label(self, name: str, of: ImportedThing) -> str:
        """What people call it, where the name does not say that."""
        room = min(LONGEST_LABEL, _WIDTH - 20 - len(name))
        return "" if of.called == name or not of.called.strip() else f" {label(of.called, room)}"

    def _sorted(
        self, kind: OfName, of: Mapping[str, _Thing], write: Callable[[str, _Thing], Declared]
    ) -> Iterator[Declared]:
        for name, each in sorted((self._name(kind, key), each) for key, each in of.items()):
            yield write(name, each)

    # --- the world -----------------------------------------------------------------------------------------------

    def _world(self) -> Iterator[Declared]:
        of = self._set
        if of.place_kinds:
            yield Declared("scope " + " contains ".join(self._name("place kind", key) for key in of.place_kinds), ())
        depth = {key: number for number, key in enumerate(of.place_kinds or of.known_place_kinds)}
        for place in sorted(of.places.values(), key=lambda each: (depth[each.kind], each.key)):
            head = f"place {self._name('place kind', place.kind)} {text(place.key)}"
            yield Declared(head, tuple(place.origins))
        if of.subject:
            named = sorted((self._name("subject", key), each) for key, each in of.subject.items())
            items = [Item(f"{name} : {self._text(each.type)}", tuple(each.origins)) for name, each in named]
            yield Declared("subject", tuple(dict.fromkeys(o for item in items for o in item.origins)), tuple(items))

    def _resource(self, name: str, of: Resource) -> Declared:
        items = []
        for key in sorted(of.attributes, key=lambda key: self._name("attribute", key)):
            each = of.attributes[key]
            marks = ("optional " if each.optional else "") + ("sensitive " if each.sensitive else "")
            written = f"{marks}{self._name('attribute', key)} : {self._text(each.type)}"
            items.append(Item(written, tuple(each.origins)))
        keys = self._in_order(of.actions)
        plain = [key for key in keys if not of.actions[key].clauses]
        if plain:
            origins = dict.fromkeys(origin for key in plain for origin in of.actions[key].origins)
            items.append(Item(f"actions {', '.join(self._name('action', key) for key in plain)}", tuple(origins)))
        for key in keys:
            each_action = of.actions[key]
            if each_action.clauses:
                written = f"action {self._name('action', key)} {self._text(each_action.clauses)}"
                items.append(Item(written, tuple(each_action.origins)))
        return Declared(f"resource {name}{self._label(name, of)}", tuple(of.origins), tuple(items))

    def _in_order(self, actions: Iterable[str]) -> list[str]:
        def rank(key: str) -> tuple[int, str]:
            name = self._name("action", key)
            return _USUAL.get(name, len(_USUAL)), name

        return sorted(actions, key=rank)

    def _policy(self, name: str, of: Policy) -> Declared:
        on = f"any resource with {self._many('attribute', of.attributes)}"
        if of.resource is not None:
            on = self._name("resource", of.resource)
        head = f"policy {name}{self._label(name, of)} on {on}"
        return Declared(f"{head} {{ {self._text(of.condition)} }}", tuple(of.origins), commented=True)

    def _actions(self, keys: Iterable[str]) -> str:
        return ", ".join(self._name("action", key) for key in self._in_order(dict.fromkeys(keys)))

    # --- roles and groups ----------------------------------------------------------------------------------------

    def _bundle(self, kind: str, name: str, of: RoleOrGroup) -> Declared:
        items = [*self._included(of.includes), *self._grants(of.grants)]
        limits: dict[str, dict[Origin, None]] = {}
        for limit in of.limits:
            said = self._name("policy", limit.policy)
            said += "" if limit.resource is None else f" on {self._name('resource', limit.resource)}"
            said += f" for {self._actions(limit.actions)}" if limit.actions else ""
            limits.setdefault(said, {}).setdefault(limit.origin)
        items += [Item(f"policy {policy}", tuple(limits[policy])) for policy in sorted(limits)]
        return Declared(f"{kind} {name}{self._label(name, of)}", tuple(of.origins), tuple(items) or None)

    def _included(self, includes: Mapping[str, Origin]) -> Iterator[Item]:
        if includes:
            yield Item(f"role {self._many('role', includes)}", tuple(dict.fromkeys(sorted(includes.values()))))

    def _grants(self, grants: Iterable[Grant]) -> Iterator[Item]:
        """Grants that are alike but for their actions on one line; denies behind them."""
        lines: dict[tuple[bool, str, str, str], dict[str | None, dict[Origin, None]]] = {}
        for each in grants:
            on = "all resources" if each.resource is None else self._name("resource", each.resource)
            lines.setdefault((each.deny, on, self._extent(each), each.because), {}).setdefault(
                each.action, {}
            ).setdefault(each.origin)
        for (deny, resource, extent, because), actions in sorted(lines.items()):
            keys = [None] if None in actions else self._in_order(key for key in actions if key is not None)
            origins = dict.fromkeys(origin for action in keys for origin in actions[action])
            reason = f" because {text(because)}" if because else ""
            named = ", ".join("all" if key is None else self._name("action", key) for key in keys)
            yield Item(f"{'deny' if deny else 'grant'} {named} on {resource}{extent}{reason}", tuple(origins))

    def _extent(self, of: Grant) -> str:
        """What of a record it covers."""
        said = f" ({self._many('attribute', of.fields)})" if of.fields else ""
        said += f" except {self._many('attribute', of.exclude)}" if of.exclude else ""
        said += f" including {self._many('attribute', of.including)}" if of.including else ""
        return said + (f" {{ {self._text(of.condition)} }}" if of.condition else "")

    def _denies(self) -> Iterator[Declared]:
        for item in self._grants(self._set.denies):
            yield Declared(item.text, item.origins, commented=True)

    # --- people --------------------------------------------------------------------------------------------------

    def _jobs(self) -> Iterator[Declared]:
        for code, job in sorted(self._set.jobs.items()):
            yield Declared(f"job {text(code)}{_label_of(job)}", tuple(job.origins), tuple(self._included(job.includes)))

    def _user(self, of: User) -> Declared:
        marks = f"{'superuser ' if of.superuser else ''}{'terminated ' if of.terminated else ''}"
        head = f"{marks}user {text(of.key)}{_label_of(of)}"
        head += "" if of.group is None else f" in {self._name('group', of.group)}"
        head += "" if of.job is None else f" job {text(of.job)}"
        values = sorted((self._name("subject", key), self._text(value)) for key, value in of.attributes.items())
        items = [Item(f"{name} : {value}", tuple(of.origins)) for name, value in values]
        given: dict[str, dict[Origin, None]] = {}
        for each in of.assignments:
            kind = None if each.place is None else self._kinds[each.place]
            written = f"assign role {self._name('role', each.role)}"
            written += "" if kind is None else f" at {self._name('place kind', kind)} {text(each.place or '')}"
            written += f" from {each.start}" if each.start else ""
            written += f" until {each.until}" if each.until else ""
            written += f" because {text(each.because)}" if each.because else ""
            written += f" approved by {text(each.approved_by)}" if each.approved_by else ""
            given.setdefault(written, {}).setdefault(each.origin)
        items += [Item(written, tuple(given[written])) for written in sorted(given)]
        return Declared(head, tuple(of.origins), tuple(items) or None)

    def _integration(self, name: str, of: Integration) -> Declared:
        items = [*self._included(of.includes)]
        if of.objects:
            items.append(Item(f"objects {self._many('resource', of.objects)}", tuple(of.origins)))
        return Declared(f"integration {name}{self._label(name, of)}", tuple(of.origins), tuple(items))


def _label_of(of: User | Job) -> str:
    return "" if of.label is None or of.label == of.key or not of.label.strip() else f" {label(of.label)}"


def written(title: str, format: str, declared: Sequence[Declared]) -> str:
    """A file in any layout: who wrote it, and before each block where it comes from."""
    inputs = sorted({origin.path for each in declared for origin in each.origins})
    parts = [comment(f"{title[:1].upper()}{title[1:]}, imported from {format}{_listed(inputs)}.")]
    for each in declared:
        if each.commented or (each.items and len(each.items) > 1):
            parts.append(f"\n{comment('from ' + places(each))}")
        parts.append(each.text())
    return "\n".join(parts) + "\n"


def _listed(paths: Sequence[str]) -> str:
    if not paths:
        return ""
    shown = [path for path in paths[:_MOST_PLACES] if len(path) <= 24]
    more = len(paths) - len(shown)
    if not shown:
        return f", {more} file{'' if more == 1 else 's'}"
    return f": {', '.join(shown)}{f' and {more} more' if more else ''}"


def places(declared: Declared) -> str:
    """Where a declaration and what is in it come from: the first files, and the first and last line in each."""
    lines: dict[str, list[int]] = {}
    for origin in (*declared.origins, *(origin for item in declared.items or () for origin in item.origins)):
        lines.setdefault(origin.path, []).append(origin.line)
    shown = []
    for path, numbers in sorted(lines.items())[:_MOST_PLACES]:
        first, last = min(numbers), max(numbers)
        shown.append(f"{path}:{first}" + (f"-{last}" if last > first else "") if last else path)
    while len(shown) > 1 and len(", ".join(shown)) > _WIDTH - 30:
        shown.pop()
    more = len(lines) - len(shown)
    said = ", ".join(shown)
    said = said if len(said) <= _WIDTH - 30 else f"…{said[-(_WIDTH - 40) :]}"
    return f"{said} and {more} more files" if more > 1 else f"{said} and one more file" if more else said
