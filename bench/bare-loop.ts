/**
 * The raw limits of a database for workflows: the same work as the engine's, with a row for each step
 * and nothing else. What becomes ready together is written in one transaction; steps wait for it.
 */
import { type Afterwards, figure, percentile, piecesPerSecond, timesOf } from "./figure.ts";
import { STEPS_IN_SEQUENCE } from "./handwritten.ts";

/** Long enough for a database to also do what it does from time to time. */
export const DURABLE_SAMPLE_MS = 1000;
export const GROUP_SIZES = [1000, 10_000] as const;

/** What a step leaves behind. */
export interface StepRow {
  readonly workflow: number;
  readonly step: number;
  /** JSON. */
  readonly writes: string;
}

/** Writes rows in one transaction; what it returned for is on the disk. */
export type WriteRows = (rows: readonly StepRow[]) => void | Promise<void>;

/** A database of its own for the figure. */
export type OpenRows = (afterwards: Afterwards) => Promise<WriteRows>;

/** What comes in one turn of the event loop, or while a write is on its way, is written together. */
class GroupCommit {
  readonly #write: WriteRows;
  #rows: StepRow[] = [];
  #settle: (() => void)[] = [];
  #isBusy = false;

  constructor(write: WriteRows) {
    this.#write = write;
  }

  add(row: StepRow): Promise<void> {
    this.#rows.push(row);
    if (!this.#isBusy) {
      this.#isBusy = true;
      setImmediate(() => void this.#flush());
    }
    return new Promise((settle) => this.#settle.push(settle));
  }

  async #flush(): Promise<void> {
    const [rows, settle] = [this.#rows, this.#settle];
    this.#rows = [];
    this.#settle = [];
    await this.#write(rows);
    for (const done of settle) done();
    // The steps that go on add their rows before the next turn.
    setImmediate(() => {
      if (this.#rows.length > 0) void this.#flush();
      else this.#isBusy = false;
    });
  }
}

class BareLoop {
  readonly #commits: GroupCommit;
  #workflows = 0;

  constructor(write: WriteRows) {
    this.#commits = new GroupCommit(write);
  }

  async sequence(length: number): Promise<void> {
    const workflow = ++this.#workflows;
    for (let step = 0; step < length; step += 1) await this.#step(workflow, step);
  }

  async group(size: number): Promise<void> {
    const workflow = ++this.#workflows;
    await this.#step(workflow, 0);
    await Promise.all(Array.from({ length: size }, (_, index) => this.#step(workflow, index + 1)));
    await this.#step(workflow, size + 1);
  }

  async #step(workflow: number, step: number): Promise<void> {
    const writes = JSON.stringify([[`step_${step}`, 1]]);
    await this.#commits.add({ workflow, step, writes });
  }
}

/** One-row commits over so many connections. */
export function commitFigures(database: string, connections: readonly number[], open: OpenRows) {
  for (const count of connections) {
    const name = count === 1 ? `${database}.commit` : `${database}.commit.${count}`;
    figure(name, { unit: "commits/s" }, async (afterwards) => {
      const write = await open(afterwards);
      return () =>
        piecesPerSecond(DURABLE_SAMPLE_MS, count, async () => {
          await Promise.all(Array.from({ length: count }, () => write([oneRow])));
        });
    });
  }
  for (const [name, fraction] of [
    ["single", 0.5],
    ["single.p99", 0.99],
  ] as const) {
    figure(`${database}.commit.${name}`, { unit: "ms" }, async (afterwards) => {
      const write = await open(afterwards);
      const commit = async () => write([oneRow]);
      return async () => percentile(await timesOf(DURABLE_SAMPLE_MS, commit), fraction);
    });
  }
}

const oneRow: StepRow = { workflow: 1, step: 1, writes: JSON.stringify([["step_1", 1]]) };

/** Workflows of ten steps, so many at a time; and groups. */
export function bareFigures(database: string, atOnce: readonly number[], open: OpenRows) {
  for (const count of atOnce) {
    figure(`${database}.bare.${count}`, { unit: "steps/s" }, async (afterwards) => {
      const loop = new BareLoop(await open(afterwards));
      return () =>
        piecesPerSecond(DURABLE_SAMPLE_MS, count * STEPS_IN_SEQUENCE, async () => {
          await Promise.all(Array.from({ length: count }, () => loop.sequence(STEPS_IN_SEQUENCE)));
        });
    });
  }
  for (const size of GROUP_SIZES) {
    figure(`${database}.bare.group.${size}`, { unit: "ms" }, async (afterwards) => {
      const loop = new BareLoop(await open(afterwards));
      return async () => percentile(await timesOf(DURABLE_SAMPLE_MS, () => loop.group(size)), 0.5);
    });
  }
}
