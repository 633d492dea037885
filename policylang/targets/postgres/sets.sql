
CREATE OR REPLACE FUNCTION policylang.set_{reader}(given jsonb{parameter}) RETURNS {type}[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $policylang$
  SELECT coalesce(array_agg(v.found ORDER BY v.number), '{{}}')
  FROM (SELECT l.item, policylang.{reader}(l.item{argument}), l.number FROM policylang.as_list(given) l)
    AS v (item, found, number)
  HAVING jsonb_typeof(given) = 'array' AND coalesce(bool_and((v.item IS NULL) = (v.found IS NULL)), true)
$policylang$;
