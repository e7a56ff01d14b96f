import type { DefinitionSpec, Json, NodeSpec, Writes } from "./definition-spec.ts";
import { withInner } from "./definition-spec.ts";
import type { Action } from "./naive-actions.ts";
import { type Execution, isAlive, isAtWork, nameOf } from "./naive-execution.ts";
import type { NaiveModel } from "./naive-model.ts";
import type { RandomSource } from "./random-source.ts";

/** How the world treats an instance: what happens to it beside its steps' success. */
export interface Habits {
  /** Share of steps that fail. */
  readonly failures: number;
  readonly timeouts: boolean;
  readonly cancels: boolean;
  readonly pauses: boolean;
  readonly interruptions: boolean;
}

export const calm: Habits = {
  failures: 0,
  timeouts: false,
  cancels: false,
  pauses: false,
  interruptions: false,
};

type Option = readonly [weight: number, action: Action];

/** Something that can happen now, or nothing when nothing can. */
export function drawAction(
  model: NaiveModel,
  habits: Habits,
  random: RandomSource,
): Action | undefined {
  const options = [...progress(model, habits, random), ...trouble(model, habits, random)];
  return options.length === 0 ? undefined : random.weigh(options);
}

/** What brings an instance on. While there is none of it, the instance must have ended. */
export function progress(model: NaiveModel, habits: Habits, random: RandomSource): Option[] {
  if (model.hasEnded) return [];
  if (model.status === "pending") return [[1, { do: "start" }]];
  const steps = model.executions.filter(isAtWork).flatMap((execution): Option[] => {
    const action = nextOf(model, execution, habits, random);
    return action ? [[6, action]] : [];
  });
  if (model.status === "paused") return [...steps, [2, { do: "resume" }]];
  const due = model.alive.flatMap((execution): Option[] =>
    [...execution.timers.keys()]
      .filter((kind) => kind === "timer" || kind === "retry" || habits.timeouts)
      .map((timer) => [
        timer === "timer" || timer === "retry" ? 4 : 0.5,
        { do: "fire", at: nameOf(execution), timer },
      ]),
  );
  return [...steps, ...due];
}

function nextOf(
  model: NaiveModel,
  execution: Execution,
  habits: Habits,
  random: RandomSource,
): Action | undefined {
  const at = nameOf(execution);
  const { node, status, phase, undoes } = execution;
  if (undoes) return { do: "succeed", at, result: undefined, writes: [] };
  if (status === "running") {
    if (node.canExecute && random.chance(0.2)) return { do: "skip", at };
    if (random.chance(habits.failures)) {
      const retryable = random.chance(0.8);
      return { do: "fail", at, retryable, random: random.pick([0, 0.5]) };
    }
    if (phase === "prepare") return { do: "ready", at };
    if (node.kind === "gateway") return nameTargets(model.spec, node, at, random);
    return {
      do: "succeed",
      at,
      result: random.pick([undefined, 0, 1, 2, "text"]),
      writes: drawWrites(model.spec, random),
    };
  }
  switch (node.kind) {
    case "human":
      return { do: "complete task", at, data: { vote: random.below(3) } };
    case "webhook":
      return { do: "call back", at, payload: random.pick<Json>([1, { vote: 1 }, "text"]) };
    case "signal":
      return drawSignal(node.signal, random);
    default:
      return undefined;
  }
}

function nameTargets(
  spec: DefinitionSpec,
  node: NodeSpec,
  at: string,
  random: RandomSource,
): Action {
  const known = spec.edges
    .filter(({ source, on = "success" }) => source === node.name && on === "success")
    .map(({ target }) => target);
  const some = random.some(known, 0.5);
  const atLeastOne = some.length === 0 && known.length > 0 ? [random.pick(known)] : some;
  return { do: "succeed", at, result: undefined, writes: [], targets: atLeastOne };
}

function drawSignal(name: string, random: RandomSource): Action {
  const id = random.chance(0.3) ? `${name}-${random.below(2)}` : undefined;
  return { do: "signal", name, data: { vote: random.below(3) }, ...(id && { id }) };
}

