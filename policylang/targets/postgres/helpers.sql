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
