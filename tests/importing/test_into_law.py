"""What is added to a policy set allows nothing that the import by itself denies, whatever is declared there."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from policylang.importing.imported import Ref
from policylang.importing.importing import Import
from policylang.importing.into import Into
from policylang.project.discovery import SourceSet
from policylang.project.project import Project
from policylang.settings.config import Config
from policylang.source import Source
from policylang.syntax.format import format_source
from policylang.syntax.quoting import quote_text
from tests.importing.casbin import test_oracle as casbin
from tests.importing.frappe import test_oracle as frappe
from tests.importing.helpers import NOW, asked, imported, names_of
from tests.importing.kubernetes import test_oracle as kubernetes

examples = settings(deadline=None, max_examples=settings.default.max_examples // 6)


def there(data: st.DataObject, alone: Import) -> Into:
    """A policy set that declares some of what an import does, and less of it."""
    names, of = names_of(alone), alone.imported
    lines = [f"scope {names['place kind', kind]}" for kind in of.place_kinds]
    for key, each in data.draw(some(of.resources)):
        actions = [names["action", action] for action, _ in data.draw(some(each.actions, 1))]
        items = [f"actions {', '.join(actions)}"] if actions else []
        for name, attribute in data.draw(some(each.attributes)):
            type = "".join(names[part.kind, part.key] if isinstance(part, Ref) else part for part in attribute.type)
            sensitive = "sensitive " if attribute.sensitive and data.draw(st.booleans()) else ""
            items.append(f"optional {sensitive}{names['attribute', name]} : {type}")
        lines.append(f"resource {names['resource', key]} {quote_text(each.label or key)} {{ {'  '.join(items)} }}")
    for kind, bundles in (("role", of.roles), ("group", of.groups)):
        lines += [
            f"{kind} {names[kind, key]} {quote_text(each.label or key)}" for key, each in data.draw(some(bundles))
        ]
    text = format_source(Source("there.policy", "\n".join(lines) + "\n"), 120).text
    assert text is not None
    return Into(Project(SourceSet(Path(), Config(), (Source("there.policy", text),))), "imported")


def some(of: dict[str, Any], least: int = 0) -> st.SearchStrategy[list[tuple[str, Any]]]:
    items = sorted(of.items())
    if not items:
        return st.just([])
    return st.lists(st.sampled_from(items), unique_by=lambda each: each[0], min_size=min(least, len(items)))


def compare(alone: Import, added: Import, values: dict[str, tuple[Any, ...]]) -> None:
    """``values``: what attributes are given, by their keys."""
    one, other = asked(alone), asked(added)
    names, others = names_of(alone), names_of(added)
    kinds = ("resource", "action", "attribute")
    assert all(others.get(key, name) == name for key, name in names.items() if key[0] in kinds)
    for user in (*alone.imported.users, *alone.imported.integrations):
        who = names.get(("integration", user), user)
        for key, resource in alone.imported.resources.items():
            on = names["resource", key]
            for action, record in itertools.product(resource.actions, records(resource.attributes, values)):
                given_ = {names["attribute", name]: value for name, value in record.items()}
                here = other.decide(who, names["action", action], on, given_, now=NOW)
                there = one.decide(who, names["action", action], on, given_, now=NOW)
                assert there.allowed or not here.allowed, (user, action, key, record)
                assert {*here.fields} <= {*there.fields}, (user, action, key, record)


def records(attributes: dict[str, Any], values: dict[str, tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    known = [name for name in attributes if name in values]
    for given_ in itertools.product(*((None, *values[name]) for name in known)):
        yield {name: value for name, value in zip(known, given_, strict=True) if value is not None}


@examples
@given(st.data(), st.fixed_dictionaries(dict.fromkeys(frappe.DOCTYPES, frappe.DOCTYPE)), frappe.MEMBERS)
def test_frappe(data, doctypes, members) -> None:
    files = frappe.files_of(doctypes, members)
    alone = imported("frappe", files)
    added = imported("frappe", files, into=there(data, alone))
    compare(alone, added, {"owner": frappe.USERS})


@examples
@given(st.data(), st.booleans(), st.sampled_from((f"{casbin.ALLOW} && {casbin.DENY}", casbin.DENY)))
def test_casbin(data, domains: bool, effect: str) -> None:
    policy = data.draw(casbin.policies(domains, True, True))
    files = {"model.conf": casbin.model(domains, effect, True, True), "policy.csv": policy}
    alone = imported("casbin", files)
    if alone.project.sources.sources:
        added = imported("casbin", files, into=there(data, alone))
        compare(alone, added, {casbin.DOMAIN: tuple(alone.imported.places)})


@examples
@given(st.data(), kubernetes.clusters())
def test_kubernetes(data, objects) -> None:
    files = {"all.yaml": "\n---\n".join(map(json.dumps, objects))}
    mapping = {"groups": {"devs": ["ann"]}}
    alone = imported("kubernetes", files, mapping)
    if alone.project.sources.sources:
        added = imported("kubernetes", files, mapping, into=there(data, alone))
        values = {"namespace": tuple(alone.imported.places), "name": kubernetes.NAMES, "path": kubernetes.URLS}
        compare(alone, added, values)
