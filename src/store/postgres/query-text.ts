import { escapeLiteral } from "pg";

export function textArray(texts: readonly string[]): string {
  return `ARRAY[${texts.map((text) => escapeLiteral(text)).join(", ")}]::text[]`;
}

/** What a column has to be; nothing if it does not matter. */
export function isText(column: string, text: string | undefined): string[] {
  return text === undefined ? [] : [`${column} = ${escapeLiteral(text)}`];
}

/** From a moment on, and before another. */
export function isWithin(
  column: string,
  from: number | undefined,
  before: number | undefined,
): string[] {
  return [
    ...(from === undefined ? [] : [`${column} >= ${Number(from)}`]),
    ...(before === undefined ? [] : [`${column} < ${Number(before)}`]),
  ];
}

export function allOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? "true" : conditions.join(" AND ");
}

/**
 * The workflows that rows of a table have, as a table of one column: there are few, and an index
 * leads from one to the next however many rows each has.
 *
 * @param isMeant conditions on columns of `x` that stand before the workflow in an index.
 */
export function workflowsIn(table: string, isMeant: readonly string[]): string {
  const next = (more: readonly string[]) =>
    `SELECT x.workflow FROM ${table} AS x WHERE ${allOf([...isMeant, ...more])}
    ORDER BY x.workflow LIMIT 1`;
  return `(
    WITH RECURSIVE found AS (
      (${next([])})
      UNION ALL
      SELECT (${next(["x.workflow > f.workflow"])}) FROM found AS f WHERE f.workflow IS NOT NULL
    )
    SELECT f.workflow FROM found AS f WHERE f.workflow IS NOT NULL
  )`;
}
