-- Access rules of a policy set. Changes nothing, or everything: one transaction.
BEGIN;
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL standard_conforming_strings = on;
SET LOCAL client_min_messages = warning;
SET LOCAL check_function_bodies = off;
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
-- Database roles: three that there always are, one for each right, one for users who have the same.
UPDATE policylang.roles SET wanted = false;
INSERT INTO policylang.roles (name, rights, wanted) VALUES
  ('policylang_reader', '{}', true),
  ('policylang_app', '{}', true),
  ('policylang_user', '{}', true),
  ('policylang_right_68febb1ec7e74afc5b5b', '{}', true),
  ('policylang_right_904647f1b55fff976917', '{}', true),
  ('policylang_right_e46d027e1c9f2b5e0a65', '{}', true),
  ('policylang_right_f8cbfc443379045febee', '{}', true),
  ('policylang_30c1fb855ef6a21366c4', '{"policylang_user","policylang_right_68febb1ec7e74afc5b5b","policylang_right_904647f1b55fff976917","policylang_right_e46d027e1c9f2b5e0a65","policylang_right_f8cbfc443379045febee"}', true),
  ('policylang_4f53cda18c2baa0c0354', '{"policylang_user"}', true) ON CONFLICT (name) DO UPDATE SET wanted = true;
CALL policylang.create_roles('policylang_app');
GRANT "policylang_reader" TO CURRENT_USER;
GRANT USAGE ON SCHEMA policylang TO "policylang_reader", "policylang_app", "policylang_user";
GRANT CREATE ON SCHEMA policylang TO "policylang_reader";
GRANT SELECT ON policylang.users, policylang.holders TO "policylang_reader";
GRANT USAGE ON SCHEMA "public" TO "policylang_reader", "policylang_user";
-- Users, the attributes that conditions look at, and who has which role when.
DELETE FROM policylang.users; DELETE FROM policylang.holders;
INSERT INTO policylang.users (id, role, attributes) VALUES
  ('ann', 'policylang_30c1fb855ef6a21366c4', '{}'),
  ('it''s "bob"', 'policylang_30c1fb855ef6a21366c4', '{}'),
  ('eve', 'policylang_4f53cda18c2baa0c0354', '{}');
INSERT INTO policylang.holders (role, user_id, first, last, since, before) VALUES
  ('rep', 'ann', NULL, NULL, NULL, NULL),
  ('rep', 'it''s "bob"', NULL, NULL, NULL, NULL);
CREATE OR REPLACE FUNCTION policylang.zone() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS 'SELECT ''UTC''';
-- What the policies on tables call. Everything that reads more than the session belongs to the reader.

-- The user of this transaction, if the database role is that of the user; else nobody.
CREATE OR REPLACE FUNCTION policylang.me_as(who name) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $policylang$
  SELECT u.id FROM policylang.users u
  WHERE u.id = nullif(current_setting('policylang.user', true), '') AND u.role = who
$policylang$;

-- Without an argument its text has the default collation, as columns have; with a name it would have that of names, and
-- no index of a column would fit.
CREATE OR REPLACE FUNCTION policylang.me() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $policylang$ SELECT policylang.me_as(CURRENT_USER) $policylang$;

CREATE OR REPLACE FUNCTION policylang.role_of(user_id text) RETURNS name
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $policylang$
  SELECT u.role FROM policylang.users u WHERE u.id = user_id
$policylang$;

-- An attribute of a user; NULL where it is missing, or the user.
CREATE OR REPLACE FUNCTION policylang.of_user(user_id text, attribute text) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $policylang$
  SELECT u.attributes -> attribute FROM policylang.users u WHERE u.id = user_id
$policylang$;

