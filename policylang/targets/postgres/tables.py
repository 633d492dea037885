"""Which tables the resources of a policy set are."""

from __future__ import annotations

import msgspec

from policylang.runtime.index import Index
from policylang.settings.targets import Postgres, Table
from policylang.targets.postgres.names import MAX_BYTES, name
from policylang.targets.postgres.refusals import refuse_long
from policylang.targets.target import Refusals

_LONGEST_PREFIX = 40
"""Of the names of database roles: behind it come seven characters and the begin of a digest, of which 16 are enough."""


class Mapped(msgspec.Struct, frozen=True):
    """A resource in the database: names as they are, without quotes; ``columns`` by attribute, in their order."""

    resource: str
    schema: str
    table: str
    key: str
    columns: dict[str, str]

    @property
    def sql(self) -> str:
        return f"{name(self.schema)}.{name(self.table)}"


def mapped(index: Index, settings: Postgres) -> dict[str, Mapped]:
    """The resources in the database, by name."""
    declared = settings.tables
    if declared is None:
        declared = {resource.name: Table() for resource in index.policy_set.resources if resource.attributes}
    return {
        resource: Mapped(
            resource,
            settings.schema,
            table.table or resource,
            table.key,
            {attribute: table.columns.get(attribute, attribute) for attribute in index.attributes[resource]},
        )
        for resource, table in sorted(declared.items())
        if resource in index.resources
    }


def refuse_settings(index: Index, settings: Postgres, refuse: Refusals) -> None:
    """Mappings of what there is not, and names that PostgreSQL would cut."""
    help = "correct `targets: postgres: tables:` in `policylang.yaml`"
    at = index.policy_set.resources[0].at if index.policy_set.resources else f"{index.policy_set.sources[0]}:1:1-1:1"
    for resource, table in sorted((settings.tables or {}).items()):
        if resource not in index.resources:
            refuse("PL803", f"the configuration names a table for `{resource}`, which is not a resource", at, help)
            continue
        for attribute in sorted(set(table.columns) - set(index.attributes[resource])):
            message = f"the configuration names a column for `{attribute}`, which `{resource}` does not have"
            refuse("PL803", message, index.resources[resource].at, help)
    prefix = len(settings.role_prefix.encode())
    if prefix > _LONGEST_PREFIX:
        message = f"the names of database roles begin with {prefix} bytes, and PostgreSQL cuts them after {MAX_BYTES}"
        help_ = f"write {_LONGEST_PREFIX} bytes at most in `targets: postgres: role_prefix:` in `policylang.yaml`"
        refuse("PL803", message, at, help_)
    found: dict[str, str] = {}
    for each in mapped(index, settings).values():
        at = index.resources[each.resource].at
        if (other := found.setdefault(each.table, each.resource)) != each.resource:
            message = f"`{other}` and `{each.resource}` are in one table, where users would see the rows of both"
            refuse("PL803", message, at, help)
        if each.schema == "policylang":  # which down.sql drops
            message = f"`{each.resource}` is in the schema `policylang`, which is the bundle's own"
            refuse("PL803", message, at, "name another one in `targets: postgres: schema:` in `policylang.yaml`")
        for text in (each.schema, each.table, each.key, *each.columns.values()):
            if len(text.encode()) > MAX_BYTES or "\0" in text:
                shorter = "name a shorter one in `targets: postgres: tables:` in `policylang.yaml`"
                refuse_long(text[:80], at, refuse, shorter)
        if len({*each.columns.values(), each.key}) < len(each.columns) + (each.key not in each.columns.values()):
            message = f"two attributes of `{each.resource}` are in one column"
            refuse("PL803", message, at, help)
