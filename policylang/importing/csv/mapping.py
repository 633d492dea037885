"""What the tables are, as people write it down in YAML."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from policylang.files.json_schema import schema_of
from policylang.importing.matching import MappedKind

Holds = Literal["permissions", "roles", "grants", "members", "people", "jobs", "nothing"]
"""What the rows of a table are: a permission each, with a column for each role; a role each, with a column for each
permission; one role and one permission each; a user each, with a column for each role; one person and perhaps a role
each; a job code each; or nothing of interest.
"""

Column = Annotated[str, msgspec.Meta(min_length=1)]


class Columns(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename={"start": "from"}):
    """Columns by what is in them; each is named as the header names it."""

    resource: Column | None = None
    action: Column | None = None
    permission: Column | None = None
    """Resource and action in one: `customer.view`, `View Customer`."""
    role: Column | None = None
    id: Column | None = None
    name: Column | None = None
    group: Column | None = None
    job: Column | None = None
    at: Column | None = None
    start: Column | None = None
    until: Column | None = None
    because: Column | None = None
    approved_by: Column | None = None
    status: Column | None = None
    terminated: Column | None = None
    superuser: Column | None = None


class TableMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One table. ``only``: the columns that are roles or permissions, all others if nothing is said."""

    file: str
    holds: Holds
    sheet: str | None = None
    header: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """The row that names the columns, counted from 1; the first that is not empty if nothing is said."""
    columns: Columns = Columns()
    only: tuple[str, ...] | None = None
    attributes: dict[str, Column] = {}
    """Attributes of users, and their columns."""
    levels: dict[str, tuple[str, ...]] = {}
    """Words in cells, and the actions that they stand for; added to those known."""
    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is in the tables. Those that it does not name are guessed."""

    tables: tuple[TableMapping, ...] = ()


class MappingFile(Mapping, frozen=True, forbid_unknown_fields=True):
    """What is in the tables, and which names of the product are which in the policy files."""

    names: dict[MappedKind, dict[str, str]] = {}
    """By kind and the product's own name; every format takes these."""


def mapping_schema() -> dict[str, Any]:
    """The JSON Schema of a mapping."""
    return schema_of(MappingFile, "mapping", "policylang mapping of tables")