/** Trouble, and whatever else people may do at any time. */
function trouble(model: NaiveModel, habits: Habits, random: RandomSource): Option[] {
  const { spec } = model;
  if (model.status === "failed") return spec.compensate ? [] : retries(spec, random);
  if (model.hasEnded || model.status === "pending" || model.compensating) return [];

  const options: Option[] = [];
  const everything = spec.nodes.flatMap(withInner);
  for (const node of everything) {
    if (node.kind === "signal") options.push([0.5, drawSignal(node.signal, random)]);
  }
  for (const execution of model.alive) {
    if (execution.node.kind !== "map" || execution.status !== "waiting") continue;
    const { path } = execution;
    if (!isOpenMap(model, execution)) continue;
    options.push([1, { do: "add item", path, item: random.below(3) }]);
    options.push([0.3, { do: "close map", path }]);
  }
  if (habits.pauses && model.status !== "paused") options.push([0.7, { do: "pause" }]);
  if (habits.cancels) {
    options.push([0.03, { do: "cancel" }]);
    const paths = [...model.alive.map(({ path }) => path), ...model.tokens.map((t) => t.target)];
    if (paths.length > 0) options.push([1, { do: "cancel step", path: random.pick(paths) }]);
  }
  if (habits.interruptions) {
    const running = model.executions.filter(({ status }) => status === "running");
    if (running.length > 0) {
      options.push([1, { do: "interrupt", at: nameOf(random.pick(running)) }]);
    }
  }
  return options;
}

const retries = (spec: DefinitionSpec, random: RandomSource): Option[] => [
  [3, { do: "retry" }],
  [1, { do: "retry", from: random.pick(spec.nodes).name }],
];

/** Items can be added while members are at work, when the path means one map only. */
function isOpenMap(model: NaiveModel, map: Execution): boolean {
  const isOnly = model.alive.filter(({ path }) => path === map.path).length === 1;
  return isOnly && !map.closed && map.callback?.execution === undefined;
}

/** Whether the action still makes sense, in a scenario that was made simpler. */
export function canHappen(model: NaiveModel, action: Action): boolean {
  const { status, hasEnded } = model;
  if (action.do === "start") return status === "pending";
  if (action.do === "retry") {
    const isKnown = model.spec.nodes.some(({ name }) => name === action.from);
    return status === "failed" && (action.from === undefined || isKnown);
  }
  if (hasEnded || status === "pending") return false;
  const at = "at" in action ? model.executions.filter((one) => nameOf(one) === action.at) : [];
  const execution = at.find(isAlive);
  switch (action.do) {
    case "succeed":
    case "fail":
    case "interrupt":
      return execution?.status === "running";
    case "skip":
      return execution?.status === "running" && execution.node.canExecute === true;
    case "ready":
      return execution?.status === "running" && execution.phase === "prepare";
    case "complete task":
      return execution?.status === "waiting" && execution.node.kind === "human";
    case "call back":
      return execution?.status === "waiting" && execution.node.kind === "webhook";
    case "fire":
      return status !== "paused" && execution?.timers.has(action.timer) === true;
    case "add item":
    case "close map": {
      const map = model.alive.find(({ path }) => path === action.path);
      return map?.status === "waiting" && map.node.kind === "map" && isOpenMap(model, map);
    }
    case "cancel step":
      return [
        ...model.alive.map(({ path }) => path),
        ...model.tokens.map(({ target }) => target),
      ].includes(action.path);
    case "pause":
      return status !== "paused" && !model.compensating;
    case "resume":
      return status === "paused";
    case "cancel":
      return !model.compensating;
    case "signal":
      return !model.compensating;
  }
}

function drawWrites(spec: DefinitionSpec, random: RandomSource): Writes {
  return random.some(keysOf(spec), 0.6).map((key) => [key, drawValue(key, random)]);
}

/** Keys that somebody reads or combines. */
function keysOf(spec: DefinitionSpec): string[] {
  const keys = new Set(Object.keys(spec.reducers));
  for (const { when } of spec.edges)
    if (when && when !== "throws" && "key" in when) keys.add(when.key);
  for (const node of spec.nodes.flatMap(withInner)) if ("key" in node) keys.add(node.key);
  return [...keys];
}

/** What is written under a key: what those who read it can do something with. */
export function drawValue(key: string, random: RandomSource): Json {
  switch (key) {
    case "branch":
      return random.pick<Json>([0, 0, 1, 1, null, "nobody"]);
    case "items":
      return random.pick<Json>([[], [1], [1, 2], [1, 2, 3], [1, 2, 3, 4, 5], "no list"]);
    case "merged":
      return { [random.pick(["x", "y"])]: random.below(3) };
    case "appended":
      return random.pick<Json>([1, [2], [3, 4], { x: 1 }]);
    default:
      return random.below(2);
  }
}
