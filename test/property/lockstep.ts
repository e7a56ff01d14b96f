import type { DefinitionSpec } from "./definition-spec.ts";
import { MachineDriver, MachineFault } from "./machine-driver.ts";
import type { Action, Snapshot } from "./naive-actions.ts";
import { NaiveModel } from "./naive-model.ts";
import { calm, canHappen, drawAction, type Habits, progress } from "./random-schedule.ts";
import { RandomSource } from "./random-source.ts";

/** A definition and what happens to one of its instances. */
export interface Scenario {
  readonly spec: DefinitionSpec;
  /** Seed of the actions, unless they are given one by one (in a scenario that was made simpler). */
  readonly seed: number;
  readonly habits: Habits;
  /** How often the instance is loaded again from its rows. */
  readonly restarts: "never" | "often" | "always";
  /** Whether the instance is now and then moved to a version that does the same. */
  readonly upgrades: "never" | "same" | "extended";
  readonly actions?: readonly Action[];
}

/** What was found wrong, and after which actions; the last one is where it showed. */
export interface Finding {
  readonly what: string;
  readonly actions: readonly Action[];
}

/** Trouble for this many actions, then calm until nothing is left to do. */
const troubledActions = 40;
const mostActions = 160;
const mostExecutions = 120;
/** Time between two actions, unless a timer is awaited. */
const pauseMs = 5;

/** Lets the machine and the model do the same and gives the first difference. */
export function runInLockstep(scenario: Scenario): Finding | undefined {
  const model = new NaiveModel(scenario.spec);
  const machine = new MachineDriver(scenario.spec);
  const restarts = new RandomSource(scenario.seed ^ 0x5eed);
  const actions: Action[] = [];
  let now = 0;
  for (const action of script(scenario, model)) {
    actions.push(action);
    now = Math.max(now + pauseMs, dueAt(model, action));
    const what = step(model, machine, action, now, scenario, restarts);
    if (what !== undefined) return { what, actions };
  }
  return undefined;
}

function step(
  model: NaiveModel,
  machine: MachineDriver,
  action: Action,
  now: number,
  { restarts, upgrades }: Scenario,
  random: RandomSource,
): string | undefined {
  try {
    model.perform(action, now);
    machine.perform(action, now);
    const expected = model.snapshot();
    const difference = compare(expected, machine.snapshot());
    if (difference !== undefined) return difference;
    if (random.chance(0.1)) machine.repeatLastReport(now);
    if (restarts === "always" || (restarts === "often" && random.chance(0.4))) {
      machine.restart();
      const afterRestart = compare(expected, machine.snapshot());
      if (afterRestart !== undefined) return `After a restart:\n${afterRestart}`;
    }
    if (upgrades !== "never" && random.chance(0.3)) {
      machine.upgrade(now, upgrades === "extended");
      const afterUpgrade = compare(expected, machine.snapshot());
      if (afterUpgrade !== undefined) return `After an upgrade:\n${afterUpgrade}`;
    }
  } catch (error) {
    if (error instanceof MachineFault) return error.message;
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  const isStuck = !model.hasEnded && progress(model, everything, random).length === 0;
  return isStuck ? "The instance is stuck: it has not ended, and nothing can happen." : undefined;
}

const everything: Habits = { ...calm, timeouts: true };

/** When the timer is due that the action waits for. */
const dueAt = (model: NaiveModel, action: Action): number =>
  action.do === "fire" ? (model.find(action.at).timers.get(action.timer) ?? 0) : 0;

/** The actions of a scenario: those it lists, or random ones that the model's state allows. */
function* script(scenario: Scenario, model: NaiveModel): Generator<Action> {
  if (scenario.actions) {
    for (const action of scenario.actions) if (canHappen(model, action)) yield action;
    return;
  }
  const random = new RandomSource(scenario.seed);
  for (let count = 0; count < mostActions; count += 1) {
    const isTroubled = count < troubledActions;
    const isTooLarge = model.executions.length > mostExecutions;
    if (isTooLarge) break;
    // A failed instance is retried a few times only: what failed it is often there to stay.
    if (model.hasEnded && (!isTroubled || random.chance(0.4))) return;
    const action = drawAction(model, isTroubled ? scenario.habits : calm, random);
    if (action === undefined) return;
    yield action;
  }
  if (canHappen(model, { do: "resume" })) yield { do: "resume" };
  if (canHappen(model, { do: "cancel" })) yield { do: "cancel" };
}

/** The actions that a random scenario comes to, as the model alone plays it. */
export function spellOut(scenario: Scenario): Scenario {
  if (scenario.actions) return scenario;
  const model = new NaiveModel(scenario.spec);
  const actions: Action[] = [];
  let now = 0;
  try {
    for (const action of script(scenario, model)) {
      actions.push(action);
      now = Math.max(now + pauseMs, dueAt(model, action));
      model.perform(action, now);
    }
  } catch {
    // The model itself fell over the last action, which is a finding as good as any.
  }
  return { ...scenario, actions };
}

/** Every line that one side has and the other has not. */
function compare(expected: Snapshot, found: Snapshot): string | undefined {
  const expectedLines = linesOf(expected);
  const foundLines = linesOf(found);
  const onlyExpected = without(expectedLines, foundLines);
  const onlyFound = without(foundLines, expectedLines);
  if (onlyExpected.length + onlyFound.length === 0) return undefined;
  return [
    ...onlyExpected.map((line) => `  model only:   ${line}`),
    ...onlyFound.map((line) => `  machine only: ${line}`),
  ].join("\n");
}

const linesOf = (snapshot: Snapshot): string[] => [
  `status ${snapshot.status} ${snapshot.error ?? ""}`,
  `data ${stable(snapshot.data)}`,
  ...snapshot.executions,
  ...snapshot.tasks.map((task) => `open task ${task}`),
  ...snapshot.timers.map((timer) => `timer ${timer}`),
  ...Object.entries(snapshot.results)
    .filter(([, result]) => result !== null)
    .map(([at, result]) => `result of ${at}: ${stable(result)}`),
];

function without(lines: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return lines.filter((line) => {
    const place = left.indexOf(line);
    if (place >= 0) left.splice(place, 1);
    return place < 0;
  });
}

/** JSON with sorted keys. */
function stable(value: unknown): string {
  return JSON.stringify(value, (_key, inner) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
