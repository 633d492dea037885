"""Adding an imported set to a policy set that is there: what that declares is used, and not declared again.

A thing is the one that is there if it has its name or its label. What an import says of it beyond that cannot be added
to a declaration somewhere else, so it is refused; and where it would narrow, so is all that hangs on it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import msgspec

from policylang.diagnostics import quoted
from policylang.importing.imported import (
    Attribute,
    Grant,
    Imported,
    Integration,
    Job,
    OfName,
    OfText,
    Origin,
    RoleOrGroup,
    refs,
)
from policylang.importing.lacking import Lacking, trim
from policylang.importing.matching import same_things
from policylang.importing.names import NamesByKey, identifier
from policylang.ir import nodes as ir
from policylang.model.types import TextType
from policylang.project.project import Project
from policylang.settings.limits import Limits
from policylang.source import Source
from policylang.syntax.parser import Parsed

CODE = "declared-there"
WHY = "the target policy set declares this with less or other content: change it there"


class Into(msgspec.Struct, frozen=True):
    """A policy set to add to, without an earlier import in ``folder``, seen from its root."""

    project: Project
    folder: str

    def with_files(self, texts: Mapping[str, str], parser: Callable[[Source, Limits], Parsed]) -> Project:
        """The policy set as it will be."""
        sources = self.project.sources
        new = (Source(f"{self.folder}/{name}", text) for name, text in texts.items())
        together = sorted((*sources.sources, *new), key=lambda source: source.name)
        return Project(msgspec.structs.replace(sources, sources=tuple(together)), parser=parser)


def use_existing(imported: Imported, there: ir.PolicySet) -> tuple[NamesByKey, Mapping[OfName, frozenset[str]]]:
    """Take out of an imported set what the policy set declares, and refuse what cannot be said of that. Gives the names
    of that, and by kind those that nothing new may have.
    """
    merging = _Merging(imported, there)
    merging.resources()
    merging.world()
    merging.bundles()
    merging.people()
    taken: dict[OfName, frozenset[str]] = {
        "policy": frozenset(each.name for each in there.policies),
        "integration": frozenset(each.name for each in there.integrations),
    }
    return merging.names, taken


class _Merging:
    def __init__(self, imported: Imported, there: ir.PolicySet) -> None:
        self._set, self._there = imported, there
        self.names: dict[tuple[OfName | OfText, str], str] = {}
        self._closed: dict[tuple[OfName, str], bool] = {}
        """What nobody gets, and whether it takes something away."""

    def _refuse(self, origin: Origin, message: str) -> None:
        self._set.refuse(CODE, origin, message)

    def _match(self, kind: OfName) -> dict[str, Any]:
        """By key what is there already."""
        found = same_things(kind, self._set.labelled[kind], self._there)
        self.names.update({(kind, key): same.name for key, same in found.items()})
        return found

    def resources(self) -> None:
        """The resources that are there, without what they lack: grants of it go, and what it would limit is closed."""
        found = self._match("resource")
        self._spell_out(found.keys())
        lacking = Lacking()
        for key, there in found.items():
            mine = self._set.resources.pop(key)
            actions = {each.name for each in there.actions}
            for action, each in mine.actions.items():
                name = identifier(each.called, "action")
                if name in actions:
                    self.names["action", action] = name
                else:
                    lacking.actions.add((key, action))
                    message = f"the resource `{there.name}` there has no action {quoted(action)}"
                    self._refuse(each.first, message)
            attributes = {each.name: each for each in there.attributes}
            for name, attribute in mine.attributes.items():
                same = attributes.get(identifier(name, "attribute"))
                origin = attribute.first
                if same is None:
                    lacking.attributes.add((key, name))
                    if _is_place(attribute):
                        lacking.places.add(key)
                    self._refuse(origin, f"the resource `{there.name}` there has no attribute {quoted(name)}")
                    continue
                self.names["attribute", name] = same.name
                if _is_place(attribute) and same.name != there.place:
                    lacking.places.add(key)
                if attribute.sensitive != same.sensitive:
                    is_not = "is sensitive there: no grant covers it" if same.sensitive else "is not sensitive there"
                    self._refuse(origin, f"the attribute {quoted(name)} of `{there.name}` {is_not}")
                if attribute.sensitive and not same.sensitive:
                    lacking.shown.add((key, name))
        for closed in list(trim(self._set, lacking, self._refuse)):
            self._close(*closed)

    def _spell_out(self, there: Collection[str]) -> None:
        """What stands for everything means what the import declares, and not what is there besides."""
        for bundle in self._set.bundles():
            bundle.grants = [said for grant in bundle.grants for said in self._spelt_out(grant, there)]

    def _spelt_out(self, grant: Grant, there: Collection[str]) -> Iterator[Grant]:
        if grant.resource is None:
            for key, of in self._set.resources.items():
                if of.actions and grant.action in (None, *of.actions):
                    yield from self._spelt_out(msgspec.structs.replace(grant, resource=key), there)
        elif grant.action is None and grant.resource in there:
            for action in self._set.resources[grant.resource].actions:
                yield msgspec.structs.replace(grant, action=action)
        else:
            yield grant

    def world(self) -> None:
        kinds = {each.name for each in self._there.scope}
        if kinds:
            known = all(identifier(kind, "place kind") in kinds for kind in self._set.place_kinds)
            self.names.update({("place kind", kind): identifier(kind, "place kind") for kind in self._set.place_kinds})
            if known:
                self._set.known_place_kinds, self._set.place_kinds = self._set.place_kinds, ()
        places = {each.name: each for each in self._there.places}
        for name in [name for name in self._set.places if name in places]:
            place = self._set.places.pop(name)
            self._set.known_places[name] = place
            if places[name].kind != self.names.get(("place kind", place.kind)):
                self._refuse(place.first, f"{quoted(name)} is a {places[name].kind} there")
        texts = {each.name for each in self._there.subject if isinstance(each.type, TextType)}
        for key in [key for key in self._set.subject if identifier(key, "subject") in texts]:
            self.names["subject", key] = identifier(key, "subject")
            del self._set.subject[key]

    def bundles(self) -> None:
        known = []
        for kind, of in self._set.bundles_by_kind.items():
            for key, same in self._match(kind).items():
                bundle = of[key]
                known.append((of, key))
                if self._says_more(bundle, same):
                    message = f"the {kind} `{same.name}` there does not say the same: what this says is not added to it"
                    self._refuse(bundle.first, message)
                    if bundle.limits or self._takes_away(bundle):
                        self._close(kind, key)
        self._without_closed()
        for of, key in known:
            of.pop(key, None)

    def _says_more(self, bundle: RoleOrGroup, there: Any) -> bool:
        """Whether a role says something that the one there does not."""
        granted = {(each.resource, action, each.fields) for each in there.grants for action in each.actions}
        mine = {
            (self.names.get(("resource", each.resource or "")), self.names.get(("action", each.action or "")), None)
            for each in bundle.grants
            if not (each.deny or each.fields or each.exclude or each.including or each.condition)
        }
        return bool(
            bundle.limits
            or bundle.includes
            or len(mine) < len({(each.resource, each.action) for each in bundle.grants})
            or any(each.deny for each in bundle.grants)
            or not {each[:2] for each in mine} <= {each[:2] for each in granted}
        )

    # --- what nobody gets ------------------------------------------------------------------------------------------

    def _takes_away(self, bundle: RoleOrGroup) -> bool:
        """Whether a role or group denies something, by itself or by roles inside it."""
        inside = self._set.roles_inside(bundle).values()
        return any(grant.deny for each in (bundle, *inside) for grant in each.grants)

    def _close(self, kind: OfName, key: str) -> None:
        """Nobody gets from the import a role or group that restricts more than can be said; and whoever would lose
        something by it gets nothing at all.
        """
        self._closed[kind, key] = self._takes_away(self._set.bundles_by_kind[kind][key])

    def _without_closed(self) -> None:
        """Take out what is closed, and all that would be wider without it."""
        bundles = [((kind, key), each) for kind, of in self._set.bundles_by_kind.items() for key, each in of.items()]
        taking = {key for (kind, key), takes_away in self._closed.items() if kind == "role" and takes_away}
        self._closed |= {key: True for key, each in bundles if taking & self._set.roles_inside(each).keys()}
        for user in self._set.users.values():
            job = self._set.jobs.get(user.job or "")
            given: list[tuple[OfName, str]] = [("group", user.group or "")]
            given += [("role", each.role) for each in user.assignments]
            given += [("role", role) for role in job.includes] if job is not None else []
            if any(self._closed.get(each) for each in given):
                user.assignments, user.group, user.job = [], None, None
            user.assignments = [each for each in user.assignments if ("role", each.role) not in self._closed]
            user.group = None if ("group", user.group) in self._closed else user.group
        others: list[Job | Integration] = [*self._set.jobs.values(), *self._set.integrations.values()]
        for holder in (*(each for _, each in bundles), *others):
            holder.includes = {role: at for role, at in holder.includes.items() if ("role", role) not in self._closed}
        for kind, key in self._closed:
            self._set.bundles_by_kind[kind].pop(key, None)
        limiting = {limit.policy for each in self._set.bundles() for limit in each.limits}
        for policy in {limit.policy for _, each in bundles for limit in each.limits} - limiting:
            self._set.policies.pop(policy, None)

    def people(self) -> None:
        users = {each.id for each in self._there.users}
        for id in [id for id in self._set.users if id in users]:
            self._refuse(self._set.users.pop(id).first, f"the user {quoted(id)} is declared there")
        jobs = {each.code: each for each in self._there.jobs}
        for code in [code for code in self._set.jobs if code in jobs]:
            job = self._set.jobs.pop(code)
            mine = {self.names.get(("role", role)) for role in job.includes}
            if not mine <= {each.name for each in jobs[code].roles}:
                self._refuse(job.first, f"the job {quoted(code)} there brings other roles")
        for key, same in self._match("integration").items():
            integration = self._set.integrations.pop(key)
            self._refuse(integration.first, f"the integration `{same.name}` is declared there")


def _is_place(attribute: Attribute) -> bool:
    return any(each.kind == "place kind" for each in refs([attribute.type]))
