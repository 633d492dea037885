"""The records of a scenario file: linked with each other, and refused where the policy set does not know them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from policylang.diagnostics import quoted
from policylang.files.yaml_source import Steps, Yaml
from policylang.model import types as t
from policylang.runtime.index import Index
from policylang.runtime.values import MISSING, BadValueError, read
from policylang.suggest import closest
from policylang.testing.scenario import ScenarioFile

NamedRecords = dict[str, dict[str, Any]]
"""By name; each with `resource`, and with the records it refers to in place of their names."""


def linked(index: Index, scenarios: ScenarioFile, document: Yaml) -> NamedRecords:
    """The records of a file. Raises `YamlError` at what the policy set has not, or what is not of its type: a
    condition about either would be unknown, and a test that expects a denial would pass for that reason.
    """
    records: NamedRecords = {name: {"id": name} for name in scenarios.records}
    for name, given in scenarios.records.items():
        resource = given.get("resource")
        if not isinstance(resource, str) or resource not in index.resources:
            steps = ("records", name, "resource") if "resource" in given else ("records", name)
            near = closest(resource, index.resources) if isinstance(resource, str) else None
            help = f"did you mean `{near}`?" if near else "add `resource: …`"
            message = "the record has no resource"
            if isinstance(resource, str):
                message = f"there is no resource {quoted(resource)}"
            raise document.error(steps, message, help)
        if "id" in index.attributes[resource]:
            del records[name]["id"]  # then the attribute says which record it is
        records[name]["resource"] = resource
        values = {key: value for key, value in given.items() if key != "resource"}
        records[name] |= attributes(index, resource, values, records, document, ("records", name))
    return records


def attributes(
    index: Index, resource: str, given: dict[str, Any], records: NamedRecords, document: Yaml, steps: Steps
) -> dict[str, Any]:
    """The attributes of a record, or of a change to one."""
    found = {}
    declared = index.attributes[resource]
    for key, value in given.items():
        if key not in declared and key != "id":
            near = closest(key, declared)
            help = f"did you mean `{near}`?" if near else "`resource` in the policy files lists the attributes"
            raise document.error((*steps, key), f"`{resource}` has no attribute {quoted(key)}", help)
        found[key] = value
        if key in declared:
            what = f"{resource}.{key}"
            found[key] = checked(index, declared[key].type, value, what, records, document, (*steps, key))
    return found


def checked(
    index: Index, type_: t.Type, value: Any, what: str, records: NamedRecords, document: Yaml, steps: Steps
) -> Any:
    """The value of an attribute, with records in place of their names. Raises `YamlError` where it is not of the type,
    and at a place that is misspelled.
    """
    found = link(type_, value, records)
    try:
        read(type_, MISSING if value is None else found, what)
    except BadValueError as error:
        raise document.error(steps, str(error), _help_for(type_, value)) from None
    _check_places(index, type_, value, document, steps)
    return found


def _check_places(index: Index, type_: t.Type, value: Any, document: Yaml, steps: Steps) -> None:
    """Raises `YamlError` at a place that is misspelled: no role covers it, and a test that expects a denial would pass
    for that reason. A place that is like no other is one that the policy set does not know.
    """
    if not isinstance(type_.item, t.PlaceType):
        return
    for name in value if isinstance(value, list) else (value,):
        near = closest(name, index.places) if isinstance(name, str) and name not in index.places else None
        if near:
            raise document.error(steps, f"there is no place {quoted(name)}", f"did you mean `{near}`?")


def _help_for(type_: t.Type, value: Any) -> str:
    """What to write instead of a value that is not of the type."""
    item, values = (type_.of, value) if isinstance(type_, t.SetType) else (type_, [value])
    if isinstance(values, list) and isinstance(item, _TEXTS) and any(isinstance(v, int | Decimal) for v in values):
        return "write it in quotes"
    return f"write a value like `{_in_scenarios(type_)}`, or leave it out"


def _in_scenarios(type_: t.Type) -> str:
    """A value of the type as a scenario file writes it."""
    if isinstance(type_, t.SetType):
        return f"[{_in_scenarios(type_.of)}]"
    return t.sample(type_).strip('"').replace("…", "a text")


_TEXTS = (t.TextType, t.UserType, t.EnumType, t.PlaceType)


def link(type_: t.Type, value: Any, records: NamedRecords) -> Any:
    """The value of an attribute, with records in place of their names."""
    if isinstance(type_, t.RecordType) and isinstance(value, str):
        return records.get(value, value)
    if isinstance(type_, t.SetType) and isinstance(type_.of, t.RecordType) and isinstance(value, list):
        return [records.get(item, item) if isinstance(item, str) else item for item in value]
    return value
