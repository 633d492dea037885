"""What every pass of the model is given, and the look-ups they share."""

from __future__ import annotations

from functools import cached_property
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from policylang.diagnostics import quoted
from policylang.model.instants import DEFAULT_TIMEZONE, timezones, zone
from policylang.model.model import Model, ResourceModel
from policylang.model.paths import PathScope
from policylang.model.report import DiagnosticLog
from policylang.model.symbols import Symbols, unknown
from policylang.model.values import Constants
from policylang.settings.limits import Limits
from policylang.source import Source
from policylang.syntax import expressions

Clause = TypeVar("Clause", bound=expressions.Node)


class Context(msgspec.Struct, dict=True):
    report: DiagnosticLog
    model: Model
    limits: Limits
    misfits: set[str] = msgspec.field(default_factory=set)
    """Ids of policy instances whose condition has no meaning, reported already."""

    expanded: int = 0
    every_action: frozenset[str] = frozenset()
    every_attribute: frozenset[str] = frozenset()
    """The actions and attributes of all resources, from the pass over the resources on."""

    @property
    def symbols(self) -> Symbols:
        return self.model.symbols

    @cached_property
    def constants(self) -> Constants:
        return Constants(self.report, self.limits, self.symbols)

    @property
    def timezone(self) -> ZoneInfo | None:
        """The timezone of the policy set; ``None`` where it has a name that is none."""
        site = self.symbols.timezone
        name: str = DEFAULT_TIMEZONE if site is None else site.node.name.value  # type: ignore[attr-defined]
        return zone(name) if name in timezones() else None

    @cached_property
    def world(self) -> PathScope:
        """The attributes that conditions can speak of. Needs the pass over the resources."""
        model, symbols = self.model, self.symbols
        resources: dict[str, Any] = {name: resource.attributes for name, resource in model.resources.items()}
        return PathScope(
            self.constants,
            resources,
            None if symbols.is_block_hidden("subject") else model.subject,
            None if symbols.is_block_hidden("request") else model.request,
            {
                name: (resource.tree, resource.marked(resource.tree, "optional"))
                for name, resource in model.resources.items()
                if resource.tree is not None
            },
        )

    def expand(self, source: Source, node: expressions.Node, parts: int) -> bool:
        """Account for parts that expansion makes; false where the limit is passed, which is reported once (PL110)."""
        limit = self.limits.expansion
        before, self.expanded = self.expanded, self.expanded + parts
        if before <= limit < self.expanded:
            message = f"this expands the policy set to more than {limit:,} parts"
            help = "name resources instead of all of them, use fewer different arguments, or raise `limits: expansion`"
            self.report.error("PL110", source, node, message, help)
        return self.expanded <= limit

    def find(self, kind: str, source: Source, name: expressions.Name | expressions.Text) -> bool:
        """Whether the name is declared; reports PL101 where it is not."""
        return self.symbols.find(self.report, kind, source, name) is not None

    def find_each(self, kind: str, source: Source, names: tuple[expressions.Name, ...]) -> None:
        """Report the names that are not declared, and names given twice."""
        for name in self.distinct(source, names, kind):
            self.find(kind, source, name)

    def resource(self, source: Source, name: expressions.Name) -> ResourceModel | None:
        """The resource of that name; reports PL101 where there is none."""
        found = self.symbols.find(self.report, "resource", source, name)
        return self.model.resources[name.value] if found else None

    def actions(self, source: Source, names: tuple[expressions.Name, ...], resource: ResourceModel, of: str) -> None:
        """Report the names that are no actions of the resource, and names given twice."""
        for name in self.distinct(source, names, "action"):
            if name.value not in resource.actions:
                unknown(self.report, source, name, "action", resource.actions, "", of)

    def fields(self, source: Source, names: tuple[expressions.Name, ...], resource: ResourceModel, of: str) -> None:
        """Report the names that are no attributes of the resource, and names given twice."""
        for name in self.distinct(source, names, "attribute"):
            if name.value not in resource.attributes:
                unknown(self.report, source, name, "attribute", resource.attributes, "", of)

    def distinct(self, source: Source, names: tuple[expressions.Name, ...], what: str) -> list[expressions.Name]:
        """The names without those that come a second time, which are reported (PL102)."""
        seen: dict[str, expressions.Name] = {}
        for name in names:
            if seen.setdefault(name.value, name) is not name:
                self.report.error(
                    "PL102", source, name, f"the {what} {quoted(name.value)} is listed twice", "delete one of the two"
                )
        return list(seen.values())

    def once(self, source: Source, clauses: tuple[Any, ...], kind: type[Clause]) -> Clause | None:
        """The one clause of a kind; reports a second one (PL102)."""
        if not clauses:
            return None
        found = [clause for clause in clauses if type(clause) is kind]
        for clause in found[1:]:
            words = source.text[clause.start_pos : clause.end_pos].split(None, 1)[0].rstrip("{(")
            message = f"{quoted(words) if words else 'this block'} is given twice"
            self.report.error("PL102", source, clause, message, "keep one of the two")
        return found[0] if found else None
