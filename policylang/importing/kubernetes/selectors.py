"""Which roles an aggregated one is made of: label selectors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from policylang.diagnostics import quoted
from policylang.importing.imported import Imported
from policylang.importing.kubernetes.objects import Object, texts


def selected(role: Object, roles: Iterable[Object], imported: Imported) -> Iterator[Object]:
    """The roles whose labels one of the selectors of an aggregated role fits. A selector that cannot be read selects
    nothing, and is refused.
    """
    rule = role.value.get("aggregationRule")
    selectors = rule.get("clusterRoleSelectors") if isinstance(rule, dict) else None
    if not isinstance(selectors, list):
        imported.refuse("shape", role.origin("aggregationRule"), f"{quoted(role.name)} has no list of selectors")
        return
    read = [_requirements(each) for each in selectors]
    if None in read:
        imported.refuse("shape", role.origin("aggregationRule"), f"a selector of {quoted(role.name)} cannot be read")
    for each in roles:
        labels = each.value["metadata"].get("labels")
        labels = labels if isinstance(labels, dict) else {}
        if each is not role and any(all(_fits(labels, *one) for one in some) for some in read if some is not None):
            yield each


def _requirements(selector: Any) -> list[tuple[str, str, tuple[str, ...]]] | None:
    """Key, operator and values of everything that a selector asks for; ``None`` where it cannot be read."""
    if not isinstance(selector, dict) or not selector.keys() <= {"matchLabels", "matchExpressions"}:
        return None
    found: list[tuple[str, str, tuple[str, ...]]] = []
    labels = selector.get("matchLabels") or {}
    expressions = selector.get("matchExpressions") or []
    if not isinstance(labels, dict) or not isinstance(expressions, list):
        return None
    for key, value in labels.items():
        found.append((key, "In", (_label(value),)))
    for each in expressions:
        values = texts(each.get("values")) if isinstance(each, dict) else None
        if values is None or not isinstance(each.get("key"), str):
            return None
        if each.get("operator") not in ("In", "NotIn", "Exists", "DoesNotExist"):
            return None
        found.append((each["key"], each["operator"], tuple(values)))
    return found


def _label(value: Any) -> str:
    """A label as the API has it: a text, also where YAML reads `true` without quotes."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _fits(labels: dict[str, Any], key: str, operator: str, values: tuple[str, ...]) -> bool:
    value = _label(labels[key]) if key in labels else None
    match operator:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case _:
            return value is None
