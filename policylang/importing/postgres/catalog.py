"""What a live database says of roles, privileges and row policies, fetched read only, as a document.

Everything that identifies the server or whoever asks stays here: neither the connection string nor a word of it is in
the document or in an error.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from policylang.importing.postgres.facts import fetch_record
from policylang.importing.reading import InputFile, Inputs, NotThisError

_SHOWN = "the database"
_OLDEST = 150000
_QUERIES = {
    "roles": """
        SELECT rolname, rolsuper, rolcanlogin, rolbypassrls,
               has_database_privilege(oid, current_database(), 'CONNECT')
        FROM pg_roles ORDER BY rolname""",
    "members": """
        SELECT g.rolname, m.rolname, {inherits}, {sets}, a.admin_option
        FROM pg_auth_members a JOIN pg_roles g ON g.oid = a.roleid JOIN pg_roles m ON m.oid = a.member
        UNION ALL SELECT 'pg_database_owner', o.rolname, true, false, false
        FROM pg_database d JOIN pg_roles o ON o.oid = d.datdba
        WHERE d.datname = current_database() AND NOT o.rolsuper  -- that membership stands nowhere
        ORDER BY 1, 2, 3, 4, 5""",
    "schemas": """
        SELECT n.nspname, coalesce(r.rolname, 'public')
        FROM pg_namespace n CROSS JOIN aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
        LEFT JOIN pg_roles r ON r.oid = a.grantee
        WHERE a.privilege_type = 'USAGE' AND (a.grantee = 0 OR r.oid IS NOT NULL) ORDER BY 1, 2""",
    "tables": """
        SELECT n.nspname, c.relname, o.rolname, c.relrowsecurity, c.relforcerowsecurity
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles o ON o.oid = c.relowner
        WHERE {ours} ORDER BY 1, 2""",
    "columns": """
        SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, NULL), a.attnotnull,
               coalesce(l.collisdeterministic, true)
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_collation l ON l.oid = a.attcollation
        WHERE a.attnum > 0 AND NOT a.attisdropped AND {ours} ORDER BY 1, 2, a.attnum""",
    "grants": """
        SELECT n.nspname, c.relname, NULL, coalesce(r.rolname, 'public'), a.privilege_type, a.grantee = 0
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        CROSS JOIN aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a
        LEFT JOIN pg_roles r ON r.oid = a.grantee WHERE {ours} AND (a.grantee = 0 OR r.oid IS NOT NULL)
        UNION
        SELECT n.nspname, c.relname, t.attname, coalesce(r.rolname, 'public'), a.privilege_type, a.grantee = 0
        FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        CROSS JOIN aclexplode(t.attacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
        WHERE {ours} AND t.attnum > 0 AND NOT t.attisdropped AND (a.grantee = 0 OR r.oid IS NOT NULL)
        ORDER BY 1, 2, 3 NULLS FIRST, 4, 5""",
    "grant_options": """
        SELECT DISTINCT n.nspname, c.relname, r.rolname
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        CROSS JOIN (SELECT oid, relacl FROM pg_class UNION ALL SELECT attrelid, attacl FROM pg_attribute
          WHERE NOT attisdropped) said (of, acl)
        CROSS JOIN aclexplode(said.acl) a JOIN pg_roles r ON r.oid = a.grantee
        WHERE {ours} AND said.of = c.oid AND a.is_grantable AND a.grantee <> c.relowner ORDER BY 1, 2, 3""",
    "invoker_views": """
        SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE {ours} AND EXISTS (SELECT FROM pg_options_to_table(c.reloptions) o
          WHERE o.option_name = 'security_invoker' AND o.option_value::boolean) ORDER BY 1, 2""",
    "definers": """
        SELECT p.oid::regprocedure::text, o.rolname, coalesce(r.rolname, 'everybody')
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_roles o ON o.oid = p.proowner
        CROSS JOIN aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
        LEFT JOIN pg_roles r ON r.oid = a.grantee
        WHERE p.prosecdef AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND a.grantee <> p.proowner
          AND (a.grantee = 0 OR r.oid IS NOT NULL)
          AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
          AND NOT EXISTS (SELECT FROM pg_depend d
            WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
        ORDER BY 1, 3""",
    "policies": """
        SELECT schemaname, tablename, policyname, permissive = 'PERMISSIVE', roles::text[], cmd, qual, with_check
        FROM pg_policies ORDER BY 1, 2, 3""",
}
_OURS = "c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"


def fetch(strings: Sequence[str]) -> Inputs:
    """The catalogs behind connection strings. Raises `NotThisError`, without a word of the strings."""
    if len(strings) != 1:
        raise NotThisError(_SHOWN, "give one connection string", "import one database at a time")
    try:
        import psycopg
    except ImportError:
        help = "install it: `pip install 'policylang[postgres]'`"
        raise NotThisError(_SHOWN, "PostgreSQL is read with a package that is not installed", help) from None
    try:
        with psycopg.connect(strings[0], connect_timeout=10, autocommit=False) as connection:
            connection.read_only = True
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            _check_version(connection)
            document = fetch_record(connection) or _document(connection)
            name = connection.info.dbname
    except psycopg.errors.InsufficientPrivilege as error:
        help = "grant the role USAGE on the schema `policylang` and SELECT on all tables in it"
        raise NotThisError(_SHOWN, f"it cannot be read: {error.diag.message_primary}", help) from None
    except psycopg.errors.UndefinedTable as error:
        help = "run the `up.sql` of the target `postgres` again"
        raise NotThisError(_SHOWN, f"what a script left is gone: {error.diag.message_primary}", help) from None
    except (psycopg.ProgrammingError, UnicodeEncodeError):
        help = "write it as `postgresql://user@host/database`; the password may be in `~/.pgpass`"
        raise NotThisError(_SHOWN, "this is not a connection string of a database that can be read", help) from None
    except psycopg.Error as error:
        said = error.diag.message_primary  # what libpq says itself may repeat parts of the string
        message = (
            f"it cannot be read: {said.lower()}" if said else "the server cannot be reached, or does not let you in"
        )
        raise NotThisError(_SHOWN, message, "check the connection string; `psql` with it says more") from None
    data = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False).encode()
    return Inputs((InputFile(name, data),))


def _check_version(connection: Any) -> None:
    version = connection.info.server_version
    if version < _OLDEST:
        raise NotThisError(_SHOWN, f"it is version {version // 10000}", "PostgreSQL 15 and later are read")


def _document(connection: Any) -> dict[str, Any]:
    version = connection.info.server_version
    connection.execute("SET LOCAL search_path TO pg_catalog")
    own = ("a.inherit_option", "a.set_option") if version >= 160000 else ("m.rolinherit", "true")
    # role.rolinherit is the default of PostgreSQL 16 at the time of the grant, and the rule before it
    found: dict[str, Any] = {}
    for name, query in _QUERIES.items():
        text = query.format(inherits=own[0], sets=own[1], ours=_OURS) if "{" in query else query
        found[name] = [list(row) for row in connection.execute(text)]
    return found
