-- What policylang keeps in the database.
CREATE SCHEMA IF NOT EXISTS policylang;
-- What somebody else put there beforehand would run with the rights of whoever runs this script.
DO $policylang$
DECLARE
  other name;
BEGIN
  SELECT r.rolname INTO other FROM pg_roles r JOIN pg_namespace n ON n.nspowner = r.oid
  WHERE n.nspname = 'policylang' AND NOT r.rolsuper AND r.rolname <> CURRENT_USER;
  IF FOUND THEN
    RAISE EXCEPTION 'the schema policylang belongs to %', quote_ident(other)
      USING HINT = 'Run the scripts as that role, or have down.sql run by it first.';
  END IF;
END
$policylang$;
REVOKE ALL ON SCHEMA policylang FROM PUBLIC;
CREATE TABLE IF NOT EXISTS policylang.users (id text PRIMARY KEY, role name NOT NULL, attributes jsonb NOT NULL);
CREATE TABLE IF NOT EXISTS policylang.holders (role text NOT NULL, user_id text NOT NULL, first date, last date);
ALTER TABLE policylang.holders ADD COLUMN IF NOT EXISTS since timestamptz;
ALTER TABLE policylang.holders ADD COLUMN IF NOT EXISTS before timestamptz;
CREATE INDEX IF NOT EXISTS holders_of_role ON policylang.holders (role, user_id);
-- Database roles, and the roles for rights that each holds; not wanted: of an earlier script.
CREATE TABLE IF NOT EXISTS policylang.roles (name name PRIMARY KEY, rights name[] NOT NULL, wanted boolean NOT NULL);
-- How the tables were before: whether rows were protected, and what everybody was granted, whole or by column.
CREATE TABLE IF NOT EXISTS policylang.tables (
  name regclass PRIMARY KEY, enabled boolean NOT NULL, forced boolean NOT NULL, public text[] NOT NULL
);
-- For whoever compares the database with policy files: what the script says, and what everything was when it had run.
CREATE TABLE IF NOT EXISTS policylang.recorded (name text PRIMARY KEY, content text NOT NULL);
CREATE TABLE IF NOT EXISTS policylang.facts (kind text NOT NULL, name text NOT NULL, says text NOT NULL);
REVOKE ALL ON ALL TABLES IN SCHEMA policylang FROM PUBLIC;

-- Take back everything that an earlier script put on tables, but for the privileges of roles.
CREATE OR REPLACE PROCEDURE policylang.withdraw() LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $policylang$
DECLARE
  each record;
BEGIN
  FOR each IN SELECT schemaname, tablename, policyname FROM pg_catalog.pg_policies
              WHERE starts_with(policyname, 'policylang ') LOOP
    EXECUTE format('DROP POLICY %I ON %I.%I', each.policyname, each.schemaname, each.tablename);
  END LOOP;
  FOR each IN SELECT tgname, tgrelid::regclass AS of FROM pg_catalog.pg_trigger
              WHERE starts_with(tgname, 'policylang ') AND tgparentid = 0 LOOP
    EXECUTE format('DROP TRIGGER %I ON %s', each.tgname, each.of);
  END LOOP;
  FOR each IN SELECT p.oid::regprocedure AS signature FROM pg_catalog.pg_proc p
              WHERE p.pronamespace = 'policylang'::regnamespace AND p.proname ~ '[. ]' LOOP
    EXECUTE format('DROP FUNCTION %s', each.signature);
  END LOOP;
END
$policylang$;

-- Make the roles that are wanted. The policy is on a table without row-level security: it is there for no row, but keeps
-- other databases of the server, which share the roles, from dropping them.
CREATE OR REPLACE PROCEDURE policylang.create_roles(application name) LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $policylang$
DECLARE
  each record;
BEGIN
  FOR each IN SELECT r.name FROM policylang.roles r JOIN pg_catalog.pg_roles p ON p.rolname = r.name
              WHERE r.wanted AND (p.rolsuper OR p.rolbypassrls OR p.rolcanlogin) LOOP
    RAISE EXCEPTION 'role % was there already, and may more', each.name
      USING HINT = 'Drop it, or choose another `targets: postgres: role_prefix:`.';
  END LOOP;
  FOR each IN SELECT r.name FROM policylang.roles r
              WHERE r.wanted AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles p WHERE p.rolname = r.name) LOOP
    EXECUTE format('CREATE ROLE %I NOLOGIN %s', each.name, CASE WHEN each.name = application THEN 'NOINHERIT' END);
  END LOOP;
  FOR each IN SELECT quote_ident(r.name) AS member, string_agg(quote_ident(held), ', ') AS granted
              FROM policylang.roles r CROSS JOIN unnest(r.rights) held
              WHERE r.wanted AND NOT EXISTS (SELECT FROM pg_catalog.pg_auth_members m
                WHERE m.roleid = quote_ident(held)::regrole AND m.member = quote_ident(r.name)::regrole)
              GROUP BY r.name LOOP
    EXECUTE format('GRANT %s TO %s', each.granted, each.member);
  END LOOP;
  FOR each IN SELECT string_agg(quote_ident(r.name), ', ') AS names FROM policylang.roles r
              WHERE r.wanted AND r.rights <> '{}' HAVING count(*) > 0 LOOP
    EXECUTE format('GRANT %s TO %I', each.names, application);
    EXECUTE format('CREATE POLICY "policylang keeps" ON policylang.roles TO %s USING (false)', each.names);
  END LOOP;
END
$policylang$;

CREATE OR REPLACE PROCEDURE policylang.drop_stale_roles() LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $policylang$
DECLARE
  each record;
