"""Looking up what people are said to have, with the words and codes that policy text gets for the same mistakes."""

from __future__ import annotations

import re

import msgspec

from policylang.diagnostics import quoted
from policylang.directory.people import Assigned, Field, Person
from policylang.directory.values import constants
from policylang.ir import nodes as ir
from policylang.model.conditions import Constant
from policylang.model.context import Build, Context
from policylang.model.instants import never_active, zone
from policylang.model.model import Model
from policylang.model.report import DiagnosticLog, Site
from policylang.model.values import moment
from policylang.settings.limits import Limits
from policylang.source import Source
from policylang.syntax import ast, expressions

_MOMENT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ T]([0-9]{2}:[0-9]{2})(?::00)?)?")


class Checker:
    """Reports what a policy set does not have. A name that many people share is reported once, with its number."""

    def __init__(self, policy_set: ir.PolicySet, limits: Limits) -> None:
        self._timezone = zone(policy_set.timezone)
        self.types = {attribute.name: attribute.type for attribute in policy_set.subject}
        self.known: dict[str, dict[str, None]] = {
            "group": dict.fromkeys(group.name for group in policy_set.groups),
            "role": dict.fromkeys(role.name for role in policy_set.shared_roles),
            "job": dict.fromkeys(job.code for job in policy_set.jobs),
            "place": dict.fromkeys(place.name for place in policy_set.places),
            "attribute": dict.fromkeys(self.types),
        }
        model, nowhere = Model(), Source("", "")
        for place in policy_set.places:
            kind, name = expressions.Name(0, 0, place.kind), expressions.Text(0, 0, place.name)
            model.symbols.names["place"][place.name] = Site(nowhere, ast.Place(0, 0, kind, name, None))
        self.build = Build(DiagnosticLog(), model, limits)
        self._unknown: dict[tuple[str, str], tuple[Source, expressions.Text, int]] = {}

    def name(self, kind: str, source: Source, name: expressions.Text) -> None:
        """Note a name that is not declared."""
        if name.value not in self.known[kind]:
            first_source, first, count = self._unknown.get((kind, name.value), (source, name, 0))
            self._unknown[kind, name.value] = first_source, first, count + 1

    def report_unknown(self) -> None:
        """Report each name that was noted (PL101), at the first place where it stands."""
        for (kind, value), (source, name, count) in self._unknown.items():
            help = f"declare it: `subject {{ {value} : text }}`" if kind == "attribute" else ""
            of = "subject" if kind == "attribute" else ""
            # Jobs and places are texts in policy text, the others are words: the help shows how to declare one.
            shown = name if kind in ("job", "place") else expressions.Name(name.start_pos, name.end_pos, value)
            self.build.within(source).unknown(shown, kind, self.known[kind], help, of)
            if count > 1:
                last = self.build.report.diagnostics.pop()
                message = f"{last.message}, {count:,} times in all"
                self.build.report.diagnostics.append(msgspec.structs.replace(last, message=message))

    def value(self, person: Person, field: Field) -> tuple[Constant, ...] | None:
        """The constants that an attribute's value stands for; ``None`` after a report."""
        name = field.key.value
        if name not in self.types:
            self.name("attribute", person.source, field.key)
            return None
        context = self.build.within(person.source)
        return constants(context, field.value, self.types[name], quoted(name), person.table)

    def dates(self, source: Source, given: Assigned) -> None:
        """Report days that are none, and a role that would never be active (PL109)."""
        context = self.build.within(source)
        start = given.start and _moment(context, given.start)
        until = given.until and _moment(context, given.until)
        wrong = never_active(until, start, self._timezone) if start and until else None
        if wrong is not None and given.until is not None:
            context.error("PL109", given.until, *wrong)


def _moment(context: Context, text: expressions.Text) -> str | None:
    """A day, or a day and a time, as the policy set holds it."""
    written = _MOMENT.fullmatch(text.value)
    if written is None:
        help = "write dates as year-month-day: `2026-01-31`; a time may follow: `2026-01-31 20:00`"
        context.error("PL109", text, f"{quoted(text.value)} is not a date", help)
        return None
    day = expressions.Date(text.start_pos, text.end_pos, written[1])
    time = expressions.Time(text.start_pos, text.end_pos, written[2]) if written[2] else None
    return moment(context, day, time)
