"""What the tables are, as people write it down in YAML."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from policylang.files.json_schema import schema_of
from policylang.importing.imported import MappedKind

RowMeaning = Literal["permissions", "roles", "grants", "members", "people", "jobs", "nothing"]
"""What the rows of a table are: a permission each, with a column for each role; a role each, with a column for each
permission; one role and one permission each; a user each, with a column for each role; one person and perhaps a role
each; a job code each; or nothing of interest.
"""

_Column = Annotated[str, msgspec.Meta(min_length=1)]


class Columns(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename={"start": "from"}):
    """Columns by what is in them; each is named as the header names it."""

    resource: _Column | None = None
    action: _Column | None = None
    permission: _Column | None = None
    """Resource and action in one: `customer.view`, `View Customer`."""
    effect: _Column | None = None
    """Whether a row of a role and a permission grants it, denies it, or does neither."""
    role: _Column | None = None
    id: _Column | None = None
    name: _Column | None = None
    group: _Column | None = None
    job: _Column | None = None
    at: _Column | None = None
    start: _Column | None = None
    until: _Column | None = None
    because: _Column | None = None
    approved_by: _Column | None = None
    status: _Column | None = None
    terminated: _Column | None = None
    superuser: _Column | None = None


class TableMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One table. ``only``: the columns that are roles or permissions, all others if nothing is said."""

    file: str
    holds: RowMeaning
    sheet: str | None = None
    header: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """The row that names the columns, counted from 1; the first that is not empty if nothing is said."""
    columns: Columns = Columns()
    only: tuple[str, ...] | None = None
    attributes: dict[str, _Column] = {}
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
