-- Whether the row with the key $1 is the one with the key $2, or lies below it. $3 is the key of a row that was there
-- before, and $4 how many were. NULL where the way up breaks off or turns in circles.
WITH RECURSIVE up(id, depth, seen) AS (
  SELECT $1 COLLATE "C", $4, ARRAY[$3 COLLATE "C"]
  UNION ALL
  SELECT {above}, up.depth + 1, up.seen || up.id
  FROM up JOIN {table} AS r ON {key} = up.id
  WHERE {above} IS NOT NULL AND up.id <> $2 AND up.depth < {deepest} AND up.id = ANY (up.seen) IS NOT TRUE
)
SELECT CASE
  WHEN $1 IS NULL OR $2 IS NULL THEN NULL
  WHEN EXISTS (SELECT FROM up WHERE id = $2) THEN TRUE
  WHEN {optional} AND EXISTS (
    SELECT FROM up JOIN {table} AS r ON {key} = up.id WHERE {above} IS NULL AND up.id = ANY (up.seen) IS NOT TRUE
  ) THEN FALSE
END
