"""What every pass of the model is given, and the look-ups they share."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Self, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from policylang.diagnostics import Diagnostic, Edit, Related, quoted
from policylang.model.conditions import Constant
from policylang.model.habits import EVERYTHING
from policylang.model.instants import DEFAULT_TIMEZONE, timezones, zone
from policylang.model.model import Attributes, Model, ResourceModel
from policylang.model.report import DiagnosticLog, Site, at
from policylang.model.symbols import KINDS, Symbols
from policylang.settings.limits import Limits
from policylang.source import Source
from policylang.syntax import expressions
from policylang.syntax.quoting import quote_text

Clause = TypeVar("Clause", bound=expressions.Node)


class Build(msgspec.Struct, frozen=True):
    """A model in the making, over all files."""

    report: DiagnosticLog
    model: Model
    limits: Limits

    def within(self, source: Source) -> Context:
        """The same in one file."""
        return Context(self.report, self.model, self.limits, source)

    @property
    def symbols(self) -> Symbols:
        return self.model.symbols

    @property
    def timezone(self) -> ZoneInfo | None:
        """The timezone of the policy set; ``None`` where it has a name that is none."""
        site = self.symbols.timezone
        name = DEFAULT_TIMEZONE if site is None else site.node.name.value
        return zone(name) if name in timezones() else None

    @property
    def subject(self) -> Attributes | None:
        """The attributes of users, from the pass over the resources on; ``None`` where a syntax error may hide some."""
        return None if self.symbols.is_block_hidden("subject") else self.model.subject

    @property
    def request(self) -> Attributes | None:
        """As `subject`, those of the request."""
        return None if self.symbols.is_block_hidden("request") else self.model.request


class Context(Build, frozen=True):
    """A model in the making, in one file: what a pass reports is in this one."""

    source: Source

    def scope(
        self, resource: str, parameters: Mapping[str, Constant] | None = None, only: frozenset[str] | None = None
    ) -> ConditionScope:
        """The same for a condition."""
        return ConditionScope(self.report, self.model, self.limits, self.source, resource, parameters or {}, only)

    def aside(self) -> Self:
        """The same with a report of its own, of which not everything is to be said."""
        return msgspec.structs.replace(self, report=DiagnosticLog())

    def at(self, node: expressions.Node) -> str:
        """The text form of a node's location."""
        return at(self.source, node)

    def text(self, node: expressions.Node) -> str:
        """A node as it is written."""
        return self.source.text[node.start_pos : node.end_pos]

    def error(
        self,
        code: str,
        node: expressions.Node,
        message: str,
        help: str | None = None,
        *others: Related,
        by: str | None = None,
        replace: expressions.Node | None = None,
    ) -> None:
        """Report that something is wrong at a node. ``by`` is the text that mends it in place of the node, or of the
        one that is to ``replace``.
        """
        location = self.source.location(node.start_pos, node.end_pos)
        wrong = replace or node
        edit = None if by is None else Edit(self.source.location(wrong.start_pos, wrong.end_pos), by)
        self.report.add(Diagnostic(code=code, message=message, location=location, help=help, related=others, edit=edit))

    def unknown(
        self,
        name: expressions.Name | expressions.Text,
        kind: str,
        candidates: Collection[str],
        help: str = "",
        of: str = "",
        by: str | None = None,
    ) -> None:
        """Report PL101 for a name that none of the candidates is. ``of`` names what should have it; ``by`` is the name
        that ``help`` gives.
        """
        help = help or EVERYTHING.get((kind, name.value), "")
        near = self.report.closest(name.value, candidates)
        suggestion = f"did you mean `{near}`?" if near else help or None
        if suggestion is None and 0 < len(candidates) <= 8:
            suggestion = f"choose from {', '.join(quoted(word) for word in sorted(candidates))}"
        if suggestion is None and kind in KINDS:
            suggestion = f"declare it with `{_declaration(kind, name)}`, or correct the name"
        message = f"unknown {kind} {quoted(name.value)}{f' of `{of}`' if of else ''}"
        by = (quote_text(near) if isinstance(name, expressions.Text) else near) if near else by
        self.error("PL101", name, message, suggestion, by=by)

    def find(self, kind: str, name: expressions.Name | expressions.Text) -> Site | None:
        """The declaration that a name refers to.

        Reports PL101 where there is none, unless a syntax error may hide it.
        """
        names = self.symbols.names[kind]
        site: Site | None = names.get(name.value)
        if site is None and not self.symbols.is_hidden(kind, name.value):
            self.unknown(name, kind, names, self.symbols.other_kind(kind, name.value))
        return site

    def find_each(self, kind: str, names: tuple[expressions.Name, ...]) -> None:
        """Report the names that are not declared, and names given twice."""
        for name in self.distinct(names, kind):
            self.find(kind, name)

    def resource_named(self, name: expressions.Name) -> ResourceModel | None:
        """The resource of that name; reports PL101 where there is none."""
        return self.model.resources[name.value] if self.find("resource", name) else None

    def permission(
        self,
        resource: expressions.Name,
        actions: tuple[expressions.Name, ...],
        fields: tuple[expressions.Name, ...] = (),
    ) -> ResourceModel | None:
        """The resource; reports what there is none of, of it, its actions and its attributes."""
        found = self.resource_named(resource)
        if found is not None:
            self.actions(actions, found)
            self.fields(fields, found)
        return found

    def actions(self, names: tuple[expressions.Name, ...], resource: ResourceModel) -> None:
        """Report the names that are no actions of the resource, and names given twice."""
        for name in self.distinct(names, "action"):
            if name.value not in resource.actions:
                self.unknown(name, "action", resource.actions, of=resource.name)

    def fields(self, names: tuple[expressions.Name, ...], resource: ResourceModel) -> None:
        """Report the names that are no attributes of the resource, and names given twice."""
        for name in self.distinct(names, "attribute"):
            if name.value not in resource.attributes:
                self.unknown(name, "attribute", resource.attributes, of=resource.name)

    def distinct(self, names: tuple[expressions.Name, ...], what: str) -> list[expressions.Name]:
        """The names without those that come a second time, which are reported (PL102)."""
        seen: dict[str, expressions.Name] = {}
        for name in names:
            if seen.setdefault(name.value, name) is not name:
                self.error("PL102", name, f"the {what} {quoted(name.value)} is listed twice", "delete one of the two")
        return list(seen.values())

    def once(self, clauses: tuple[Any, ...], kind: type[Clause]) -> Clause | None:
        """The one clause of a kind; reports a second one (PL102)."""
        found = [clause for clause in clauses if type(clause) is kind]
        for clause in found[1:]:
            words = self.text(clause).split(None, 1)[0].rstrip("{(")
            message = f"{quoted(words) if words else 'this block'} is given twice"
            self.error("PL102", clause, message, "keep one of the two")
        return found[0] if found else None

    def expand(self, node: expressions.Node, parts: int) -> bool:
        """Account for parts that expansion makes; false where the limit is passed, which is reported once (PL110)."""
        limit, before = self.limits.expansion, self.model.expanded
        self.model.expanded += parts
        if before <= limit < self.model.expanded:
            message = f"this expands the policy set to more than {limit:,} parts"
            help = "name resources instead of all of them, use fewer different arguments, or raise `limits: expansion`"
            self.error("PL110", node, message, help)
        return self.model.expanded <= limit


class ConditionScope(Context, frozen=True):
    """What the names in one condition mean."""

    resource: str
    parameters: Mapping[str, Constant]
    only: frozenset[str] | None
    """In a policy on any resource: the attributes that its ``with`` names."""

    @property
    def attributes(self) -> Attributes | None:
        """Those of the resource."""
        return self.model.attributes_of(self.resource)


def _declaration(kind: str, name: expressions.Name | expressions.Text) -> str:
    written = f'"{name.value}"' if isinstance(name, expressions.Text) else name.value
    return f"place … {written}" if kind == "place" else f"{KINDS[kind]} {written}"
