import type { DatabaseSync, StatementSync } from "node:sqlite";
import { InternalError } from "../../errors.ts";
import type {
  ExecutionRecord,
  InstanceRecord,
  SignalRecord,
  TimerRecord,
} from "../../machine/index.ts";
import type { Change } from "../store.ts";
import { executionsPerInstance, toJsonText, toNumberList } from "./columns.ts";
import type { History } from "./history.ts";
import type { MailStatements } from "./mail.ts";
import type { TaskStatements } from "./tasks.ts";

/** Where an instance stands that a worker of this store owns. */
interface Place {
  readonly number: number;
  readonly version: number;
  readonly owner: string | undefined;
}

/**
 * Writes changes, within a transaction of the caller. Almost all of them are changes of an instance
 * whose code runs: one execution ends, another begins. Their cost is three statements with as few
 * parameters as possible.
 */
export class ChangeWriter {
  readonly #tasks: TaskStatements;
  readonly #history: History;
  readonly #mail: MailStatements;
  /** Numbers and owners of owned instances, so that nothing has to be looked up for a change. */
  readonly #places = new Map<string, Place>();

  readonly #findPlace: StatementSync;
  readonly #insertInstance: StatementSync;
  readonly #replaceInstance: StatementSync;
  readonly #raiseVersion: StatementSync;
  readonly #changeOwner: StatementSync;
  readonly #putPlainExecution: StatementSync;
  readonly #putExecution: StatementSync;
  readonly #putTimer: StatementSync;
  readonly #clearTimer: StatementSync;
  readonly #putSignal: StatementSync;
  readonly #addTag: StatementSync;

