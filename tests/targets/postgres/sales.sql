-- Access rules of a policy set. Changes nothing, or everything: one transaction.
BEGIN;
SET LOCAL standard_conforming_strings = on;
SET LOCAL client_min_messages = warning;
SET LOCAL check_function_bodies = off;
-- Database roles: one for users who have the same, one that may become each, one for reading.
DO $policylang$ DECLARE r name; BEGIN FOREACH r IN ARRAY ARRAY['policylang_reader', 'policylang_app', 'policylang_4d563cd2aa4e0f093d44', 'policylang_97c9fb1ddaa9ba75f826']::name[] LOOP
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN
    EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', r);
  END IF;
END LOOP; END $policylang$;
GRANT "policylang_reader" TO CURRENT_USER;
GRANT "policylang_4d563cd2aa4e0f093d44" TO "policylang_app";
GRANT "policylang_97c9fb1ddaa9ba75f826" TO "policylang_app";
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
GRANT USAGE ON SCHEMA policylang TO "policylang_app", "policylang_reader", "policylang_4d563cd2aa4e0f093d44", "policylang_97c9fb1ddaa9ba75f826";
GRANT CREATE ON SCHEMA policylang TO "policylang_reader";
GRANT SELECT ON policylang.users, policylang.holders TO "policylang_reader";
GRANT USAGE ON SCHEMA "public" TO "policylang_app", "policylang_reader", "policylang_4d563cd2aa4e0f093d44", "policylang_97c9fb1ddaa9ba75f826";
-- Users, the attributes that conditions look at, and who has which role when.
DELETE FROM policylang.users; DELETE FROM policylang.holders;
INSERT INTO policylang.users (id, role, attributes) VALUES
  ('ann', 'policylang_4d563cd2aa4e0f093d44', '{}'),
  ('it''s "bob"', 'policylang_4d563cd2aa4e0f093d44', '{}'),
  ('eve', 'policylang_97c9fb1ddaa9ba75f826', '{}');
INSERT INTO policylang.holders (role, user_id, first, last) VALUES
  ('rep', 'ann', NULL, NULL),
  ('rep', 'it''s "bob"', NULL, NULL);
CREATE OR REPLACE FUNCTION policylang.zone() RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS 'SELECT ''UTC''';
-- What the policies on tables call. Everything that reads more than the session belongs to the reader.

-- The user of this transaction, if the database role is that of the user; else nobody.
CREATE OR REPLACE FUNCTION policylang.me_as(who name) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $policylang$
  SELECT u.id FROM policylang.users u
  WHERE u.id = nullif(current_setting('policylang.user', true), '') AND u.role = who
$policylang$;

-- Without an argument its text has the default collation, as columns have; with a name it would have that of names, and
-- no index of a column would fit.
CREATE OR REPLACE FUNCTION policylang.me() RETURNS text
LANGUAGE sql STABLE AS $policylang$ SELECT policylang.me_as(CURRENT_USER) $policylang$;

CREATE OR REPLACE FUNCTION policylang.role_of(user_id text) RETURNS name
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $policylang$
  SELECT u.role FROM policylang.users u WHERE u.id = user_id
$policylang$;

-- An attribute of a user; NULL where it is missing, or the user.
CREATE OR REPLACE FUNCTION policylang.of_user(user_id text, attribute text) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $policylang$
  SELECT u.attributes -> attribute FROM policylang.users u WHERE u.id = user_id
$policylang$;

