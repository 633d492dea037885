-- Takes back what up.sql did. Database roles stay if another database of the server uses them.
BEGIN;
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
  FOR each IN SELECT unnest(ARRAY(SELECT role FROM policylang.classes) || {roles}) AS role LOOP
    IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = each.role) THEN
      EXECUTE format('DROP OWNED BY %I CASCADE', each.role);
      BEGIN
        EXECUTE format('DROP ROLE %I', each.role);
      EXCEPTION WHEN dependent_objects_still_exist THEN
        RAISE NOTICE 'role % is used by another database', each.role;
      END;
    END IF;
  END LOOP;
END
$policylang$;
DROP SCHEMA policylang CASCADE;
COMMIT;