-- Whether a user has a role today.
CREATE OR REPLACE FUNCTION policylang.eligible(wanted text, candidate text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $policylang$
  SELECT EXISTS (
    SELECT FROM policylang.holders h
    WHERE h.role = wanted AND h.user_id = candidate
      AND (h.first IS NULL OR h.first <= policylang.today())
      AND (h.last IS NULL OR policylang.today() <= h.last)
      AND (h.since IS NULL OR h.since <= policylang.instant())
      AND (h.before IS NULL OR policylang.instant() < h.before)
  )
$policylang$;

CREATE OR REPLACE FUNCTION policylang.all_eligible(wanted text, candidates text[]) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $policylang$
  SELECT coalesce(bool_and(policylang.eligible(wanted, c)), true) FROM unnest(candidates) c
$policylang$;

-- An attribute of the request.
CREATE OR REPLACE FUNCTION policylang.request(attribute text) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $policylang$
  SELECT nullif(nullif(current_setting('policylang.request', true), '')::jsonb -> attribute, 'null'::jsonb)
$policylang$;

-- Now: the start of the transaction.
CREATE OR REPLACE FUNCTION policylang.instant() RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $policylang$ SELECT now() $policylang$;

CREATE OR REPLACE FUNCTION policylang.today() RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $policylang$
  SELECT (policylang.instant() AT TIME ZONE policylang.zone())::date
$policylang$;

CREATE OR REPLACE FUNCTION policylang.time_of_day() RETURNS time
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $policylang$
  SELECT (policylang.instant() AT TIME ZONE policylang.zone())::time
$policylang$;

-- Monday is 1.
CREATE OR REPLACE FUNCTION policylang.weekday() RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $policylang$
  SELECT extract(isodow FROM policylang.today())::integer
$policylang$;

CREATE OR REPLACE FUNCTION policylang.day_after(months integer, days integer) RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $policylang$
  SELECT (policylang.today() + make_interval(months => months))::date + days
$policylang$;

-- Months are counted on the calendar at the same time of day. A time of day that a clock change shows twice is the one
-- that now is, else the first; one that it skips is read as before the change, or as after it if now is a second one.
CREATE OR REPLACE FUNCTION policylang.instant_after(months integer, minutes integer) RETURNS timestamptz
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $policylang$
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
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $policylang$
DECLARE
  wanted name := policylang.role_of(user_id);
BEGIN
  IF wanted IS NULL THEN
    RAISE EXCEPTION 'there is no user %', quote_literal(user_id) USING ERRCODE = 'insufficient_privilege';
  END IF;
  PERFORM set_config('policylang.user', user_id, true),
    set_config('policylang.request', request::text, true), set_config('role', wanted::text, true);
END
$policylang$;

CREATE OR REPLACE FUNCTION policylang.refuse() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $policylang$
BEGIN
  RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'insufficient_privilege';
END
$policylang$;
-- JSON as values of the language's types, read as strictly as decisions read it. NULL is what is missing, and what is of
-- another type: everything about that is unknown.
CREATE OR REPLACE FUNCTION policylang.as_text(given jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $policylang$
  SELECT CASE WHEN jsonb_typeof(given) = 'string' THEN given #>> '{}' END
$policylang$;

CREATE OR REPLACE FUNCTION policylang.as_one_of(given jsonb, declared text[]) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $policylang$
  SELECT v.found FROM policylang.as_text(given) AS v (found) WHERE v.found = ANY (declared)
$policylang$;

CREATE OR REPLACE FUNCTION policylang.as_boolean(given jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $policylang$
  SELECT CASE WHEN jsonb_typeof(given) = 'boolean' THEN given::boolean END
$policylang$;

-- A JSON number counts if nobody who reads it as a double takes it for another one; a text may have more digits.
CREATE OR REPLACE FUNCTION policylang.as_number(given jsonb) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp SET extra_float_digits = 1 AS $policylang$
DECLARE
  number numeric;
BEGIN
  IF jsonb_typeof(given) = 'string' AND given #>> '{}' ~ '^-?[0-9]{1,200}(\.[0-9]{1,200})?$' THEN
    RETURN (given #>> '{}')::numeric;
  END IF;
  IF jsonb_typeof(given) IS DISTINCT FROM 'number' THEN
    RETURN NULL;
  END IF;
  number := given::numeric;
  IF abs(number) >= 1e200 OR scale(number) > 200 THEN
    RETURN NULL;
  END IF;
  RETURN CASE WHEN number::float8::text::numeric = number THEN number END;
END
$policylang$;

CREATE OR REPLACE FUNCTION policylang.as_whole(given jsonb) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $policylang$
  SELECT v.found FROM policylang.as_number(given) AS v (found) WHERE v.found = trunc(v.found)
$policylang$;

-- A day written as 2026-01-31, if the calendar has it.
CREATE OR REPLACE FUNCTION policylang.day(shown text) RETURNS date
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $policylang$
DECLARE
  parts integer[] := regexp_match(shown, '^([0-9]{4})-([0-9]{2})-([0-9]{2})$')::integer[];
BEGIN
  IF parts IS NULL OR parts[1] = 0 OR parts[2] NOT BETWEEN 1 AND 12 THEN
    RETURN NULL;
  END IF;
  IF parts[3] NOT BETWEEN 1 AND extract(day FROM make_date(parts[1], parts[2], 1) + interval '1 month -1 day') THEN
    RETURN NULL;
  END IF;
  RETURN make_date(parts[1], parts[2], parts[3]);
END
$policylang$;

CREATE OR REPLACE FUNCTION policylang.as_date(given jsonb) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $policylang$
  SELECT policylang.day(policylang.as_text(given))
$policylang$;

CREATE OR REPLACE FUNCTION policylang.as_datetime(given jsonb) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $policylang$
DECLARE
  parts text[] := regexp_match(policylang.as_text(given),
    '^([0-9-]{10})T([0-9]{2}):([0-9]{2})(?::([0-9]{2}(?:\.[0-9]{1,6})?))?(?:Z|([+-])([0-9]{2}):([0-9]{2}))$');
  day date := policylang.day(parts[1]);
  seconds numeric := coalesce(parts[4], '0');
  ahead interval;
  found timestamptz;
BEGIN
  IF day IS NULL OR parts[2] > '23' OR parts[3] > '59' OR seconds >= 60 OR parts[6] > '23' OR parts[7] > '59' THEN
    RETURN NULL;
  END IF;
  ahead := make_interval(hours => coalesce(parts[6], '0')::integer, mins => coalesce(parts[7], '0')::integer);
  found := (day + make_time(parts[2]::integer, parts[3]::integer, seconds::float8)) AT TIME ZONE 'UTC'
    - CASE WHEN parts[5] = '-' THEN -ahead ELSE ahead END;
  RETURN CASE WHEN found BETWEEN '0001-01-01 00:00:00+00' AND '9999-12-31 23:59:59.999999+00' THEN found END;
END
$policylang$;

-- An address without a mask; an IPv4 address that is written as an IPv6 one is itself. Policies compare columns by it, so
-- it is written for PostgreSQL to put it into a query: bound to what it names as it is made, whatever the search path is.
CREATE OR REPLACE FUNCTION policylang.address(given inet) RETURNS inet
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN CASE
  WHEN masklen(given) <> CASE family(given) WHEN 4 THEN 32 ELSE 128 END THEN NULL
  WHEN given <<= '::ffff:0.0.0.0/96'::inet THEN '0.0.0.0'::inet + (given - '::ffff:0.0.0.0'::inet)
  ELSE given
END;

CREATE OR REPLACE FUNCTION policylang.as_ip(given jsonb) RETURNS inet
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $policylang$
DECLARE
  shown text := policylang.as_text(given);
  last text := '(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(\.(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])){3}$';
  groups text := regexp_replace(shown, ':' || last, ':0:0');
BEGIN
  IF shown ~ ('^' || last)
    OR groups ~ '^[0-9A-Fa-f]{1,4}(:[0-9A-Fa-f]{1,4}){7}$'
    OR (groups ~ '^([0-9A-Fa-f]{1,4}(:[0-9A-Fa-f]{1,4})*)?::([0-9A-Fa-f]{1,4}(:[0-9A-Fa-f]{1,4})*)?$'
      AND regexp_count(groups, '[0-9A-Fa-f]+') <= 7)
  THEN
    RETURN policylang.address(shown::inet);
  END IF;
  RETURN NULL;
END
$policylang$;

-- Sets: of them NULL is an item that is missing; what is no list, or has an item of another type, is no set.
CREATE OR REPLACE FUNCTION policylang.as_list(given jsonb) RETURNS TABLE (item jsonb, number bigint)
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $policylang$
  SELECT nullif(e.item, 'null'), e.number
  FROM jsonb_array_elements(CASE WHEN jsonb_typeof(given) = 'array' THEN given END)
  WITH ORDINALITY AS e (item, number)
$policylang$;

-- Columns that are sets: the addresses, unless one has a mask; whether all numbers have 200 digits before and behind the
-- point at most, and whether they are whole.
CREATE OR REPLACE FUNCTION policylang.addresses(given inet[]) RETURNS inet[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $policylang$
  SELECT coalesce(array_agg(policylang.address(i.item)), '{}') FROM unnest(given) i (item)
  HAVING given IS NOT NULL AND coalesce(bool_and((i.item IS NULL) = (policylang.address(i.item) IS NULL)), true)
$policylang$;

CREATE OR REPLACE FUNCTION policylang.all_finite(given numeric[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $policylang$
  SELECT coalesce(bool_and(i.item > -1e200 AND i.item < 1e200 AND scale(i.item) <= 200), true) FROM unnest(given) i (item)
$policylang$;

CREATE OR REPLACE FUNCTION policylang.all_whole(given numeric[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $policylang$
  SELECT coalesce(bool_and(i.item = trunc(i.item)), true) FROM unnest(given) i (item)
$policylang$;
ALTER FUNCTION policylang.me_as(name) OWNER TO "policylang_reader";
ALTER FUNCTION policylang.role_of(text) OWNER TO "policylang_reader";
ALTER FUNCTION policylang.of_user(text, text) OWNER TO "policylang_reader";
ALTER FUNCTION policylang.eligible(text, text) OWNER TO "policylang_reader";
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA policylang FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA policylang TO "policylang_reader", "policylang_app", "policylang_user";
-- "customer"
CALL policylang.protect('public', 'customer');
CALL policylang.check_column('public', 'customer', 'owner', 'text', false);
CALL policylang.check_column('public', 'customer', 'status', 'text', false);
CREATE POLICY "policylang reader" ON "public"."customer" FOR SELECT TO "policylang_reader" USING (TRUE);
GRANT SELECT ("id", "name", "owner", "status") ON "public"."customer" TO "policylang_reader";
CREATE TRIGGER "policylang eligible 4c1029697ee35871" BEFORE INSERT OR UPDATE OF "owner" ON "public"."customer"
  FOR EACH ROW WHEN (NEW."owner" IS NOT NULL AND policylang.me() IS NOT NULL AND NOT policylang.eligible('rep', NEW."owner"::text))
  EXECUTE FUNCTION policylang.refuse('owner must be a user with role rep');
GRANT DELETE ON "public"."customer" TO "policylang_right_68febb1ec7e74afc5b5b";
CREATE POLICY "policylang delete 68febb1ec7e74afc5b5b" ON "public"."customer" FOR DELETE TO "policylang_right_68febb1ec7e74afc5b5b"
  USING ((((SELECT policylang.me()) IS NOT NULL) AND (("customer"."owner" = (SELECT policylang.me())) AND ("customer"."status" = 'lead'))));
GRANT INSERT ("name", "owner", "status", "id") ON "public"."customer" TO "policylang_right_904647f1b55fff976917";
CREATE POLICY "policylang create 904647f1b55fff976917" ON "public"."customer" FOR INSERT TO "policylang_right_904647f1b55fff976917"
  WITH CHECK ((((SELECT policylang.me()) IS NOT NULL) AND ("customer"."owner" = (SELECT policylang.me()))));
GRANT SELECT ("name", "owner", "status", "id") ON "public"."customer" TO "policylang_right_e46d027e1c9f2b5e0a65";
CREATE POLICY "policylang view e46d027e1c9f2b5e0a65" ON "public"."customer" FOR SELECT TO "policylang_right_e46d027e1c9f2b5e0a65"
  USING (((SELECT policylang.me()) IS NOT NULL));
GRANT UPDATE ("name", "owner", "status") ON "public"."customer" TO "policylang_right_f8cbfc443379045febee";
CREATE POLICY "policylang modify f8cbfc443379045febee" ON "public"."customer" FOR UPDATE TO "policylang_right_f8cbfc443379045febee"
  USING ((((SELECT policylang.me()) IS NOT NULL) AND ("customer"."owner" = (SELECT policylang.me())))) WITH CHECK ((((SELECT policylang.me()) IS NOT NULL) AND ("customer"."owner" = (SELECT policylang.me()))));
CALL policylang.drop_stale_roles();
REVOKE "policylang_reader" FROM CURRENT_USER;
-- What was said, and what the database is now.
DELETE FROM policylang.recorded; DELETE FROM policylang.facts;
INSERT INTO policylang.recorded (name, content) VALUES
  ('application', 'policylang_app'),
  ('groups.policy', 'group sales {
  role rep
  grant view, create, modify, delete on customer
  policy own for create, modify, delete
  policy leads for delete
}
'),
  ('people.policy', 'user "ann" in sales
user "eve"
user "it''s \"bob\"" in sales
'),
  ('policies.policy', 'policy leads on customer { status is lead }
policy own on customer { owner is assigned user }
'),
  ('resources.policy', 'resource customer {
  name : text
  owner : user with role rep
  status : one of lead, active
  actions view, create, modify, delete
}
'),
  ('role prefix', 'policylang'),
  ('roles.policy', 'role rep
'),
  ('tables', '[{"resource": "customer", "schema": "public", "table": "customer", "columns": ["id", "name", "owner", "status"], "key": "id", "named": {}}]'),
  ('version', '1'),
  ('world.policy', 'timezone "UTC"
');
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL timezone = 'UTC';
SET LOCAL datestyle = 'ISO';
SET LOCAL intervalstyle = 'postgres';
SET LOCAL extra_float_digits = 1;
SET LOCAL quote_all_identifiers = off;
SET LOCAL jit = off;
INSERT INTO policylang.facts (kind, name, says)
WITH RECURSIVE ours AS (
  SELECT p.oid, p.rolname FROM pg_roles p JOIN policylang.roles r ON r.name = p.rolname
), parts (oid) AS (
  SELECT name::oid FROM policylang.tables
  UNION SELECT i.inhrelid FROM parts JOIN pg_inherits i ON i.inhparent = parts.oid
), relations AS (
  SELECT c.oid, c.oid::regclass::text AS name, c.relowner, c.relacl, c.relrowsecurity, c.relforcerowsecurity,
    c.relnamespace = 'policylang'::regnamespace AS kept
  FROM pg_class c
  WHERE c.oid IN (SELECT oid FROM parts)
    OR (c.relnamespace = 'policylang'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f'))
), views (oid) AS (
  SELECT oid FROM parts
  UNION SELECT r.ev_class FROM views JOIN pg_depend d ON d.refobjid = views.oid AND d.refclassid = 'pg_class'::regclass
  JOIN pg_rewrite r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
), powers AS (
  SELECT p.oid FROM pg_roles p
  WHERE p.rolsuper OR p.rolbypassrls OR p.oid IN (SELECT oid FROM ours) OR p.oid IN (SELECT relowner FROM relations)
    OR p.rolname IN ('pg_read_all_data', 'pg_write_all_data', 'pg_read_server_files', 'pg_write_server_files',
      'pg_execute_server_program')
), privileges AS (
  SELECT r.name AS object, r.kept, r.relowner AS owner, a.grantee, a.privilege_type, a.is_grantable
  FROM relations r CROSS JOIN aclexplode(r.relacl) a
  UNION ALL
  SELECT r.name || ' (' || quote_ident(t.attname) || ')', r.kept, r.relowner, a.grantee, a.privilege_type,
    a.is_grantable
  FROM relations r JOIN pg_attribute t ON t.attrelid = r.oid AND NOT t.attisdropped CROSS JOIN aclexplode(t.attacl) a
  UNION ALL
  SELECT c.oid::regclass::text, false, c.relowner, a.grantee, a.privilege_type, a.is_grantable
  FROM pg_class c CROSS JOIN aclexplode(c.relacl) a
  WHERE c.oid IN (SELECT oid FROM views) AND c.oid NOT IN (SELECT oid FROM relations)
  UNION ALL
  SELECT 'the schema ' || quote_ident(n.nspname), n.nspname = 'policylang', n.nspowner, a.grantee, a.privilege_type,
    a.is_grantable
  FROM pg_namespace n CROSS JOIN aclexplode(n.nspacl) a
  WHERE n.nspname = 'policylang' OR a.grantee IN (SELECT oid FROM ours)
  UNION ALL
  SELECT 'the function ' || p.oid::regprocedure::text, false, p.proowner, a.grantee, a.privilege_type, a.is_grantable
  FROM pg_proc p CROSS JOIN aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
  WHERE p.pronamespace = 'policylang'::regnamespace
), facts (kind, name, says) AS (
  SELECT 'schema', 'policylang', 'owner ' || pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = 'policylang'
  UNION ALL
  -- Whoever may only read what policylang keeps reaches no row by it.
  SELECT 'privileges', 'of ' || coalesce(nullif(g.grantee, 0)::regrole::text, 'everybody') || ' on ' || g.object,
    string_agg(DISTINCT g.privilege_type || CASE WHEN g.is_grantable THEN ' with grant option' ELSE '' END, ', ')
  FROM privileges g
  WHERE g.grantee <> g.owner AND NOT (g.kept AND g.privilege_type IN ('SELECT', 'USAGE') AND NOT g.is_grantable
    AND g.grantee <> 0 AND g.grantee NOT IN (SELECT oid FROM ours))
  GROUP BY g.grantee, g.object
  UNION ALL
  SELECT 'role', quote_ident(p.rolname), concat_ws(', ', CASE WHEN p.rolsuper THEN 'superuser' END,
    CASE WHEN p.rolbypassrls THEN 'BYPASSRLS' END, CASE WHEN p.rolcreaterole THEN 'CREATEROLE' END,
    CASE WHEN p.rolreplication THEN 'REPLICATION' END, CASE WHEN p.rolcanlogin THEN 'LOGIN' ELSE 'NOLOGIN' END,
    CASE WHEN NOT p.rolinherit THEN 'NOINHERIT' END)
  FROM pg_roles p
  WHERE p.rolsuper OR p.rolbypassrls OR p.rolreplication OR p.rolcreaterole OR p.oid IN (SELECT oid FROM ours)
  UNION ALL
  SELECT CASE WHEN g.rolname = k.content AND m.oid NOT IN (SELECT oid FROM ours) THEN 'application' ELSE 'membership' END,
    'of ' || quote_ident(m.rolname) || ' in ' || quote_ident(g.rolname),
    string_agg(DISTINCT concat_ws(', ', 'member', CASE WHEN a.admin_option THEN 'ADMIN' END,
      CASE WHEN to_jsonb(a) ->> 'inherit_option' = 'false' THEN 'not INHERIT' END,
      CASE WHEN to_jsonb(a) ->> 'set_option' = 'false' THEN 'not SET' END), '; ')
  FROM pg_auth_members a JOIN pg_roles g ON g.oid = a.roleid JOIN pg_roles m ON m.oid = a.member
  JOIN policylang.recorded k ON k.name = 'application'
  WHERE a.roleid IN (SELECT oid FROM powers) GROUP BY g.rolname, m.rolname, m.oid, k.content
  UNION ALL
  SELECT 'setting', 'of ' || coalesce(nullif(s.setrole, 0)::regrole::text, 'all roles') ||
    CASE WHEN s.setdatabase = 0 THEN '' ELSE ' in this database' END || ': ' || split_part(c, '=', 1),
    substr(c, strpos(c, '=') + 1)
  FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) c
  WHERE (s.setdatabase = 0 OR s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()))
    AND (s.setrole IN (SELECT oid FROM ours) OR c ~ '^(policylang\.|role=|row_security=|session_replication_role=)')
  UNION ALL
  SELECT 'table', r.name, concat_ws(', ', 'owner ' || pg_get_userbyid(r.relowner),
    CASE WHEN r.relrowsecurity THEN 'row security' ELSE 'no row security' END,
    CASE WHEN r.relforcerowsecurity THEN 'forced' ELSE 'not forced' END,
    'part of ' || (SELECT string_agg(i.inhparent::regclass::text, ', ' ORDER BY i.inhparent::regclass::text)
      FROM pg_inherits i WHERE i.inhrelid = r.oid))
  FROM relations r
  UNION ALL
  SELECT 'column', quote_ident(t.attname) || ' on ' || r.name, concat_ws(' ', format_type(t.atttypid, t.atttypmod),
    CASE WHEN t.atttypid <> 0 AND l.oid IS NOT NULL THEN 'COLLATE ' || l.oid::regcollation::text END,
    CASE WHEN NOT l.collisdeterministic THEN 'nondeterministic' END)
  FROM relations r JOIN pg_attribute t ON t.attrelid = r.oid AND t.attnum > 0 AND NOT t.attisdropped
  LEFT JOIN pg_collation l ON l.oid = t.attcollation
  WHERE r.kept OR EXISTS (SELECT FROM policylang.recorded k
    CROSS JOIN jsonb_array_elements(k.content::jsonb) e CROSS JOIN jsonb_array_elements_text(e -> 'columns') c
    WHERE k.name = 'tables' AND c = t.attname
      AND format('%I.%I', e ->> 'schema', e ->> 'table') = r.name)
  UNION ALL
  SELECT 'view', c.oid::regclass::text, concat_ws(' ', 'owner ' || pg_get_userbyid(c.relowner),
    array_to_string(c.reloptions, ' '), pg_get_viewdef(c.oid))
  FROM pg_class c WHERE c.oid IN (SELECT oid FROM views) AND c.relkind IN ('v', 'm')
  UNION ALL
  SELECT 'publication', quote_ident(b.pubname) || ' of ' || r.name, CASE WHEN b.puballtables THEN 'all tables' ELSE
    'named tables' END
  FROM relations r JOIN pg_publication_tables t ON format('%I.%I', t.schemaname, t.tablename) = r.name
  JOIN pg_publication b ON b.pubname = t.pubname
  UNION ALL
  SELECT 'rule', quote_ident(w.rulename) || ' on ' || r.name, pg_get_ruledef(w.oid) || ' ' || w.ev_enabled::text
  FROM relations r JOIN pg_rewrite w ON w.ev_class = r.oid
  UNION ALL
  SELECT 'policy', quote_ident(p.polname) || ' on ' || r.name, concat_ws(' ',
    CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
    'FOR ' || CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'
      ELSE 'ALL' END,
    'TO ' || (SELECT string_agg(coalesce(nullif(o, 0)::regrole::text, 'PUBLIC'), ', '
      ORDER BY nullif(o, 0)::regrole::text) FROM unnest(p.polroles) o),
    'USING ' || pg_get_expr(p.polqual, p.polrelid), 'WITH CHECK ' || pg_get_expr(p.polwithcheck, p.polrelid))
  FROM relations r JOIN pg_policy p ON p.polrelid = r.oid
  UNION ALL
  SELECT 'trigger', quote_ident(t.tgname) || ' on ' || r.name, pg_get_triggerdef(t.oid) ||
    CASE t.tgenabled WHEN 'O' THEN '' WHEN 'D' THEN ', disabled' ELSE ', enabled: ' || t.tgenabled::text END
  FROM relations r JOIN pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal
  UNION ALL
  SELECT 'function', p.oid::regprocedure::text, 'owner ' || pg_get_userbyid(p.proowner) || ' ' ||
    pg_get_functiondef(p.oid)
  FROM pg_proc p WHERE p.pronamespace = 'policylang'::regnamespace AND p.prokind IN ('f', 'p', 'w')
  UNION ALL
  SELECT 'function with the rights of its owner', p.oid::regprocedure::text, 'owner ' || pg_get_userbyid(p.proowner) ||
    ' ' || coalesce(p.proacl::text, '') || ' ' || pg_get_functiondef(p.oid)
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE p.prosecdef AND p.prokind IN ('f', 'p', 'w') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'policylang')
    AND NOT EXISTS (SELECT FROM pg_depend d
      WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
  UNION ALL
  SELECT 'row', quote_literal(u.id) || ' in policylang.users', 'role ' || quote_ident(u.role) || ', ' || u.attributes::text
  FROM policylang.users u
  UNION ALL
  SELECT 'rows', quote_literal(h.user_id) || ' with ' || quote_literal(h.role) || ' in policylang.holders',
    string_agg(concat_ws(' ', 'always', 'from ' || h.first, 'until ' || h.last, 'since ' || h.since,
      'before ' || h.before), '; ' ORDER BY h.first, h.last, h.since, h.before)
  FROM policylang.holders h GROUP BY h.user_id, h.role
  UNION ALL
  SELECT 'row', quote_literal(r.name) || ' in policylang.roles', concat_ws(', ', r.rights::text, r.wanted)
  FROM policylang.roles r
  UNION ALL
  SELECT 'row', quote_literal(t.name) || ' in policylang.tables', concat_ws(', ', t.enabled, t.forced, t.public::text)
  FROM policylang.tables t
  UNION ALL
  SELECT 'row', quote_literal(k.name) || ' in policylang.recorded',
    encode(sha256(convert_to(k.content, 'UTF8')), 'hex')
  FROM policylang.recorded k
)
SELECT kind, name, says FROM facts;
COMMIT;