BEGIN
  FOR each IN SELECT r.name, EXISTS (
                SELECT FROM pg_catalog.pg_shdepend d JOIN pg_catalog.pg_database b ON b.oid = d.dbid
                WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = p.oid AND b.datname = current_database()
              ) AS used
              FROM policylang.roles r JOIN pg_catalog.pg_roles p ON p.rolname = r.name WHERE NOT r.wanted LOOP
    IF each.used THEN
      EXECUTE format('GRANT %I TO CURRENT_USER', each.name);
      EXECUTE format('DROP OWNED BY %I CASCADE', each.name);
      EXECUTE format('REVOKE %I FROM CURRENT_USER', each.name);
    END IF;
    BEGIN
      EXECUTE format('DROP ROLE %I', each.name);
    EXCEPTION WHEN dependent_objects_still_exist THEN
      RAISE NOTICE 'role % is used by another database', each.name;
    END;
  END LOOP;
  DELETE FROM policylang.roles WHERE NOT wanted;
END
$policylang$;

-- Let nobody see a row of a table, its owner included, but by a policy of these; nor of its partitions and children.
CREATE OR REPLACE PROCEDURE policylang.protect(schema_name text, table_name text) LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $policylang$
DECLARE
  target regclass := format('%I.%I', schema_name, table_name)::regclass;
  other text;
BEGIN
  SELECT i.inhparent::regclass INTO other FROM pg_catalog.pg_inherits i WHERE i.inhrelid = target LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION '% is a part of %, where other rules hold for its rows', target, other
      USING HINT = 'Name the whole table in `targets: postgres: tables:`.';
  END IF;
  SELECT p.polname INTO other FROM pg_catalog.pg_policy p
  WHERE p.polrelid = target AND p.polpermissive AND NOT starts_with(p.polname, 'policylang ')
    AND p.polroles && ARRAY(SELECT 0 UNION SELECT quote_ident(r.name)::regrole::oid FROM policylang.roles r WHERE r.wanted)
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'policy % on % would let users reach more rows', quote_ident(other), target
      USING HINT = 'Drop it, or name the roles in it that it is for.';
  END IF;
  FOR target IN
    WITH RECURSIVE parts (name) AS (
      SELECT target::oid UNION SELECT i.inhrelid FROM parts JOIN pg_catalog.pg_inherits i ON i.inhparent = parts.name
    ) SELECT name FROM parts
  LOOP
    INSERT INTO policylang.tables (name, enabled, forced, public)
    SELECT c.oid, c.relrowsecurity, c.relforcerowsecurity, ARRAY(
      SELECT a.privilege_type FROM aclexplode(c.relacl) a WHERE a.grantee = 0
      UNION ALL
      SELECT format('%s (%I)', a.privilege_type, t.attname)
      FROM pg_catalog.pg_attribute t CROSS JOIN aclexplode(t.attacl) a WHERE t.attrelid = c.oid AND a.grantee = 0
      ORDER BY 1)
    FROM pg_catalog.pg_class c WHERE c.oid = target
    ON CONFLICT (name) DO NOTHING;
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    EXECUTE format('REVOKE ALL ON %s FROM PUBLIC', target);
  END LOOP;
END
$policylang$;

-- Fail where a column compares in other ways than the attribute that it holds: without regard to blanks or case, by the
-- timezone of the session, or inexactly.
CREATE OR REPLACE PROCEDURE policylang.check_column(
  schema_name text, table_name text, column_name text, kind text, many boolean
) LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $policylang$
DECLARE
  target regclass := format('%I.%I', schema_name, table_name)::regclass;
  kept record;
  fits boolean;
BEGIN
  WITH RECURSIVE types (id, depth) AS (
    SELECT a.atttypid, 0 FROM pg_attribute a WHERE a.attrelid = target AND a.attname = column_name AND a.attnum > 0
    UNION ALL
    SELECT CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.typelem END, s.depth + (t.typtype <> 'd')::integer
    FROM types s JOIN pg_type t ON t.oid = s.id WHERE t.typtype = 'd' OR (t.typcategory = 'A' AND s.depth = 0)
  )
  SELECT t.typname, t.typcategory, s.depth, format_type(a.atttypid, a.atttypmod) AS shown,
    coalesce(c.collisdeterministic, true) AS exact
  INTO kept
  FROM types s JOIN pg_type t ON t.oid = s.id AND t.typtype <> 'd'
  JOIN pg_attribute a ON a.attrelid = target AND a.attname = column_name
  LEFT JOIN pg_collation c ON c.oid = a.attcollation
  ORDER BY s.depth DESC LIMIT 1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no column % in %', quote_ident(column_name), target USING ERRCODE = 'undefined_column';
  END IF;
  fits := kept.depth = many::integer AND kept.exact AND CASE kind
    WHEN 'text' THEN kept.typname IN ('text', 'varchar') OR kept.typcategory = 'E'
    WHEN 'key' THEN kept.typname IN ('text', 'varchar')
      OR kept.typcategory IN ('E', 'N', 'U') AND kept.typname NOT IN ('float4', 'float8')
    WHEN 'boolean' THEN kept.typname = 'bool'
    WHEN 'number' THEN kept.typname IN ('int2', 'int4', 'int8', 'numeric')
    WHEN 'date' THEN kept.typname = 'date'
    WHEN 'datetime' THEN kept.typname = 'timestamptz'
    WHEN 'ip' THEN kept.typname IN ('inet', 'cidr')
  END;
  IF NOT fits THEN
    RAISE EXCEPTION 'column % of % is %, which is no type for %', quote_ident(column_name), target, kept.shown,
      CASE WHEN many THEN 'a set: ' ELSE '' END || kind
      USING HINT = 'What the tables must hold stands in README.md beside this script.';
  END IF;
END
$policylang$;

CALL policylang.withdraw();
