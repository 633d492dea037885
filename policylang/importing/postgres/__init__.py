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
    maps={
        "a table or view": "a resource, with its columns as attributes",
        "SELECT, INSERT, UPDATE, DELETE": "view, create, modify, delete; other privileges under their own names",
        "a privilege on a table, or on columns": "a grant of the role, of the attributes",
        "a role, and those whose privileges it inherits": "a role, and roles inside it",
        "PUBLIC": "a role that every user has",
        "a role that may log in and connect": "a user of its name",
        "row security": "a role of each user's own, with policies: permissive policies are alternatives, restrictive "
        "ones all hold",
        "`current_user` in a policy": "`assigned user`",
        "the owner of a table, unless row security is forced; BYPASSRLS": "the grants without the policies",
        "USAGE on a schema": "without it a user has nothing there",
        "a superuser": "a user with a role that grants everything",
        "`pg_read_all_data`, `pg_write_all_data`, `pg_maintain`": "roles with these grants",
        "what the target `postgres` of policylang wrote": "the policy set that it was made of; whatever is not as its "
        "script left it is refused, with what it says now",
    },
    refuses={
        "expression": "an expression of a row policy that is not a comparison of columns with constants or the current "
        "user: a permissive policy opens nothing, and what a restrictive one narrows is missing",
        "two-conditions": "a policy that asks one thing of a row before a change and another after it: policies here "
        "ask the same of both, so `modify` is missing",
        "changed": "it is not as the script of the target `postgres` left it, and the recorded policy set does not "
        "say what it does now: nothing is open there; `up.sql`, run again, puts its own back",
        "added": "it was not there when the script of the target `postgres` had run, and has a bearing on access to "
        "what that protects",
        "gone": "the script of the target `postgres` left it, and it is not there any more: nothing is open there; "
        "`up.sql`, run again, puts it back",
        "definer-function": "a function with SECURITY DEFINER, which has the rights of its owner: what it reads and "
        "changes for others is missing",
        "invoker-view": "a view with `security_invoker`, which shows users what they may see of the tables behind it: "
        "only superusers have its rows",
        "set-role": "a role that a user may take on with SET ROLE, and then do more than before: it is not inherited, "
        "is a superuser, has BYPASSRLS, or row policies ask something else of it. What that may do is missing",
    },
    leaves_out={
        "admin-option": "who may give a role to others",
        "application": "logins of applications, which may become every user: who that is, policy files do not say",
        "beside": "policies, triggers, rules and views of others on what the script of the target `postgres` protects: "
        "they were there when it had run, and may narrow what users do or show rows to others",
        "beyond-policies": "superusers and roles with BYPASSRLS, for whom no policy holds; they were there when the "
        "script of the target `postgres` had run",
        "elsewhere": "tables that the script of the target `postgres` does not protect: the policy set says nothing of "
        "them",
        "grant-option": "who may give privileges to others, besides owners",
        "no-connect": "roles that may log in and not connect to this database: they have nothing in it",
    },
    silent={
        "PL305": "a database holds no reasons for roles",
        "PL402": "a database seldom limits who changes rows",
        "PL604": "a database holds no reviews",
        "PL701": "a database holds no labels",
    },
    tells=frozenset(["application", "beside"]),
    read=read,
    fetch=fetch,
)
