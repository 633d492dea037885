"""A policy set as input: what people have by plain roles, and the set with other plain roles in their place.

A role is plain if nothing but its grants would be missed: then any other roles that grant the same do as well. Groups,
roles with limits or denies, assignments at a place or for some time and all else stay as they are.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from policylang.check.fix.edits import TextEdit, apply, edit, removal
from policylang.diagnostics import quoted
from policylang.diff.compare import compare
from policylang.diff.comparing import user_differences
from policylang.importing.reading import NotThisError
from policylang.ir import nodes as ir
from policylang.mining.bits import members, set_of
from policylang.mining.matrix import FoundRole
from policylang.mining.pairs import Pairs
from policylang.mining.write import NotTheSameError
from policylang.project.discovery import SUFFIX
from policylang.project.project import Project
from policylang.runtime.index import Index, Permission
from policylang.runtime.sources import RightsSource, inside
from policylang.settings.config import FILE_NAME
from policylang.source import Source
from policylang.syntax import ast
from policylang.syntax.parser import Parsed
from policylang.syntax.quoting import quote_text
from policylang.text.names import free_name


class PlainRoles:
    """The plain roles of a policy set that compiles, and who was given them."""

    def __init__(self, project: Project) -> None:
        assert project.ir is not None
        self.project, self.policy_set = project, project.ir
        self._index = Index(project.ir)
        self._assignments, self._declared = _places(project.files)
        referred = _referred(project.ir)
        self._plain = {
            role.name: frozenset(self._granted(role.name))
            for role in project.ir.shared_roles
            if role.name not in referred and all(map(_grants_alone, self._inside(role.name)))
        }
        self.given = {
            user.id: given
            for user in project.ir.users
            if not user.terminated and (given := tuple(filter(self._is_plain, user.assignments)))
        }

    def _inside(self, role: str) -> list[ir.Role]:
        return [each for each in inside(self._index, RightsSource("role", role)) if isinstance(each, ir.Role)]

    def _granted(self, role: str) -> Iterator[Permission]:
        for bundle in self._inside(role):
            for grant in bundle.grants:
                yield from ((grant.resource, action) for action in grant.actions)

    def _is_plain(self, given: ir.Assignment) -> bool:
        """Whether an assignment says nothing but the role, and can be changed."""
        said = (given.place, given.start, given.until, given.because, given.approved_by)
        if not self._plain.get(given.role) or any(each is not None for each in said):
            return False
        found = self._assignments.get(given.at)
        return found is not None and removal(*found) is not None

    def pairs(self, wanted: Sequence[str]) -> Pairs:
        """Who has what by plain roles. ``wanted``: attributes of users, `group` or `job`. Raises `NotThisError`."""
        root = str(self.project.sources.root)
        if not self.given:
            help = "a plain role has grants of whole records and nothing else, and is assigned everywhere and always"
            raise NotThisError(root, "nobody has been given a plain role", help)
        attributes = {name: self._values(name) for name in wanted}
        empty = next((name for name, values in attributes.items() if not values), None)
        if empty is not None:
            help = "name an attribute of users, `group` or `job`"
            raise NotThisError(root, f"nobody has a value for {quoted(empty)}", help)
        held = {user: {each for given in some for each in self._plain[given.role]} for user, some in self.given.items()}
        return Pairs.of(held, attributes)

    def _values(self, name: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for user in self.given:
            declared = self._index.users[user]
            ref = declared.group if name == "group" else declared.job if name == "job" else None
            stated = [str(value.value) for each in declared.attributes if each.name == name for value in each.values]
            if ref is not None:
                found[user] = ref.name
            elif len(stated) == 1:
                found[user] = stated[0]
        return found

    # --- before and after ------------------------------------------------------------------------------------------

    def before(self, pairs: Pairs) -> tuple[FoundRole, ...]:
        """The plain roles as they were given."""
        numbers = {user: number for number, user in enumerate(pairs.users)}
        columns = pairs.columns
        holders: dict[str, list[int]] = {}
        for user, some in self.given.items():
            for given in some:
                holders.setdefault(given.role, []).append(numbers[user])
        return tuple(
            FoundRole(set_of(who), set_of(columns[each] for each in self._plain[role]))
            for role, who in sorted(holders.items())
        )

    def names(self, pairs: Pairs, roles: Sequence[FoundRole], names: Sequence[str]) -> list[str]:
        """A name for each role: that of a plain role that grants the same, else one that no role has."""
        granted = [frozenset(pairs.permissions[each] for each in members(role.permissions)) for role in roles]
        known: dict[frozenset[Permission], list[str]] = {}
        for name, permissions in sorted(self._plain.items()):
            known.setdefault(permissions, []).append(name)
        taken = {*self._index.roles}
        found: dict[int, str] = {}
        # Whoever is called like a plain role that grants the same comes first, before others take its name.
        for number in sorted(range(len(roles)), key=lambda each: names[each] not in known.get(granted[each], ())):
            name, there = names[number], known.get(granted[number], [])
            if there:
                found[number] = there.pop(there.index(name) if name in there else 0)
            else:
                found[number] = free_name(name, taken)
                taken.add(found[number])
        return [found[number] for number in range(len(roles))]

    def files(
        self, pairs: Pairs, roles: Sequence[FoundRole], names: Sequence[str], labels: Mapping[str, str], title: str
    ) -> dict[str, bytes]:
        """The files of the policy set in which people have these roles in place of the plain ones."""
        edits: list[TextEdit] = []
        for number, user in enumerate(pairs.users):
            mine = [name for name, role in zip(names, roles, strict=True) if role.users >> number & 1]
            edits += self._reassigned(self.given[user], mine)
        edits += self._superfluous({*names})
        sources = {source.name: source for source in self.project.sources.sources}
        texts = {name: source.text for name, source in sources.items()} | apply(edits, sources)
        made = [
            _declaration(name, labels.get(name), [pairs.permissions[each] for each in members(role.permissions)])
            for name, role in zip(names, roles, strict=True)
            if name not in self._index.roles
        ]
        if made:
            free = free_name("mined", {each.removesuffix(SUFFIX) for each in texts})
            texts[f"{free}{SUFFIX}"] = "\n".join([f"# {title}.", *made])
        files = {name: text.encode() for name, text in texts.items()}
        config = self.project.sources.root / FILE_NAME
        return {**files, FILE_NAME: config.read_bytes()} if config.is_file() else files

    def _reassigned(self, given: Sequence[ir.Assignment], roles: Sequence[str]) -> Iterator[TextEdit]:
        """The first assignment gives the first role, and those behind it the others."""
        first, *others = given
        file, node = self._assignments[first.at]
        line = file.source.text[file.source.line_starts[file.source.position(node.start_pos)[0] - 1] : node.start_pos]
        between = f"\n{line}" if not line.strip() else "  "
        text = between.join(f"assign role {name}" for name in roles)
        yield edit(file.source, node.start_pos, node.end_pos, text)
        for other in others:
            gone = removal(*self._assignments[other.at])
            if gone is not None:
                yield gone

    def _superfluous(self, kept: set[str]) -> Iterator[TextEdit]:
        """Plain roles that nobody has any more, and no role around them."""
        changed = {each.at for some in self.given.values() for each in some}
        assigned = (each for user in self.policy_set.users for each in user.assignments)
        used = kept | {each.role for each in assigned if each.at not in changed}
        given = {each.role for some in self.given.values() for each in some}
        inner = {ref.name for bundle in self.policy_set.bundles for ref in bundle.roles}
        elsewhere = {ref.name for each in self.policy_set.jobs for ref in each.roles}
        elsewhere |= {ref.name for each in self.policy_set.integrations for ref in each.roles}
        for name in sorted(given - used - elsewhere - inner):
            gone = removal(*self._declared[name]) if name in self._declared else None
            if gone is not None:
                yield gone

    def prove(self, pairs: Pairs, files: Mapping[str, bytes], more: Mapping[int, int], now: datetime.datetime) -> None:
        """Prove that nobody's access changes, but for ``more``, by row. Raises `NotTheSameError` if it does."""
        sources = tuple(Source(name, text.decode()) for name, text in sorted(files.items()) if name != FILE_NAME)
        project = Project(msgspec.structs.replace(self.project.sources, sources=sources))
        if project.ir is None:
            raise NotTheSameError(*project.diagnostics[:3])
        added = {(pairs.users[row], pairs.permissions[each]) for row, some in more.items() for each in members(some)}
        for users, each in user_differences(self.policy_set, project.ir, now):
            is_meant = all((user, (each.resource, each.action)) in added for user in users)
            if not each.up or not is_meant:
                raise NotTheSameError(users[:3], each.kind, each.action, each.resource)
        said = compare(self.policy_set, project.ir, now).statements
        if any(each.topic == "eligibility" for each in said):
            raise NotTheSameError("eligibility")


