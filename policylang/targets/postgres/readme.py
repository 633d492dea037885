"""The bundle's README."""

from __future__ import annotations

import json
import re

from policylang.ir import nodes as ir
from policylang.runtime.index import Index
from policylang.targets.postgres.names import name
from policylang.targets.postgres.rights import commands
from policylang.targets.postgres.script import Script, resource


def _others(resource: ir.Resource) -> list[str]:
    known = commands(resource)
    return [action.name for action in resource.actions if action.name not in known]


def readme(script: Script) -> str:
    """How to load the scripts and how to ask, for somebody who knows PostgreSQL."""
    tables = "\n".join(
        f"| `{each.resource}` | {each.sql} | "
        f"{', '.join(commands(script.index.resources[each.resource])) or 'none'} | "
        f"{', '.join(_others(script.index.resources[each.resource])) or 'none'} |"
        for each in script.tables.values()
    )
    left = sorted(set(script.index.resources) - set(script.tables))
    return f"{resource('bundle.md')}\n".format(
        tables=tables,
        left=", ".join(f"`{each}`" for each in left) or "none",
        application=name(script.application),
        everybody=script.everybody,
        roles=len(script.rights.roles),
        users=sum(len(each.users) for each in script.rights.roles),
        user=_user(script.index),
        request=json.dumps(dict.fromkeys(sorted(script.index.request)[:1], "…"), ensure_ascii=False),
        zone=script.index.policy_set.timezone,
    )


def _user(index: Index) -> str:
    """A user to become, whose id needs no quotes."""
    return next((user for user in index.requesters if re.fullmatch(r"[\w.@+-]+", user, re.ASCII)), "user@example.test")
