import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from "node:sqlite";

/** The condition of the index of instances that have ended. */
export const hasEnded = "i.status IN ('completed', 'failed', 'canceled')";

/** What a query asks of its rows, all of it together. */
export class Conditions {
  readonly #texts: string[] = [];
  readonly values: SQLInputValue[] = [];

  add(text: string, ...values: readonly SQLInputValue[]): void {
    this.#texts.push(text);
    this.values.push(...values);
  }

  /** Unless the value is undefined. */
  equal(column: string, value: string | undefined): void {
    if (value !== undefined) this.add(`${column} = ?`, value);
  }

  toString(): string {
    return this.#texts.length === 0 ? "true" : this.#texts.join(" AND ");
  }
}

/** Queries that are put together when they are asked, each prepared once. */
export class PreparedQueries {
  readonly #database: DatabaseSync;
  readonly #rows = new Map<string, StatementSync>();
  readonly #objects = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  objects(sql: string, values: readonly SQLInputValue[]): Record<string, SQLOutputValue>[] {
    return this.#prepare(this.#objects, sql).all(...values);
  }

  /** Rows as arrays, which cost a quarter of objects. */
  rows(sql: string, values: readonly SQLInputValue[]): SQLOutputValue[][] {
    const statement = this.#prepare(this.#rows, sql);
    statement.setReturnArrays(true);
    return statement.all(...values) as unknown as SQLOutputValue[][];
  }

  #prepare(kept: Map<string, StatementSync>, sql: string): StatementSync {
    let statement = kept.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      kept.set(sql, statement);
    }
    return statement;
  }
}