-- Whether a user has a role today.
CREATE OR REPLACE FUNCTION policylang.eligible(wanted text, candidate text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $policylang$
  SELECT EXISTS (
    SELECT FROM policylang.holders h
    WHERE h.role = wanted AND h.user_id = candidate
      AND (h.first IS NULL OR h.first <= policylang.today())
      AND (h.last IS NULL OR policylang.today() <= h.last)
  )
$policylang$;

CREATE OR REPLACE FUNCTION policylang.all_eligible(wanted text, candidates text[]) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $policylang$
  SELECT coalesce(bool_and(policylang.eligible(wanted, c)), true) FROM unnest(candidates) c
$policylang$;

-- An attribute of the request.
CREATE OR REPLACE FUNCTION policylang.request(attribute text) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $policylang$
  SELECT nullif(nullif(current_setting('policylang.request', true), '')::jsonb -> attribute, 'null'::jsonb)
$policylang$;

CREATE OR REPLACE FUNCTION policylang.items(list jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $policylang$
  SELECT coalesce(array_agg(e.item ORDER BY e.number), '{}')
  FROM jsonb_array_elements_text(list) WITH ORDINALITY AS e (item, number)
$policylang$;

-- Now: the start of the transaction.
CREATE OR REPLACE FUNCTION policylang.instant() RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $policylang$ SELECT now() $policylang$;

CREATE OR REPLACE FUNCTION policylang.today() RETURNS date
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $policylang$
  SELECT (policylang.instant() AT TIME ZONE policylang.zone())::date
$policylang$;

CREATE OR REPLACE FUNCTION policylang.day_after(months integer, days integer) RETURNS date
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $policylang$
  SELECT (policylang.today() + make_interval(months => months))::date + days
$policylang$;

-- Months are counted on the calendar at the same time of day. A time of day that a clock change shows twice is the one
-- that now is, else the first; one that it skips is read as before the change, or as after it if now is a second one.
CREATE OR REPLACE FUNCTION policylang.instant_after(months integer, minutes integer) RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $policylang$
DECLARE
  start timestamptz := policylang.instant();
  zone text := policylang.zone();
  shown timestamp := start AT TIME ZONE zone;
  changes interval[] := ARRAY['20 minutes', '30 minutes', '40 minutes', '1 hour', '2 hours', '3 hours', '24 hours'];
  again boolean;
  target timestamp;
  found timestamptz;
  skipped interval;
  change interval;
BEGIN
  IF months = 0 THEN
    RETURN start + make_interval(mins => minutes);
  END IF;
  again := EXISTS (SELECT FROM unnest(changes) c WHERE (start - c) AT TIME ZONE zone = shown);
  target := shown + make_interval(months => months);
  found := target AT TIME ZONE zone;
  skipped := (found AT TIME ZONE zone) - target;
  IF skipped <> interval '0' THEN
    RETURN CASE WHEN again THEN found - skipped ELSE found END;
  END IF;
  IF NOT again THEN
    FOREACH change IN ARRAY changes LOOP
      IF (found - change) AT TIME ZONE zone = target THEN
        RETURN found - change;
      END IF;
    END LOOP;
  END IF;
  RETURN found;
END
$policylang$;

-- Be a user until the end of the transaction. Who calls it must be a member of the application's role.
CREATE OR REPLACE FUNCTION policylang.become(user_id text, request jsonb DEFAULT '{}') RETURNS void
LANGUAGE plpgsql AS $policylang$
DECLARE
  wanted name := policylang.role_of(user_id);
BEGIN
  IF wanted IS NULL THEN
    RAISE EXCEPTION 'there is no user %', quote_literal(user_id) USING ERRCODE = 'insufficient_privilege';
  END IF;
  PERFORM set_config('policylang.user', user_id, true), set_config('policylang.request', request::text, true);
  PERFORM set_config('role', wanted::text, true);
END
$policylang$;

CREATE OR REPLACE FUNCTION policylang.refuse() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $policylang$
BEGIN
  RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'insufficient_privilege';
END
$policylang$;
ALTER FUNCTION policylang.me_as(name) OWNER TO "policylang_reader";
ALTER FUNCTION policylang.role_of(text) OWNER TO "policylang_reader";
ALTER FUNCTION policylang.of_user(text, text) OWNER TO "policylang_reader";
ALTER FUNCTION policylang.eligible(text, text) OWNER TO "policylang_reader";
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA policylang FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA policylang TO "policylang_reader", "policylang_app", "policylang_4d563cd2aa4e0f093d44", "policylang_97c9fb1ddaa9ba75f826";
-- "customer"
CALL policylang.protect('public', 'customer');
CREATE POLICY "policylang reader" ON "public"."customer" FOR SELECT TO "policylang_reader" USING (TRUE);
GRANT SELECT ("id", "name", "owner", "status") ON "public"."customer" TO "policylang_reader";
CREATE TRIGGER "policylang eligible 4c1029697ee35871" BEFORE INSERT OR UPDATE OF "owner" ON "public"."customer"
  FOR EACH ROW WHEN (NEW."owner" IS NOT NULL AND policylang.me() IS NOT NULL AND NOT policylang.eligible('rep', NEW."owner"::text))
  EXECUTE FUNCTION policylang.refuse('owner must be a user with role rep');
GRANT SELECT ("name", "owner", "status", "id") ON "public"."customer" TO "policylang_4d563cd2aa4e0f093d44";
CREATE POLICY "policylang view fc30cc3c4a37706c" ON "public"."customer" FOR SELECT TO "policylang_4d563cd2aa4e0f093d44"
  USING (((SELECT policylang.me()) IS NOT NULL));
GRANT INSERT ("name", "owner", "status", "id") ON "public"."customer" TO "policylang_4d563cd2aa4e0f093d44";
CREATE POLICY "policylang create e96cc8d392341947" ON "public"."customer" FOR INSERT TO "policylang_4d563cd2aa4e0f093d44"
  WITH CHECK ((((SELECT policylang.me()) IS NOT NULL) AND ("customer"."owner" = (SELECT policylang.me()))));
GRANT UPDATE ("name", "owner", "status") ON "public"."customer" TO "policylang_4d563cd2aa4e0f093d44";
CREATE POLICY "policylang modify e96cc8d392341947" ON "public"."customer" FOR UPDATE TO "policylang_4d563cd2aa4e0f093d44"
  USING ((((SELECT policylang.me()) IS NOT NULL) AND ("customer"."owner" = (SELECT policylang.me())))) WITH CHECK ((((SELECT policylang.me()) IS NOT NULL) AND ("customer"."owner" = (SELECT policylang.me()))));
GRANT DELETE ON "public"."customer" TO "policylang_4d563cd2aa4e0f093d44";
CREATE POLICY "policylang delete c8d11023f70cb8ad" ON "public"."customer" FOR DELETE TO "policylang_4d563cd2aa4e0f093d44"
  USING ((((SELECT policylang.me()) IS NOT NULL) AND (("customer"."owner" = (SELECT policylang.me())) AND ("customer"."status" = 'lead'))));
CALL policylang.remember(ARRAY['policylang_4d563cd2aa4e0f093d44', 'policylang_97c9fb1ddaa9ba75f826']::name[]);
COMMIT;
