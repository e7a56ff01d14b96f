import { WorkflowRegistry } from "../definition/registry.ts";
import type { AnyDefinition } from "../definition/workflow-definition.ts";
import type { WorkflowInstance } from "../engine/workflow-instance.ts";
import { ExplorationError, InvalidArgumentError } from "../errors.ts";
import { toMermaid } from "../graph/mermaid.ts";
import type { WorkflowStatus } from "../machine/index.ts";
import { ExplorationRun } from "./exploration-run.ts";
import { ExplorationWorld } from "./exploration-world.ts";
import { PathCoverage } from "./path-coverage.ts";
import type { StandIn } from "./step-control.ts";

/** What is tried, and what must hold. */
export interface ExploreOptions {
  /** How many orders of events: 1000 unless told. */
  readonly runs?: number;
  /** The seed of the first run; each further run has the next. 1 unless told. */
  readonly seed?: number;
  readonly initialData?: Record<string, unknown> | (() => Record<string, unknown>);
  /** What people may answer, by step; unless told, data that fits the form. */
  readonly answers?: Readonly<Record<string, readonly unknown[]>>;
  /** What signals may bring, by name; null unless told. */
  readonly signals?: Readonly<Record<string, readonly unknown[]>>;
  /** What webhooks may be called with, by step; null unless told. */
  readonly webhooks?: Readonly<Record<string, readonly unknown[]>>;
  /** What steps do instead of their own code, by path. */
  readonly steps?: Readonly<Record<string, StandIn>>;
  /** Workflows that subworkflow steps start. */
  readonly workflows?: readonly AnyDefinition[];
  /** Whether the process dies at random moments, and another takes over: yes unless told. */
  readonly crashes?: boolean;
  /** A run that has not ended after so many acts is taken for endless: 1000 unless told. */
  readonly actsAtMost?: number;
  /** How long a step's code may take, by a real clock, before others go on: 2000 unless told. */
  readonly patienceMs?: number;
  /** Throws when an instance is as it must never be; called after every act. */
  readonly always?: (instance: WorkflowInstance) => void;
  /** Throws when an instance that has ended is as it must not be. */
  readonly finally?: (instance: WorkflowInstance) => void;
}

/** What an exploration saw. */
export interface Exploration {
  readonly runs: number;
  /** The most, over all runs, that happened in one. */
  readonly longestRun: number;
  readonly crashes: number;
  /** How many runs ended in each status. */
  readonly outcomes: Readonly<Partial<Record<WorkflowStatus, number>>>;
  readonly coverage: PathCoverage;
}

/** So many further runs, and so long, are looked through for a shorter one that fails too. */
const runsForShorter = 300;
const msForShorter = 1000;
const actsShown = 60;

/**
 * Runs a workflow again and again in random orders of events: steps end in any order, people answer
 * in any order, time passes at any moment, messages come, and the process dies between any two of
 * these. Every run must come to an end, and keep what `always` and `finally` demand.
 *
 * Steps run their own code, unless `steps` replaces it: what they do outside must not matter.
 *
 * @throws ExplorationError with the shortest order of events that was found, its seed (a run with
 *   that seed is the same again), and the workflow as a drawing (Mermaid). `cause` is what failed.
 * @throws InvalidArgumentError if `runs` is not a whole number of at least 1.
 */
export async function explore(
  definition: AnyDefinition,
  options: ExploreOptions = {},
): Promise<Exploration> {
  const { runs = 1000, seed = 1, workflows = [] } = options;
  if (!Number.isSafeInteger(runs) || runs < 1) {
    throw new InvalidArgumentError(`runs is ${runs}; it must be a whole number of at least 1.`);
  }
  const registry = new WorkflowRegistry();
  for (const each of [definition, ...workflows]) registry.registerDefinition(each);
  const newWorld = () => new ExplorationWorld(registry, options.steps ?? {});
  const coverage = new PathCoverage(definition);
  const outcomes: Partial<Record<WorkflowStatus, number>> = {};
  let longestRun = 0;
  let crashes = 0;
  let world = newWorld();
  for (let index = 0; index < runs; index++) {
    const tried = await tryRun(definition, world, seed + index, options);
    if (!tried.ok) throw await failureOf(definition, newWorld, tried, options);
    coverage.see(tried.instance);
    const { status } = tried.instance;
    outcomes[status] = (outcomes[status] ?? 0) + 1;
    longestRun = Math.max(longestRun, tried.run.log.length);
    crashes += tried.run.crashes;
    if (world.isAsNew) continue;
    await world.close();
    world = newWorld();
  }
  await world.close();
  return { runs, longestRun, crashes, outcomes, coverage };
}

interface Success {
  readonly ok: true;
  readonly run: ExplorationRun;
  readonly instance: WorkflowInstance;
}

interface Failure {
  readonly ok: false;
  readonly run: ExplorationRun;
  readonly seed: number;
  readonly error: unknown;
}

async function tryRun(
  definition: AnyDefinition,
  world: ExplorationWorld,
  seed: number,
  options: ExploreOptions,
): Promise<Success | Failure> {
  const run = new ExplorationRun(definition, world, seed, options);
  try {
    return { ok: true, run, instance: await run.run() };
  } catch (error) {
    return { ok: false, run, seed, error };
  }
}

async function failureOf(
  definition: AnyDefinition,
  newWorld: () => ExplorationWorld,
  first: Failure,
  options: ExploreOptions,
): Promise<ExplorationError> {
  let shortest = first;
  const enough = Date.now() + msForShorter;
  for (let seed = first.seed + 1; seed <= first.seed + runsForShorter; seed++) {
    if (Date.now() > enough) break;
    const world = newWorld();
    const tried = await tryRun(definition, world, seed, options);
    if (!tried.ok && tried.run.log.length < shortest.run.log.length) shortest = tried;
    await world.close();
  }
  const { run, seed, error } = shortest;
  const what = error instanceof Error ? error.message : String(error);
  const acts = run.log.map((text, index) => `  ${index + 1}. ${text}`);
  const left = acts.length - actsShown;
  const shown = left > 0 ? [`  … ${left} acts before these`, ...acts.slice(left)] : acts;
  return new ExplorationError(
    `In "${definition.name}" this order of events breaks a rule: ${what}\n` +
      `${shown.join("\n")}\nexplore(workflow, { seed: ${seed}, runs: 1 }) does it again.\n\n` +
      `${toMermaid(definition)}\n`,
    { cause: error },
  );
}
