"""Documents of earlier format versions, step by step in the form of the present one.

Each step adds what its version has and the one before had not, with the value that leaves the meaning as it was. It
works on JSON that was read and not examined yet: what it finds in another form raises AttributeError, KeyError or
TypeError.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from policylang.model.model import KINDS

_Content = dict[str, Any]


def upgraded(content: _Content) -> _Content:
    """The content in the present form."""
    for version in range(content["version"], len(_STEPS) + 1):
        content = {**_STEPS[version - 1](content), "version": version + 1}
    return content


def _second(content: _Content) -> _Content:
    """Kinds of action, trees of records, roles of one user alone, integrations with several roles and dates,
    assignments with times.
    """
    resources = [_resource(each) for each in content["resources"]]
    roles = [_with(each, owner=None) for each in content["roles"]]
    integrations = [_integration(each) for each in content["integrations"]]
    separations = [_separation(each) for each in content["separations"]]
    times = {"from_time": None, "until_time": None}
    users = [{**each, "assignments": [_with(a, **times) for a in each["assignments"]]} for each in content["users"]]
    added = {"roles": roles, "users": users, "integrations": integrations, "separations": separations}
    return {**content, "resources": resources, **added}


def _separation(separation: _Content) -> _Content:
    left = {name: value for name, value in separation.items() if name not in ("first", "second")}
    return _with(left, permissions=[separation["first"], separation["second"]], most=1, severity=None)


def _integration(integration: _Content) -> _Content:
    role = integration["role"]
    left = {name: value for name, value in integration.items() if name != "role"}
    return _with(left, roles=[] if role is None else [role], **{"from": None, "until": None})


def _resource(resource: _Content) -> _Content:
    actions = [_with(each, kind=each["name"] if each["name"] in KINDS else None) for each in resource["actions"]]
    return {**_with(resource, tree=None), "actions": actions}


def _with(node: _Content, **added: Any) -> _Content:
    """The node with fields that it has not. Raises KeyError for one that it has: no such document was compiled."""
    if not node.keys().isdisjoint(added):
        raise KeyError(*added)
    return {**node, **added}


_STEPS: tuple[Callable[[_Content], _Content], ...] = (_second,)
"""The first brings version 1 to version 2."""
