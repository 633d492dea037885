"""The bundle's README, and what a request has to bring."""

from __future__ import annotations

from importlib import resources
from typing import Any

from policylang.targets.bundle import json_bytes
from policylang.targets.cerbos.encoding import edge_name
from policylang.targets.cerbos.reads import CerbosReads, CerbosTree
from policylang.targets.cerbos.request import Caller
from policylang.targets.examples import NOW


def readme(caller: Caller) -> str:
    """How to load the bundle and how to ask, for somebody who knows Cerbos."""
    index = caller.index
    user = next(iter(index.requesters), None)
    asked = next(((r.name, r.actions[0].name) for r in index.policy_set.resources if r.actions), None)
    if user is None or asked is None:
        user, asked, body = "nobody", ("", ""), {}
    else:
        (check,) = caller.checks(user, asked[1], asked[0], now=NOW)
        body = {
            "principal": check.principal,
            "resources": [{"resource": check.resource, "actions": list(check.actions)}],
        }
    template = resources.files(__package__).joinpath("bundle.md").read_text(encoding="utf-8")
    return template.format(
        user=f"`{user}`",
        action=asked[1],
        resource=asked[0],
        example=json_bytes(body).decode().rstrip(),
        zone=index.policy_set.timezone,
    )


def brought(caller: Caller, reads: CerbosReads) -> dict[str, Any]:
    """For ``request.json``: how far the instants and days lie from now, and the paths that conditions read."""
    edges: dict[bool, dict[str, Any]] = {False: {}, True: {}}
    for length, day, sign in reads.edges:
        edges[day][edge_name(length, sign)] = {"amount": sign * length.amount, "unit": length.unit}
    return {
        "timezone": caller.index.policy_set.timezone,
        "instants": edges[False],
        "days": edges[True],
        "request": sorted(_paths(reads.request)),
        "resources": {
            name: {
                "record": sorted(_paths(reads.tree("record", name))),
                "user": sorted(_paths(reads.tree("subject", name))),
            }
            for name in caller.index.resources
        },
    }


def _paths(tree: CerbosTree) -> list[str]:
    found = []
    for name, deeper in tree.items():
        found += [f"{name}.{path}" for path in _paths(deeper)] or [name]
    return found
