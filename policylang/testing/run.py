"""Running scenario tests: each line of a test is a case, decided by the reference runtime."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from policylang.diagnostics import cut, listed, quoted
from policylang.explaining.explain import explain
from policylang.files.yaml_source import Steps, Yaml, YamlError, read_yaml, validate
from policylang.ir import nodes as ir
from policylang.model.types import DateTimeType, UserType
from policylang.runtime.index import Index
from policylang.runtime.reference import Decision, answer, eligible
from policylang.runtime.request import Request, instant
from policylang.runtime.values import BadValueError, read
from policylang.suggest import closest
from policylang.testing.asked import Case, Observer
from policylang.testing.narrowed import Narrowing
from policylang.testing.records import NamedRecords, attributes, checked, link, linked
from policylang.testing.scenario import ScenarioFile, Test, scenario_schema


def read_scenarios(text: str) -> tuple[ScenarioFile, Yaml]:
    """Read a scenario file. Raises `YamlError` at the place of what is wrong with it."""
    document = read_yaml(text)
    validate(document, scenario_schema())
    try:
        return msgspec.convert(document.value, ScenarioFile), document
    except msgspec.ValidationError as error:
        raise YamlError(str(error), 1, 1) from None


def run_scenarios(
    scenarios: ScenarioFile,
    document: Yaml,
    policy_set: ir.PolicySet | Index,
    observer: Observer | None = None,
    *,
    may_be_empty: bool = False,
) -> Iterator[Case]:
    """Decide every case of a file, in its order. Raises `YamlError` for what neither policy set nor file knows, and
    where nothing is expected: a denial that comes of a typing mistake, or a file that tests nothing, must not pass,
    unless it ``may_be_empty``, as one that was generated where there is nothing to generate.
    """
    index = policy_set if isinstance(policy_set, Index) else Index(policy_set)
    run = _Run(index, scenarios, document, linked(index, scenarios, document), observer, Narrowing(index))
    now = run.instant(scenarios.now, ("now",))
    run.check_request(scenarios.request, ("request",))
    if not (scenarios.tests or scenarios.eligible or may_be_empty):
        raise document.error(("tests",), "the file has no tests", "add some under `tests` or `eligible`")
    for number, test in enumerate(scenarios.tests):
        run.check_test(test, ("tests", number))
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
    records: NamedRecords
    observer: Observer | None
    narrowing: Narrowing

    def instant(self, text: str, steps: Steps) -> datetime.datetime:
        try:
            return instant(self.index, read(DateTimeType(), text, "now"))
        except BadValueError:
            help = "write date, time and offset: `2026-11-21T12:00:00-07:00`"
            raise self.document.error(steps, f"{quoted(text)} is not an instant", help) from None
        except ValueError as error:
            raise self.document.error(steps, f"{quoted(text)} is not an instant: {error}") from None

    def check_test(self, test: Test, steps: Steps) -> None:
        if not test.allow and not test.deny:
            raise self.document.error(steps, "the test does not say what to expect", "add `allow: …` or `deny: …`")
        if not self.index.knows(test.user):
            message = f"there is no user {quoted(_cut(test.user))}"
            help = "declare the user, or name a directory file: `directory: …`"
            near = _meant(test.user, self.index.requesters)
            self.refuse_unknown((*steps, "user"), message, near, help, bool(test.allow))

    def refuse_unknown(self, steps: Steps, message: str, near: str | None, help: str | None, expected: bool) -> None:
        """Raise an error about a name that is not known. A request with it is denied, so nobody can mean that it is
        allowed (``expected``). A denial may be meant, but hardly of a name that is like a known one.
        """
        if near is not None or expected:
            raise self.unknown(steps, message, near, help)

    def unknown(self, steps: Steps, message: str, near: str | None, help: str | None = None) -> YamlError:
        return self.document.error(steps, message, f"did you mean `{near}`?" if near else help)

    def check_request(self, given: dict[str, Any], steps: Steps) -> None:
        for name, value in given.items():
            if name not in self.index.request:
                message = f"requests have no attribute {quoted(name)}"
                help = "`request { … }` in the policy files declares them"
                raise self.unknown((*steps, name), message, closest(name, self.index.request), help)
            if value is not None:
                type_, what = self.index.request[name], f"request.{name}"
                checked(self.index, type_, value, what, self.records, self.document, (*steps, name))

    def case(self, test: Test, action: str, target: Any, expected: bool, now: datetime.datetime, steps: Steps) -> Case:
        asked = self._asked(test, action, target, expected, now, steps)
        decision = answer(self._concerned(asked), asked)
        if self.observer is not None:
            self.observer.decided(self.index, asked, decision)
        shown = target
        if not isinstance(target, str):
            ((name, changes),) = target.items()
            shown = f"{name} with {', '.join(changes)} changed"
        what = f"{_cut(action)} {_cut(shown)}"
        title = f"{_cut(test.user)} {'may' if expected else 'may not'} {what}"
        line, _ = self.document.places[steps]
        if decision.allowed == expected:
            return Case(_cut(test.name), title, line, None, asked=what)
        failure = _failure(answer(self.index, asked))
        return Case(_cut(test.name), title, line, failure, explain(self.index, asked), what)

    def _concerned(self, asked: Request) -> Index:
        """What the request depends on; all of the policy set where that knows something of it not."""
        known = asked.action in self.index.actions[asked.resource] and self.index.knows(asked.user)
        return self.narrowing.of(asked.user, asked.action, asked.resource) if known else self.index

    def _asked(
        self, test: Test, action: str, target: Any, expected: bool, now: datetime.datetime, steps: Steps
    ) -> Request:
        changes, field = None, None
        if isinstance(target, str):
            name, _, rest = target.partition(".")
            field = rest or None
        else:
            ((name, changes),) = target.items()
        if name not in self.records:
            message = f"there is no record {quoted(_cut(name))} in this file"
            raise self.unknown(steps, message, closest(name, self.records), "define it under `records`")
        record = dict(self.records[name])
        resource = record.pop("resource")
        actions, declared = self.index.actions[resource], self.index.attributes[resource]
        if action not in actions:
            message = f"{quoted(resource)} has no action {quoted(_cut(action))}"
            help = f"it has {listed([f'`{each}`' for each in actions][:5], 'and')}" if actions else "it has no actions"
            self.refuse_unknown(steps[:-1], message, _mistyped(action, actions, self.index.actions), help, expected)
        if changes is not None and not (action in actions and actions[action].kind == "modify"):
            help = "only modify and actions like it propose changes"
            raise self.document.error(steps, f"{action} writes no changes", help)
        if field is not None and field not in declared:
            message = f"{quoted(resource)} has no attribute {quoted(_cut(field))}"
            help = "`resource` in the policy files lists the attributes"
            self.refuse_unknown(steps, message, _mistyped(field, declared, self.index.attributes), help, expected)
        if changes is not None:
            changes = attributes(self.index, resource, changes, self.records, self.document, (*steps, name))
        given = {**self.scenarios.request, **test.request}
        request = {each: link(self.index.request[each], value, self.records) for each, value in given.items()}
        return Request(test.user, action, resource, record, now, request, field, changes)

    def eligible(self, attribute: str, users: list[str], now: datetime.datetime) -> Case:
        resource, _, name = attribute.partition(".")
        steps = ("eligible", attribute)
        declared = self.index.attributes.get(resource, {}).get(name)
        if declared is None:
            every = [f"{owner}.{each}" for owner, names in self.index.attributes.items() for each in names]
            message = f"there is no attribute {quoted(_cut(attribute))}"
            raise self.unknown(steps, message, closest(attribute, every))
        item = declared.type.item
        if not isinstance(item, UserType):
            help = "`eligible` asks who may be written into an attribute of type `user`"
            raise self.document.error(steps, f"{quoted(attribute)} does not hold users", help)
        found = eligible(self.index, resource, name, now)
        if self.observer is not None:
            self.observer.listed(self.index, attribute, now, found)
        line, _ = self.document.places[steps]
        failure = _difference(found, users)
        return Case("eligible", f"{attribute}: {_cut(', '.join(sorted(users)) or 'nobody')}", line, failure)


def _cut(text: str) -> str:
    """Names as they are shown: files may hold any."""
    return cut(text, _LONGEST)


def _difference(found: tuple[str, ...], expected: list[str]) -> str | None:
    """Who is eligible and should not be, and who should be and is not."""
    many, lacking = sorted(set(found) - set(expected)), sorted(set(expected) - set(found))
    parts = [f"{', '.join(lacking)} {'is' if len(lacking) == 1 else 'are'} missing"] if lacking else []
    parts += [f"{', '.join(many)} {'is' if len(many) == 1 else 'are'} not expected"] if many else []
    return "; ".join(parts) or None


def _failure(decision: Decision) -> str:
    if decision.allowed:
        return "it is allowed"
    return f"it is denied: {'; '.join(map(_cut, decision.reasons))}"


def _meant(name: str, known: tuple[str, ...]) -> str | None:
    """The user who is meant by an id that nobody has: with a typing mistake, or with a part left out or added."""
    parts = (each for each in known if each.startswith(name) or name.startswith(each))
    return closest(name, known) or next(parts, None)


def _mistyped(name: str, known: Iterable[str], of_resource: Mapping[str, Iterable[str]]) -> str | None:
    """What is meant by a name that a resource has not. One that another resource has is spelled right."""
    return None if any(name in names for names in of_resource.values()) else closest(name, known)
