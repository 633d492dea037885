"""The one role that holds what several give together, as policy text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, reduce

import msgspec

from policylang.analysis.satisfiability import UNSAT
from policylang.check.limits import Questions
from policylang.check.privileges import roles_asked
from policylang.check.world import World
from policylang.ir import nodes as ir
from policylang.ir.requirements import grants_required
from policylang.model.words import condition_in_words, value_in_words
from policylang.runtime.index import Permission
from policylang.runtime.parts import grant_fields
from policylang.runtime.sources import RightsSource
from policylang.syntax.quoting import quote_text


class _Way(msgspec.Struct, frozen=True):
    """Attributes, and the policies under which they are granted."""

    limits: frozenset[str]
    fields: frozenset[str]
    because: str | None


def suggested_role(world: World, sources: Sequence[RightsSource], *, narrow: bool) -> str:
    """Policy text that compiles beside the policy set: one role (a group, if a group is among the sources) with the
    grants, limits and denies of the sources, reduced to what its tasks need where a source performs any.

    ``narrow``: of what several sources grant, every limit stays, as long as some record can satisfy them together.
    Otherwise each grant keeps its own limits, as it has them where the sources are stacked. Empty if the one role would
    hold what a separation of duties keeps apart.
    """
    suggestion = _Suggestion(world, sources, narrow)
    for each in world.policy_set.separations:
        if sum((one.resource, one.action) in suggestion.ways for one in each.permissions) > each.most:
            return ""
    return suggestion.text()


_LONG_NAME = 100
"""Characters. Only names that are as long as some of those they stand for may have more: these are within the limit."""
_NUMBER = len("_v10")


class _Declared:
    """What every suggestion looks up."""

    def __init__(self, world: World) -> None:
        self.taken = {*world.index.roles, *world.index.groups}
        numbered = (name.rpartition("_") for name in self.taken)
        self.numbered = {name for name, _, number in numbered if number.isdigit()}
        """Names that stand, with a number behind them, for something else."""
        self.asked = roles_asked(world.index)


class _Suggestion:
    def __init__(self, world: World, sources: Sequence[RightsSource], narrow: bool) -> None:
        self.world = world
        self.index = world.index
        self.declared = world.once(_Declared)
        self.sources = tuple(dict.fromkeys(sources))
        self.chains = [chain for source in self.sources for chain in world.chains(source)]
        self.outer = list({chain[0].at: chain[0] for chain in self.chains}.values())
        self.tasks = sorted(
            {ref.name for chain in self.chains if isinstance(chain[-1], ir.Role) for ref in chain[-1].performs}
        )
        self.ways = self._needed({key: list(ways) for key, ways in self._granted().items()})
        for key, ways in self.ways.items():
            self.ways[key] = self._together(ways) if narrow else _widest(ways)

    # --- what it holds -------------------------------------------------------------------------------------------

    def _granted(self) -> dict[Permission, list[_Way]]:
        found: dict[Permission, dict[frozenset[str], _Way]] = {}
        for each in (each for source in self.sources for each in self.world.grants(source)):
            grant, limits = each.grant, frozenset(limit.instance for limit in each.limits)
            way = _Way(limits, grant_fields(self.index, grant), grant.because)
            ways = found.setdefault((grant.resource, each.action), {})
            ways[limits] = _merged(ways[limits], way) if limits in ways else way
        return {key: list(ways.values()) for key, ways in sorted(found.items())}

    def _needed(self, granted: dict[Permission, list[_Way]]) -> dict[Permission, list[_Way]]:
        """What the tasks need and what that requires, and what sources without tasks have; everything, if nothing."""
        wanted: dict[Permission, set[str]] = {}
        busy = {chain[0].at for chain in self.chains if isinstance(chain[-1], ir.Role) and chain[-1].performs}
        for chain in self.chains:
            for grant in chain[-1].grants if chain[0].at not in busy else ():
                for action in grant.actions:
                    wanted.setdefault((grant.resource, action), set()).update(grant_fields(self.index, grant))
        for name in self.tasks:
            for need in self.index.tasks[name].needs:
                for action in need.actions:
                    fields = self.index.plain[need.resource] if need.fields is None else frozenset(need.fields)
                    wanted.setdefault((need.resource, action), set()).update(fields)
        waiting = [key for key in wanted if key in granted]
        for resource, action in waiting:
            for required in grants_required(self.index.actions[resource][action].requires):
                key = (required.resource, required.action)
                if key in granted and key not in wanted:
                    wanted[key] = set(self.index.plain[required.resource])
                    waiting.append(key)
        kept = {key: ways for key, ways in granted.items() if key in wanted}
        if not kept:
            return granted
        return {
            key: [msgspec.structs.replace(way, fields=way.fields & wanted[key]) for way in ways]
            for key, ways in kept.items()
        }

    def _together(self, ways: list[_Way]) -> list[_Way]:
        """One way with all limits, if some record can satisfy them."""
        limits = frozenset(limit for way in ways for limit in way.limits)
        if len(ways) > 1 and limits and self.world.once(Questions).together(limits) is UNSAT:
            return _widest(ways)
        return [msgspec.structs.replace(reduce(_merged, ways), limits=limits)]

    # --- in words ------------------------------------------------------------------------------------------------

    def text(self) -> str:
        name = self._name()
        main: dict[Permission, _Way] = {}
        others: list[dict[Permission, _Way]] = []
        for key, ways in self.ways.items():
            if len(ways) == 1:
                main[key] = ways[0]
                continue
            # Limits around a role limit what is inside it as well: each goes into a role of its own.
            limited = [way for way in ways if way.limits]
            if len(limited) < len(ways):
                main[key] = reduce(_merged, [way for way in ways if not way.limits])
            for number, way in enumerate(limited):
                if number == len(others):
                    others.append({})
                others[number][key] = way
        inner = [f"{name}_{number}" for number in range(1, len(others) + 1)]
        group = any(isinstance(bundle, ir.Group) for bundle in self.outer)
        essential = not group and all(isinstance(b, ir.Role) and b.essential for b in self.outer)
        head = f"{'essential ' if essential else ''}{'group' if group else 'role'} {name}{self._label()}"
        lines = [*self._responsibilities(inner), *([] if group else self._portal()), *self._body(main), *self._denies()]
        if self.tasks and not group:
            lines.append(f"performs {', '.join(self.tasks)}")
        assigned = sorted({ref.name for chain in self.chains for ref in chain[-1].may_assign})
        if assigned:
            lines.append(f"may assign {', '.join(assigned)}")
        blocks = [_block(f"role {each}", self._body(part)) for each, part in zip(inner, others, strict=True)]
        return "\n".join([*blocks, _block(head, lines)])

    def _name(self) -> str:
        names = ["own" if isinstance(bundle, ir.Role) and bundle.owner else bundle.name for bundle in self.outer]
        plain = "_and_".join(names if len(names) < 4 else [*names[:2], "more"])
        plain = plain[: max(_LONG_NAME, *map(len, names)) - _NUMBER].rstrip("_")
        name, number = plain, 1
        while name in self.declared.taken or name in self.declared.numbered:
            number += 1
            name = f"{plain}_v{number}"
        return name

    def _label(self) -> str:
        labels = [bundle.label for bundle in self.outer]
        if not all(labels) or len(labels) > 3:
            return ""
        return f" {quote_text(' and '.join(str(label) for label in labels))}"

    def _responsibilities(self, inner: list[str]) -> Iterator[str]:
        """The roles inside: the parts of this one, and those that somebody must have to be chosen in an attribute."""
        names = list(inner)
        comments: list[str] = []
        inside = {chain[-1].name for chain in self.chains if isinstance(chain[-1], ir.Role)}
        for (resource, attribute), role in self.declared.asked.items():
            if role not in inside:
                continue
            if any(chain[-1].grants for chain in self.world.chains(RightsSource("role", role))):
                comments.append(f"# `{resource}.{attribute}` asks for holders of `{role}`: change that as well")
            elif role not in names:
                names.append(role)
        yield from comments
        if names:
            yield f"role {', '.join(names)}"

    def _portal(self) -> list[str]:
        portals = {bundle.portal for bundle in self.outer if isinstance(bundle, ir.Role) and bundle.portal}
        return [f"portal {portal}" for portal in portals] if len(portals) == 1 else []

    def _body(self, part: dict[Permission, _Way]) -> list[str]:
        by_resource: dict[str, dict[str, _Way]] = {}
        for (resource, action), way in part.items():
            by_resource.setdefault(resource, {})[action] = way
        return [line for resource, ways in by_resource.items() for line in self._resource(resource, ways)]

    def _resource(self, resource: str, ways: dict[str, _Way]) -> Iterator[str]:
        order = list(self.index.actions[resource])
        by_fields: dict[tuple[frozenset[str], str | None], list[str]] = {}
        for action in sorted(ways, key=order.index):
            way = ways[action]
            because = way.because if way.fields - self.index.plain[resource] else None
            by_fields.setdefault((way.fields, because), []).append(action)
        for (fields, because), actions in by_fields.items():
            reason = f" because {quote_text(because)}" if because else ""
            yield f"grant {', '.join(actions)} on {resource}{self._fields(resource, fields)}{reason}"
        by_limit: dict[str, list[str]] = {}
        for action in sorted(ways, key=order.index):
            for limit in sorted(ways[action].limits):
                by_limit.setdefault(limit, []).append(action)
        everything = self._opened[resource]
        for limit, actions in by_limit.items():
            instance = self.index.instances[limit]
            whole = instance.actions is None and everything <= set(actions)
            yield attachment(instance) + ("" if whole else f" for {', '.join(actions)}")

    @cached_property
    def _opened(self) -> dict[str, set[str]]:
        """Resources, and the actions on them."""
        found: dict[str, set[str]] = {}
        for resource, action in self.ways:
            found.setdefault(resource, set()).add(action)
        return found

    def _fields(self, resource: str, fields: frozenset[str]) -> str:
        plain = self.index.plain[resource]
        order = [name for name in self.index.attributes[resource] if name in fields]
        if fields == plain:
            return ""
        if not fields:
            return f" except {', '.join(name for name in self.index.attributes[resource] if name in plain)}"
        if fields > plain:
            return f" including {', '.join(name for name in order if name not in plain)}"
        return f" ({', '.join(order)})"

    def _denies(self) -> Iterator[str]:
        """What the sources deny of what is granted here."""
        lines: dict[str, None] = {}
        for chain in self.chains:
            for deny in chain[-1].denies:
                actions = [action for action in deny.actions if (deny.resource, action) in self.ways]
                if actions:
                    fields = ir.in_brackets(deny.fields)
                    names = self.index.attributes[deny.resource]
                    when = f" {{ {condition_in_words(deny.condition, names)} }}" if deny.condition is not None else ""
                    why = f" because {quote_text(deny.because)}" if deny.because else ""
                    lines[f"deny {', '.join(actions)} on {deny.resource}{fields}{when}{why}"] = None
        yield from lines


def attachment(instance: ir.PolicyInstance) -> str:
    """A policy as it is attached."""
    values = ", ".join(value_in_words(each.type, each.value) for each in instance.arguments)
    return f"policy {instance.policy}{f'({values})' if values else ''} on {instance.resource}"


def _block(head: str, lines: Iterable[str]) -> str:
    return "\n".join([f"{head} {{", *(f"  {line}" for line in lines), "}"])


def _merged(first: _Way, second: _Way) -> _Way:
    return _Way(first.limits, first.fields | second.fields, first.because or second.because)


def _widest(ways: list[_Way]) -> list[_Way]:
    """Without those that another one contains."""
    return [way for way in ways if not any(other.limits < way.limits and other.fields >= way.fields for other in ways)]
