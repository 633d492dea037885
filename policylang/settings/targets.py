"""What the configuration says of compile targets."""

from __future__ import annotations

from typing import Annotated

import msgspec

Identifier = Annotated[
    str,
    msgspec.Meta(
        min_length=1, max_length=63, pattern="^[^\\x00]*$", description="a name of 1 to 63 characters, none of them NUL"
    ),
]
"""A name in PostgreSQL, as it is, without quotes."""


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the records of a resource are."""

    table: Identifier | None = None
    """Named like the resource if left out."""
    key: Identifier = "id"
    """The column that related records name."""
    columns: dict[str, Identifier] = {}
    """By attribute; those left out are named like the attribute."""


class Postgres(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Tables behind resources, for ``policylang compile --target postgres``."""

    schema: Identifier = "public"
    """Where the tables are."""
    tables: dict[str, Table] | None = None
    """By resource. Those left out are not in the database; if nothing is said, every resource with attributes is."""
    role_prefix: Annotated[
        str,
        msgspec.Meta(
            min_length=1,
            max_length=40,
            pattern="^[^\\x00]*$",
            description="1 to 40 characters, none of them NUL",
        ),
    ] = "policylang"
    """What the names of database roles begin with; roles are shared by all databases of a server."""


class TargetSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings by target."""

    postgres: Postgres = Postgres()
