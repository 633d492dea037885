-- What policylang keeps in the database.
CREATE SCHEMA IF NOT EXISTS policylang;
REVOKE ALL ON SCHEMA policylang FROM PUBLIC;
CREATE TABLE IF NOT EXISTS policylang.users (id text PRIMARY KEY, role name NOT NULL, attributes jsonb NOT NULL);
CREATE TABLE IF NOT EXISTS policylang.holders (role text NOT NULL, user_id text NOT NULL, first date, last date);
CREATE INDEX IF NOT EXISTS holders_of_role ON policylang.holders (role, user_id);
CREATE TABLE IF NOT EXISTS policylang.classes (role name PRIMARY KEY);
-- How the tables were before: whether rows were protected, and what everybody was granted.
CREATE TABLE IF NOT EXISTS policylang.tables (
  name regclass PRIMARY KEY, enabled boolean NOT NULL, forced boolean NOT NULL, public text[] NOT NULL
);

-- Take back everything that an earlier script put on tables.
CREATE OR REPLACE PROCEDURE policylang.withdraw() LANGUAGE plpgsql AS $policylang$
DECLARE
  each record;
BEGIN
  FOR each IN SELECT schemaname, tablename, policyname FROM pg_catalog.pg_policies
              WHERE starts_with(policyname, 'policylang ') LOOP
    EXECUTE format('DROP POLICY %I ON %I.%I', each.policyname, each.schemaname, each.tablename);
  END LOOP;
  FOR each IN SELECT tgname, tgrelid::regclass AS of FROM pg_catalog.pg_trigger
              WHERE starts_with(tgname, 'policylang ') AND NOT tgisinternal LOOP
    EXECUTE format('DROP TRIGGER %I ON %s', each.tgname, each.of);
  END LOOP;
  FOR each IN SELECT p.oid::regprocedure AS signature FROM pg_catalog.pg_proc p
              WHERE p.pronamespace = 'policylang'::regnamespace AND p.proname LIKE '%.%' LOOP
    EXECUTE format('DROP FUNCTION %s', each.signature);
  END LOOP;
  FOR each IN SELECT c.role, t.name FROM policylang.classes c CROSS JOIN policylang.tables t
              JOIN pg_catalog.pg_roles r ON r.rolname = c.role JOIN pg_catalog.pg_class k ON k.oid = t.name LOOP
    EXECUTE format('REVOKE ALL ON %s FROM %I', each.name, each.role);
  END LOOP;
END
$policylang$;

-- Let nobody see a row of a table, its owner included, but by a policy.
CREATE OR REPLACE PROCEDURE policylang.protect(schema_name text, table_name text) LANGUAGE plpgsql AS $policylang$
DECLARE
  target regclass := format('%I.%I', schema_name, table_name)::regclass;
BEGIN
  INSERT INTO policylang.tables (name, enabled, forced, public)
  SELECT c.oid, c.relrowsecurity, c.relforcerowsecurity,
         ARRAY(SELECT a.privilege_type FROM aclexplode(c.relacl) a WHERE a.grantee = 0 ORDER BY 1)
  FROM pg_catalog.pg_class c WHERE c.oid = target
  ON CONFLICT (name) DO NOTHING;
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
  EXECUTE format('REVOKE ALL ON %s FROM PUBLIC', target);
END
$policylang$;

-- The roles of users, for the next time.
CREATE OR REPLACE PROCEDURE policylang.remember(roles name[]) LANGUAGE sql AS $policylang$
  DELETE FROM policylang.classes;
  INSERT INTO policylang.classes (role) SELECT unnest(roles);
$policylang$;

CALL policylang.withdraw();