def _grants_alone(role: ir.Role) -> bool:
    """Whether a role says nothing but what it grants, of whole records, and which roles it brings."""
    said = (role.denies, role.limits, role.performs, role.may_assign, role.protected, role.essential, role.portal)
    return not any(said) and all(each.fields is None and each.because is None for each in role.grants)


def _referred(policy_set: ir.PolicySet) -> set[str]:
    """The roles whose names mean something to the rest of the policy set: another one would not do."""
    index = Index(policy_set)
    found = {a.role for some in index.attributes.values() for a in some.values() if a.role is not None}
    found |= {a.role for a in (*policy_set.subject, *policy_set.request) if a.role is not None}
    found |= {ref.name for bundle in policy_set.bundles for ref in bundle.may_assign}
    found |= {each.name for invariant in policy_set.invariants for each in invariant.users if each.kind == "role"}
    found |= {each.name for each in policy_set.reviews if each.kind == "role"}
    found |= {each.mirror.name for each in policy_set.integrations if each.mirror is not None}
    # What is inside one of these comes with it, and so does what a role around it is called.
    inner = {each.name for role in found for each in inside(index, RightsSource("role", role))}
    sources = {role.name: RightsSource("role", role.name) for role in policy_set.roles}
    around = {name for name, source in sources.items() if found & {each.name for each in inside(index, source)}}
    return found | inner | around


def _places(
    files: Iterable[Parsed],
) -> tuple[dict[str, tuple[Parsed, ast.Assignment]], dict[str, tuple[Parsed, ast.Role]]]:
    """Assignments by their place, and roles by their name, as they are written."""
    assignments: dict[str, tuple[Parsed, ast.Assignment]] = {}
    roles: dict[str, tuple[Parsed, ast.Role]] = {}
    for file in files:
        for declaration in file.file.declarations:
            if isinstance(declaration, ast.Role):
                roles[declaration.name.value] = file, declaration
            elif isinstance(declaration, ast.User):
                for item in declaration.items:
                    if isinstance(item, ast.Assignment):
                        assignments[file.source.at(item.start_pos, item.end_pos)] = file, item
    return assignments, roles


def _declaration(name: str, label: str | None, permissions: Iterable[Permission]) -> str:
    by_resource: dict[str, list[str]] = {}
    for resource, action in permissions:
        by_resource.setdefault(resource, []).append(action)
    grants = [f"  grant {', '.join(actions)} on {resource}\n" for resource, actions in by_resource.items()]
    title = "" if label is None or label == name else f" {quote_text(label)}"
    return f"role {name}{title} {{\n{''.join(grants)}}}\n"
