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
