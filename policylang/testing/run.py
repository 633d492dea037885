"""Running scenario tests: each line of a test is a case, decided by the reference runtime."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import msgspec

from policylang.diagnostics import quoted
from policylang.ir.nodes import PolicySet
from policylang.model.types import DateTimeType, SetType, UserType
from policylang.runtime.index import Index
from policylang.runtime.reference import Decision, eligible, instant
from policylang.runtime.values import BadValueError, read
from policylang.suggest import closest
from policylang.testing.asked import Asked, Case, Observer
from policylang.testing.records import Records, attributes, link, linked
from policylang.testing.scenario import ScenarioFile, Test, scenario_schema
from policylang.yaml_source import Steps, Yaml, YamlError, read_yaml, validate


def read_scenarios(text: str) -> tuple[ScenarioFile, Yaml]:
    """Read a scenario file. Raises `YamlError` at the place of what is wrong with it."""
    document = read_yaml(text)
    validate(document, scenario_schema())
    try:
        return msgspec.convert(document.value, ScenarioFile), document
    except msgspec.ValidationError as error:
        raise YamlError(str(error), 1, 1) from None


def run_scenarios(
    scenarios: ScenarioFile, document: Yaml, policy_set: PolicySet | Index, observer: Observer | None = None
) -> Iterator[Case]:
    """Decide every case of a file, in its order. Raises `YamlError` for what neither policy set nor file knows."""
    index = policy_set if isinstance(policy_set, Index) else Index(policy_set)
    run = _Run(index, scenarios, document, linked(index, scenarios, document), observer)
    now = run.instant(scenarios.now, ("now",))
    run.check_request(scenarios.request, ("request",))
    for number, test in enumerate(scenarios.tests):
        at = now if test.now is None else run.instant(test.now, ("tests", number, "now"))
        run.check_request(test.request, ("tests", number, "request"))
        for word, expected in (("allow", True), ("deny", False)):
            for action, targets in getattr(test, word).items():
                for position, target in enumerate(targets):
                    steps = ("tests", number, word, action, position)
                    yield run.case(test, action, target, expected, at, steps)
    for attribute, users in scenarios.eligible.items():
        yield run.eligible(attribute, users, now)


_LONGEST = 200
"""Characters of a name that are shown."""


class _Run(msgspec.Struct, frozen=True):
    """A file that is being run."""

    index: Index
    scenarios: ScenarioFile
    document: Yaml
    records: Records
    observer: Observer | None

    def instant(self, text: str, steps: Steps) -> datetime.datetime:
        try:
            return instant(self.index, read(DateTimeType(), text, "now"))
        except BadValueError:
            help = "write date, time and offset: `2026-11-21T12:00:00-07:00`"
            raise self.document.error(steps, f"{quoted(text)} is no instant", help) from None
        except ValueError as error:
            raise self.document.error(steps, f"{quoted(text)} is no instant: {error}") from None

    def check_request(self, given: dict[str, Any], steps: Steps) -> None:
        for name, value in given.items():
            if name not in self.index.request:
                near = closest(name, self.index.request)
                help = f"did you mean `{near}`?" if near else "`request { … }` in the policy files declares them"
                raise self.document.error((*steps, name), f"requests have no attribute {quoted(name)}", help)
            try:
                if value is not None:
                    type_ = self.index.request[name]
                    read(type_, link(type_, value, self.records), f"request.{name}")
            except BadValueError as error:
                raise self.document.error((*steps, name), str(error)) from None

    def case(self, test: Test, action: str, target: Any, expected: bool, now: datetime.datetime, steps: Steps) -> Case:
        asked = self._asked(test, action, target, now, steps)
        decision = asked.decide(self.index)
        if self.observer is not None:
            self.observer.decided(self.index, asked, decision)
        shown = target if isinstance(target, str) else _changed(target)
        title = f"{_cut(test.user)} {'may' if expected else 'may not'} {_cut(action)} {_cut(shown)}"
        line, _ = self.document.places[steps]
        if decision.allowed == expected:
            return Case(_cut(test.name), title, line, None)
        return Case(_cut(test.name), title, line, _failure(self.index, asked, decision), asked.explain(self.index))

    def _asked(self, test: Test, action: str, target: Any, now: datetime.datetime, steps: Steps) -> Asked:
        changes, field = None, None
        if isinstance(target, str):
            name, _, rest = target.partition(".")
            field = rest or None
        else:
            ((name, changes),) = target.items()
        if name not in self.records:
            near = closest(name, self.records)
            help = f"did you mean `{near}`?" if near else "define it under `records`"
            raise self.document.error(steps, f"there is no record {quoted(name)} in this file", help)
        if changes is not None and action != "modify":
            raise self.document.error(steps, f"{action} writes no changes", "only modify proposes changes")
        record = dict(self.records[name])
        resource = record.pop("resource")
        if changes is not None:
            changes = attributes(self.index, resource, changes, self.records, self.document, (*steps, name))
        given = {**self.scenarios.request, **test.request}
        request = {each: link(self.index.request[each], value, self.records) for each, value in given.items()}
        return Asked(test.user, action, resource, record, now, request, field, changes)

    def eligible(self, attribute: str, users: list[str], now: datetime.datetime) -> Case:
        resource, _, name = attribute.partition(".")
        steps = ("eligible", attribute)
        declared = self.index.attributes.get(resource, {}).get(name)
        if declared is None:
            every = [f"{owner}.{each}" for owner, names in self.index.attributes.items() for each in names]
            near = closest(attribute, every)
            help = f"did you mean `{near}`?" if near else None
            raise self.document.error(steps, f"there is no attribute {quoted(attribute)}", help)
        found = eligible(self.index, resource, name, now)
        if self.observer is not None:
            self.observer.listed(self.index, attribute, now, found)
        line, _ = self.document.places[steps]
        item = declared.type.of if isinstance(declared.type, SetType) else declared.type
        failure = _difference(found, users, isinstance(item, UserType))
        return Case("eligible", f"{attribute}: {_cut(', '.join(sorted(users)) or 'nobody')}", line, failure)


def _cut(text: str) -> str:
    """Names as they are shown: files may hold any."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _changed(target: dict[str, dict[str, Any]]) -> str:
    ((name, changes),) = target.items()
    return f"{name} with {', '.join(changes)} changed"


