"""PostgreSQL: a live catalog by connection string, read only."""

from __future__ import annotations

from policylang.importing.format import ImportFormat
from policylang.importing.postgres.catalog import fetch
from policylang.importing.postgres.read import read

FORMAT = ImportFormat(
    name="postgres",
    title="PostgreSQL",
    inputs="one connection string, such as `postgresql://user@host/database`; nothing is written there",
    suffixes=(".json",),
    maps=(
        ("a table or view", "a resource, with its columns as attributes"),
        ("SELECT, INSERT, UPDATE, DELETE", "view, create, modify, delete; other privileges under their own names"),
        ("a privilege on a table, or on columns", "a grant of the role, of the attributes"),
        ("a role, and those whose privileges it inherits", "a role, and roles inside it"),
        ("PUBLIC", "a role that every user has"),
        ("a role that may log in and connect", "a user of its name"),
        (
            "row security",
            "a role of each user's own, with policies: permissive policies are alternatives, restrictive ones all hold",
        ),
        ("`current_user` in a policy", "`assigned user`"),
        ("the owner of a table, unless row security is forced; BYPASSRLS", "the grants without the policies"),
        ("USAGE on a schema", "without it a user has nothing there"),
        ("a superuser", "a user with a role that grants everything"),
        ("`pg_read_all_data`, `pg_write_all_data`", "roles with these grants"),
        (
            "what the target `postgres` of policylang wrote",
            "its database roles and their privileges; its row policies call functions, and are refused as expressions",
        ),
    ),
    refuses={
        "expression": "an expression of a row policy that is no comparison of columns with constants or the current "
        "user: a permissive policy opens nothing, and what a restrictive one narrows is missing",
        "two-conditions": "a policy that asks one thing of a row before a change and another after it: policies here "
        "ask the same of both, so `modify` is missing",
        "set-role": "a role that a user has to take on with SET ROLE: what that may do is missing",
    },
    leaves_out={
        "admin-option": "who may give a role to others",
        "no-connect": "roles that may log in and not connect to this database: they have nothing in it",
    },
    silent={
        "PL305": "a database holds no reasons for roles",
        "PL402": "a database seldom limits who changes rows",
        "PL604": "a database holds no reviews",
        "PL701": "a database holds no labels",
    },
    read=read,
    fetch=fetch,
)
