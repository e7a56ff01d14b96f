import { Client } from "pg";

/**
 * One row for each statement that would make the tables of the store, and its functions, in the
 * order of their names.
 */
const statements = `
WITH own AS (
  SELECT c.oid, c.relname, c.relkind, c.reloptions FROM pg_class c
  WHERE c.relnamespace = current_schema()::regnamespace AND c.relname LIKE 'tandem!_%' ESCAPE '!'
), columns AS (
  SELECT a.attrelid, string_agg(
    format('  %I %s', a.attname, format_type(a.atttypid, a.atttypmod))
    || CASE WHEN co.collname <> 'default' THEN format(' COLLATE %I', co.collname) ELSE '' END
    || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
    || CASE a.attidentity WHEN 'a' THEN ' GENERATED ALWAYS AS IDENTITY' ELSE '' END
    || CASE WHEN s.seqcache > 1 THEN format(' (CACHE %s)', s.seqcache) ELSE '' END
    || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), ''),
    E',\\n' ORDER BY a.attnum
  ) AS list
  FROM pg_attribute a
  LEFT JOIN pg_collation co ON co.oid = a.attcollation
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  LEFT JOIN pg_sequence s
    ON s.seqrelid = pg_get_serial_sequence(a.attrelid::regclass::text, a.attname)::regclass
    AND a.attidentity <> ''
  WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid IN (SELECT oid FROM own)
  GROUP BY a.attrelid
)
SELECT 0 AS kind, o.relname AS subject, 0 AS part, '' AS name, format(
  E'CREATE TABLE %I (\\n%s%s\\n)%s;', o.relname, c.list,
  (SELECT string_agg(E',\\n  ' || pg_get_constraintdef(k.oid), '' ORDER BY k.conname)
    FROM pg_constraint k WHERE k.conrelid = o.oid AND k.contype <> 'n'),
  ' WITH (' || array_to_string(o.reloptions, ', ') || ')'
) AS statement
FROM own o JOIN columns c ON c.attrelid = o.oid WHERE o.relkind = 'r'
UNION ALL
SELECT 0, o.relname, 1, i.indexrelid::regclass::text,
  replace(pg_get_indexdef(i.indexrelid), quote_ident(current_schema()) || '.', '') || ';'
FROM own o JOIN pg_index i ON i.indrelid = o.oid
WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)
UNION ALL
SELECT (o.relkind = 'v')::integer, o.relname, 2, '', format(
  'COMMENT ON %s %I IS %L;', CASE o.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, o.relname,
  d.description
)
FROM own o JOIN pg_description d ON d.objoid = o.oid AND d.objsubid = 0
UNION ALL
SELECT (o.relkind = 'v')::integer, o.relname, 3, to_char(a.attnum, '0000'),
  format('COMMENT ON COLUMN %I.%I IS %L;', o.relname, a.attname, d.description)
FROM own o JOIN pg_attribute a ON a.attrelid = o.oid
JOIN pg_description d ON d.objoid = o.oid AND d.objsubid = a.attnum
UNION ALL
SELECT 1, o.relname, 0, '',
  format(E'CREATE VIEW %I AS\\n%s', o.relname, pg_get_viewdef(o.oid, true))
FROM own o WHERE o.relkind = 'v'
UNION ALL
SELECT 0, o.relname, 0, '', format('CREATE SEQUENCE %I INCREMENT %s;', o.relname, s.seqincrement)
FROM own o JOIN pg_sequence s ON s.seqrelid = o.oid
WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = o.oid AND d.deptype = 'i')
UNION ALL
SELECT 2, p.proname, 0, '', replace(
  rtrim(pg_get_functiondef(p.oid), E'\\n'), quote_ident(current_schema()) || '.', ''
) || ';'
FROM pg_proc p
WHERE p.pronamespace = current_schema()::regnamespace AND p.proname LIKE 'tandem!_%' ESCAPE '!'
ORDER BY kind, subject, part, name
`;

/** The tables and functions of a store as they are in a database, as text. */
export async function postgresSchema(url: string): Promise<string> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ subject: string; statement: string }>(statements);
    return rows
      .map(({ subject, statement }, index) => {
        const isFirst = subject !== rows[index - 1]?.subject;
        return `${isFirst && index > 0 ? "\n" : ""}${statement}\n`;
      })
      .join("");
  } finally {
    await client.end();
  }
}
