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
SELECT kind, name, says FROM facts
