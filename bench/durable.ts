/** What SQLite and Postgres are both measured by: the engine with a disk sync at each commit. */
import type { AnyDefinition } from "tandem-workflows";
import { DURABLE_SAMPLE_MS, GROUP_SIZES } from "./bare-loop.ts";
import {
  type Afterwards,
  type FigureOptions,
  figure,
  percentile,
  piecesPerSecond,
  type Round,
  timesOf,
} from "./figure.ts";
import { STEPS_IN_SEQUENCE } from "./handwritten.ts";
import { type CreateDatabase, engineOn, runToEnd } from "./stores.ts";
import { chain, group } from "./workflows.ts";

/** Ten-step workflows, so many at a time: steps a second. */
export function sequentialFigure(
  name: string,
  options: Omit<FigureOptions, "unit">,
  atOnce: number,
  create: CreateDatabase,
): void {
  figure(name, { unit: "steps/s", ...options }, async (afterwards) => {
    const run = await runnerOf(chain(STEPS_IN_SEQUENCE), create, afterwards);
    return () =>
      piecesPerSecond(DURABLE_SAMPLE_MS, atOnce * STEPS_IN_SEQUENCE, async () => {
        await Promise.all(Array.from({ length: atOnce }, run));
      });
  });
}

/** A workflow of one step, alone: how long it takes, as a percentile. */
function singleFigure(
  name: string,
  options: Omit<FigureOptions, "unit">,
  fraction: number,
  create: CreateDatabase,
): void {
  figure(name, { unit: "ms", ...options }, (afterwards) =>
    timesRound(chain(1), fraction, create, afterwards),
  );
}

/** Steps side by side and their callback: how long a whole workflow takes. */
function groupFigure(
  name: string,
  options: Omit<FigureOptions, "unit">,
  size: number,
  create: CreateDatabase,
): void {
  figure(name, { unit: "ms", ...options }, (afterwards) =>
    timesRound(group(size), 0.5, create, afterwards),
  );
}

export function durableFigures(database: string, create: CreateDatabase): void {
  sequentialFigure(`${database}.sequential`, { limit: `${database}.bare.50` }, 50, create);
  singleFigure(`${database}.single`, { limit: `${database}.commit.single` }, 0.5, create);
  singleFigure(`${database}.single.p99`, { limit: `${database}.commit.single.p99` }, 0.99, create);
  for (const size of GROUP_SIZES) {
    const limit = `${database}.bare.group.${size}`;
    groupFigure(`${database}.group.${size}`, { limit }, size, create);
  }
}

async function timesRound(
  definition: AnyDefinition,
  fraction: number,
  create: CreateDatabase,
  afterwards: Afterwards,
): Promise<Round> {
  const run = await runnerOf(definition, create, afterwards);
  return async () => percentile(await timesOf(DURABLE_SAMPLE_MS, run), fraction);
}

/** One engine for all rounds, as an application has it; what has ended stays in its database. */
async function runnerOf(
  definition: AnyDefinition,
  create: CreateDatabase,
  afterwards: Afterwards,
): Promise<() => Promise<void>> {
  const database = await create(afterwards);
  const engine = engineOn(await database.open(), definition);
  afterwards(() => engine.close());
  return () => runToEnd(engine, definition.name);
}