def _difference(found: tuple[str, ...], expected: list[str], holds_users: bool) -> str | None:
    """Who is eligible and should not be, and who should be and is not."""
    if not holds_users:
        return None if not expected else "the attribute does not hold users"
    many, lacking = sorted(set(found) - set(expected)), sorted(set(expected) - set(found))
    parts = [f"{', '.join(lacking)} {'is' if len(lacking) == 1 else 'are'} missing"] if lacking else []
    parts += [f"{', '.join(many)} {'is' if len(many) == 1 else 'are'} too many"] if many else []
    return f"{'; '.join(parts)}" if parts else None


def _failure(index: Index, asked: Asked, decision: Decision) -> str:
    if decision.allowed:
        return "it is allowed"
    return f"it is denied: {'; '.join(map(_cut, decision.reasons))}{_meant(index, asked)}"


def _meant(index: Index, asked: Asked) -> str:
    """What was meant by a name that the policy set does not know. Such a request is denied, which a test may expect;
    one that expects something else has probably mistyped it.
    """
    known = index.actions[asked.resource]
    names = [(asked.action, list(known))] if asked.action not in known else []
    if asked.user not in index.users and asked.user not in index.integrations:
        names.append((asked.user, list(index.requesters)))
    if asked.field is not None and asked.field not in index.attributes[asked.resource]:
        names.append((asked.field, list(index.attributes[asked.resource])))
    near = [found for name, others in names if (found := closest(name, others))]
    return f"; did you mean `{near[0]}`?" if near else ""
