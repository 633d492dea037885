-- Takes back what up.sql did. Database roles stay if another database of the server uses them.
BEGIN;
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL client_min_messages = warning;
CALL policylang.withdraw();
DO $policylang$
DECLARE
  each record;
  privilege text;
BEGIN
  FOR each IN SELECT t.* FROM policylang.tables t JOIN pg_catalog.pg_class k ON k.oid = t.name LOOP
    IF NOT each.enabled THEN EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', each.name); END IF;
    IF NOT each.forced THEN EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', each.name); END IF;
    FOREACH privilege IN ARRAY each.public LOOP
      EXECUTE format('GRANT %s ON %s TO PUBLIC', privilege, each.name);
    END LOOP;
  END LOOP;
END
$policylang$;
UPDATE policylang.roles SET wanted = false;
CALL policylang.drop_stale_roles();
DROP SCHEMA policylang CASCADE;
COMMIT;