  constructor(
    database: DatabaseSync,
    { tasks, history, mail }: { tasks: TaskStatements; history: History; mail: MailStatements },
  ) {
    this.#tasks = tasks;
    this.#history = history;
    this.#mail = mail;
    this.#addTag = database.prepare(`
      INSERT INTO tandem_instance_tags (tag, started_at, instance_id) VALUES (?, ?, ?)
      ON CONFLICT DO NOTHING
    `);
    this.#findPlace = database.prepare(
      "SELECT number, state_version, owner FROM tandem_instances WHERE id = ?",
    );
    this.#insertInstance = database.prepare(`
      INSERT INTO tandem_instances (
        state_version, id, owner, changed_at, workflow, workflow_version, status, started_at,
        ended_at, error, reason, compensating, user_id, tenant, idempotency_key, business_key, tags,
        traceparent, parent_instance_id, parent_execution, initial_data
      ) VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT DO NOTHING
    `);
    this.#replaceInstance = database.prepare(`
      UPDATE tandem_instances SET
        state_version = state_version + 1, owner = ?, changed_at = ?, workflow_version = ?,
        status = ?, ended_at = ?, error = ?, reason = ?, compensating = ?
      WHERE number = ? AND state_version = ? AND id = ?
    `);
    this.#raiseVersion = database.prepare(`
      UPDATE tandem_instances SET state_version = state_version + 1, changed_at = ?
      WHERE number = ? AND state_version = ? AND id = ?
    `);
    this.#changeOwner = database.prepare(`
      UPDATE tandem_instances SET state_version = state_version + 1, changed_at = ?, owner = ?
      WHERE number = ? AND state_version = ? AND id = ?
    `);
    this.#putPlainExecution = database.prepare(`
      REPLACE INTO tandem_executions (
        id, node, path, status, attempt, last_attempt, iteration, parent, position, arrived_edges,
        taken_edges, started_at, ended_at, event_number, result, writes
      ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    `);
    this.#putExecution = database.prepare(`
      REPLACE INTO tandem_executions (
        id, node, path, status, attempt, last_attempt, iteration, parent, position, arrived_edges,
        taken_edges, started_at, ended_at, event_number, result, writes, error, round_open, map,
        vote, reduced_writes, compensates
      ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    `);
    this.#putTimer = database.prepare(`
      REPLACE INTO tandem_timers (instance_id, id, kind, execution, fire_at)
      VALUES (?, ?, ?, ?, ?)
    `);
    this.#clearTimer = database.prepare(
      "DELETE FROM tandem_timers WHERE instance_id = ? AND id = ?",
    );
    this.#putSignal = database.prepare(`
      INSERT INTO tandem_signals (instance_id, id, name, data, used_by) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (instance_id, id) DO UPDATE
      SET name = excluded.name, data = excluded.data, used_by = excluded.used_by
    `);
  }

  /** Whether the change was kept; if not, nothing of it was. */
  write(change: Change): boolean {
    const { instanceId, expectedVersion, executions, tasks, timers } = change;
    for (const answer of change.answers) if (!this.#mail.isFor(answer)) return false;
    const isNew = expectedVersion === 0;
    const number = isNew ? this.#insert(change) : this.#update(change);
    if (number === undefined) return false;
    for (const execution of executions) this.#writeExecution(number, execution);
    for (const task of tasks) this.#tasks.put(number, instanceId, task, isNew);
    for (const id of change.clearedTimers) this.#clearTimer.get(instanceId, id);
    for (const timer of timers) this.#writeTimer(instanceId, timer);
    for (const signal of change.signals) this.#writeSignal(instanceId, signal);
    for (const act of change.acts) this.#history.add(instanceId, act);
    for (const message of change.sent) this.#mail.send(message);
    for (const answer of change.answers) this.#mail.answer(answer);
    return true;
  }

  /** Forgets what it knows: the transaction in which it learnt it was undone. */
  forget(): void {
    this.#places.clear();
  }

  // ------------------------------------------------------------------------------------- instances

  #insert(change: Change): number | undefined {
    const { instanceId, owner, at } = change;
    const record = change.instance as InstanceRecord;
    const { changes, lastInsertRowid } = this.#insertInstance.run(
      instanceId,
      owner ?? null,
      at,
      ...instanceColumns(record),
    );
    if (changes === 0) return undefined;
    const number = lastInsertRowid as number;
    for (const tag of record.tags) this.#addTag.get(tag, record.startedAt, instanceId);
    if (owner !== undefined) this.#places.set(instanceId, { number, version: 1, owner });
    return number;
  }

  #update(change: Change): number | undefined {
    const { instanceId, expectedVersion, owner, instance, at } = change;
    const place = this.#placeOf(instanceId, expectedVersion);
    if (place === undefined) return undefined;
    const { number } = place;
    const { changes } =
      instance !== undefined
        ? this.#replaceInstance.run(
            owner ?? null,
            at,
            instance.version,
            instance.status,
            instance.endedAt ?? null,
            toJsonText(instance.error),
            instance.reason ?? null,
            instance.compensating ?? null,
            number,
            expectedVersion,
            instanceId,
          )
        : place.owner === owner
          ? this.#raiseVersion.run(at, number, expectedVersion, instanceId)
          : this.#changeOwner.run(at, owner ?? null, number, expectedVersion, instanceId);
    if (changes === 0 || owner === undefined) this.#places.delete(instanceId);
    else this.#places.set(instanceId, { number, version: expectedVersion + 1, owner });
    return changes === 0 ? undefined : number;
  }

  /**
   * What is known of a version cannot be wrong: whoever changes the owner raises the version. A
   * number may be that of another instance since: that is why changes name the id, too.
   */
  #placeOf(instanceId: string, expectedVersion: number): Place | undefined {
    const known = this.#places.get(instanceId);
    if (known?.version === expectedVersion) return known;
    const row = this.#findPlace.get(instanceId);
    if (row === undefined || row.state_version !== expectedVersion) return undefined;
    return {
      number: row.number as number,
      version: expectedVersion,
      owner: (row.owner as string | null) ?? undefined,
    };
  }

  // --------------------------------------------------------------------------------- other records

  #writeExecution(instance: number, execution: ExecutionRecord): void {
    const { id, result, writes, error, map, vote, reduced, roundOpen, compensates } = execution;
    if (id >= executionsPerInstance) {
      throw new InternalError(
        `An instance has execution ${id}; SqliteStore keeps ${executionsPerInstance - 1} of each.`,
      );
    }
    const isPlain =
      error === undefined &&
      map === undefined &&
      vote === undefined &&
      reduced === undefined &&
      !roundOpen &&
      compensates === 0;
    const key = instance * executionsPerInstance + id;
    const arrived = toNumberList(execution.arrivals);
    const taken = execution.taken === undefined ? null : (toNumberList(execution.taken) ?? "[]");
    if (isPlain) {
      this.#putPlainExecution.get(
        key,
        execution.node,
        execution.path,
        execution.status,
        execution.attempt,
        execution.lastAttempt,
        execution.iteration,
        execution.parent === 0 ? null : execution.parent,
        execution.position,
        arrived,
        taken,
        execution.startedAt ?? null,
        execution.endedAt ?? null,
        execution.order,
        toJsonText(result),
        toJsonText(writes),
      );
      return;
    }
    this.#putExecution.get(
      key,
      execution.node,
      execution.path,
      execution.status,
      execution.attempt,
      execution.lastAttempt,
      execution.iteration,
      execution.parent === 0 ? null : execution.parent,
      execution.position,
      arrived,
      taken,
      execution.startedAt ?? null,
      execution.endedAt ?? null,
      execution.order,
      toJsonText(result),
      toJsonText(writes),
      toJsonText(error),
      roundOpen ? 1 : 0,
      toJsonText(map),
      vote ?? null,
      toJsonText(reduced),
      compensates === 0 ? null : compensates,
    );
  }

  #writeTimer(instanceId: string, { id, kind, executionId, fireAt }: TimerRecord): void {
    this.#putTimer.get(instanceId, id, kind, executionId, fireAt);
  }

  #writeSignal(instanceId: string, { id, name, data, usedBy }: SignalRecord): void {
    this.#putSignal.get(instanceId, id, name, toJsonText(data), usedBy === 0 ? null : usedBy);
  }
}

/** From `workflow` to `initial_data`. */
function instanceColumns(record: InstanceRecord) {
  return [
    record.workflow,
    record.version,
    record.status,
    record.startedAt,
    record.endedAt ?? null,
    toJsonText(record.error),
    record.reason ?? null,
    record.compensating ?? null,
    record.user ?? null,
    record.tenant ?? null,
    record.idempotencyKey ?? null,
    record.businessKey ?? null,
    record.tags.length === 0 ? null : toJsonText(record.tags),
    record.traceparent ?? null,
    record.parent?.instanceId ?? null,
    record.parent?.executionId ?? null,
    toJsonText(record.initialData),
  ];
}
