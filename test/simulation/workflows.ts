import {
  type BaseMachineStep,
  Edge,
  type GroupEngine,
  humanStep,
  InterleavedGroup,
  MapGroup,
  machineStep,
  ParallelGroup,
  QuorumGroup,
  RaceGroup,
  SequentialGroup,
  SignalStep,
  StepGroup,
  type StepOptions,
  SubworkflowStep,
  TimerStep,
  WebhookStep,
  type WorkflowContext,
  WorkflowDefinition,
  WorkflowRegistry,
} from "tandem-workflows";
import { flow } from "../support/workshop.ts";
import type { ProcessLogger } from "./simulated-process.ts";

/** What the code of a step does: how long it takes, and how often it fails, or never ends. */
interface Manner {
  readonly takesMs?: readonly number[];
  readonly fails?: number;
  readonly hangs?: number;
}

class StepBroke extends Error {
  readonly code = "BROKE";
}

/** A step whose runs are written down. It writes and returns what only this run can know. */
function work(name: string, manner: Manner = {}, options: StepOptions = {}): BaseMachineStep {
  return machineStep(name, (context) => perform(context, manner), options);
}

async function perform(context: WorkflowContext, manner: Manner): Promise<string> {
  const { takesMs = [0, 0, 20, 300], fails = 0, hangs = 0 } = manner;
  const { process } = context.logger as ProcessLogger;
  const { random, ledger } = process.world;
  const run = ledger.begin(factsOf(context, false));
  const isHanging = random.chance(hangs);
  const isFailing = random.chance(fails);
  const time = random.pick(takesMs);
  if (isHanging) await process.sleep(100_000);
  else if (time > 0) await process.sleep(time);
  if (context.signal.aborted) {
    run.outcome = "aborted";
    throw context.signal.reason;
  }
  if (isFailing) {
    run.outcome = "threw";
    throw new StepBroke(`${context.stepName} broke`);
  }
  context.set(`${context.stepName}@${run.executionId}`, run.nonce);
  run.outcome = "returned";
  return run.nonce;
}

function factsOf(context: WorkflowContext, isCompensation: boolean) {
  const { process } = context.logger as ProcessLogger;
  process.world.note(`${process.name} runs ${context.stepName} of ${context.instanceId}`);
  return {
    process: process.name,
    instanceId: context.instanceId,
    executionId: Number(context.idempotencyKey.slice(context.instanceId.length + 1)),
    path: context.stepName,
    attempt: context.attempt,
    isCompensation,
  };
}

async function undo(context: WorkflowContext): Promise<void> {
  const { process } = context.logger as ProcessLogger;
  const run = process.world.ledger.begin(factsOf(context, true));
  await process.sleep(process.world.random.pick([1, 50]));
  run.outcome = context.signal.aborted ? "aborted" : "returned";
}

const retry = { maxAttempts: 4, initialIntervalMs: 100, jitter: 0.5 };
const patient = { maxAttempts: 3, initialIntervalMs: 2_000 };

const forks = flow(
  {
    begin: work("begin"),
    left: work("left", { takesMs: [0, 1_000, 12_000] }),
    right: work("right", { fails: 0.3 }, { retry }),
    rare: work("rare", { fails: 0.5 }),
    mend: work("mend"),
    join: work("join"),
    wait: new TimerStep({ durationMs: 3_000 }),
    ask: humanStep("ask"),
    end: work("end"),
  },
  [
    "begin -> left -> join -> wait -> end",
    "begin -> right -> join -> ask -> end",
    "begin -> rare -> join",
    new Edge("rare", "mend", { on: "failure" }),
    "mend -> join",
  ],
  { name: "forks", terminalSteps: ["end"] },
);

/** Open to a group, but for one; reminded of, and passed on when nobody does anything. */
const office: Parameters<typeof humanStep>[1] = {
  candidateGroups: ["staff"],
  excludeUsers: ["barred"],
  dueInMs: 3_000,
  reminders: [{ afterMs: 1_000 }, { beforeDueMs: 500 }],
  escalations: [
    { overdueMs: 0, assignee: "p3" },
    { overdueMs: 2_000, candidateUsers: ["barred", "p1"], candidateGroups: ["staff"] },
  ],
};

const approval = flow(
  {
    submit: work("submit"),
    decide: new RaceGroup([
      humanStep("boss", office),
      new TimerStep({ name: "late", durationMs: 8_000 }),
    ]),
    vote: new QuorumGroup([humanStep("ann", office), humanStep("bob", office), humanStep("cid")], {
      required: 2,
    }),
    publish: work("publish", { fails: 0.2 }, { retry, limit: "narrow" }),
  },
  ["submit -> decide -> vote -> publish"],
  { name: "approval" },
);

const batch = flow(
  {
    list: machineStep("list", (context) => {
      const { process } = context.logger as ProcessLogger;
      context.set("items", [1, 2, 3, process.world.random.below(9)]);
    }),
    each: new MapGroup(work("item", { fails: 0.2, takesMs: [0, 100, 4_000] }, { retry: patient }), {
      items: "items",
      maxConcurrent: 2,
      failure: "collect",
      callback: work("collect"),
    }),
    turns: new InterleavedGroup([work("one"), humanStep("two"), work("three")]),
    end: work("end"),
  },
  ["list -> each -> turns -> end"],
  { name: "batch" },
);

const loop = flow(
  {
    begin: work("begin"),
    draft: work("draft"),
    check: work("check", { fails: 0.1 }, { retry }),
    spell: work("spell", { takesMs: [0, 500] }),
    merge: work("merge"),
    end: work("end"),
  },
  [
    "begin -> draft -> check -> merge",
    "draft -> spell -> merge",
    new Edge("merge", "draft", { condition: (context) => passes(context) < 3 }),
    new Edge("merge", "end", { otherwise: true }),
  ],
  { name: "loop", terminalSteps: ["end"] },
);

/** How often the loop has been gone through. */
function passes(context: { get(path: string): unknown }): number {
  let count = 0;
  for (let id = 1; id < 40; id++) if (context.get(`merge@${id}`) !== undefined) count++;
  return count;
}

const events = flow(
  {
    begin: work("begin"),
    all: new ParallelGroup([
      new WebhookStep({
        name: "called",
        execute: (context, token) => {
          const { process } = context.logger as ProcessLogger;
          process.world.ledger.begin(factsOf(context, false)).outcome = "returned";
          process.world.tokens.push({ instanceId: context.instanceId, token });
        },
      }),
      new SignalStep({ name: "first", signal: "go" }),
      new TimerStep({ name: "pause", durationMs: 500 }),
      new SequentialGroup([work("step"), new SignalStep({ name: "second", signal: "go" })], {
        name: "line",
      }),
    ]),
    hook: new WebhookStep(),
    end: work("end"),
  },
  ["begin -> all -> hook -> end"],
  { name: "events" },
);

const child = flow(
  { work: work("work", { takesMs: [0, 2_000] }), sure: humanStep("sure"), last: work("last") },
  ["work -> sure -> last"],
  { name: "child" },
);

const fragile = flow(
  { risk: work("risk", { fails: 0.5, takesMs: [0, 500] }), after: work("after") },
  ["risk -> after"],
  { name: "fragile" },
);

const output = (context: { get(path: string): unknown }) => ({ childDone: context.get("last@3") });

const parent = flow(
  {
    begin: work("begin"),
    side: new ParallelGroup(
      [
        new SubworkflowStep({ name: "one", workflow: "child", output }),
        new SubworkflowStep({ name: "two", workflow: "fragile", retry: patient }),
        work("three"),
      ],
      { failure: "collect" },
    ),
    hurry: new RaceGroup([
      new SubworkflowStep({ name: "slow", workflow: "child" }),
      new TimerStep({ name: "clock", durationMs: 4_000 }),
    ]),
    nested: new SubworkflowStep({ workflow: "nested" }),
    end: work("end"),
  },
  ["begin -> side -> hurry -> nested -> end", new Edge("nested", "end", { on: "failure" })],
  { name: "parent" },
);

const nested = flow(
  { inner: new SubworkflowStep({ workflow: "fragile" }), rest: work("rest") },
  ["inner -> rest"],
  { name: "nested" },
);

const saga = flow(
  {
    flight: work("flight", {}, { compensate: undo }),
    hotel: work("hotel", { takesMs: [0, 700] }, { compensate: undo }),
    pay: work("pay", { fails: 0.5 }, { retry: { maxAttempts: 2, initialIntervalMs: 300 } }),
    thank: humanStep("thank"),
  },
  ["flight -> hotel -> pay -> thank"],
  { name: "saga", compensate: true },
);

class Review extends StepGroup {
  override name = "review";

  async execute(context: WorkflowContext, engine: GroupEngine): Promise<unknown> {
    const first = work("read", { takesMs: [0, 400] });
    const both = [work("check", { fails: 0.2 }, { retry }), humanStep("look")];
    const results: unknown[] = [await engine.executeStep(first, context)];
    results.push(...(await Promise.all(both.map((step) => engine.executeStep(step, context)))));
    results.push(await engine.executeStep(first, context));
    return results.length;
  }
}

const custom = flow(
  { begin: work("begin"), review: new Review(), end: work("end") },
  ["begin -> review -> end"],
  { name: "custom" },
);

const times = flow(
  {
    hang: work("hang", { hangs: 0.5 }, { timeoutMs: 1_500, retry: patient }),
    sum: work("sum", { fails: 0.3, takesMs: [0, 800] }, { deadlineMs: 9_000, retry: patient }),
    ask: humanStep("ask", { timeoutMs: 4_000, retry: patient }),
    mend: work("mend"),
    end: work("end"),
  },
  [
    "hang -> sum -> ask -> end",
    ...["hang", "sum", "ask"].map((name) => new Edge(name, "mend", { on: "failure" })),
    "mend -> end",
  ],
  { name: "times", terminalSteps: ["end"] },
);

/** What somebody starts; the others are started by them. */
export const startable: readonly WorkflowDefinition[] = [
  ...[forks, approval, batch, loop, events, parent, parent, saga, custom, times],
];

export const registry = new WorkflowRegistry();
for (const definition of new Set([...startable, child, fragile, nested])) {
  registry.registerDefinition(definition);
  registry.registerDefinition(otherVersion(definition));
}

/** It does the same, and nothing in it stands where it stands in the version that is started. */
function otherVersion(definition: WorkflowDefinition): WorkflowDefinition {
  const { name, steps, edges, initialStep, terminalSteps, reducers, compensate } = definition;
  return new WorkflowDefinition({
    ...{ name, initialStep, terminalSteps, reducers, compensate },
    version: "0.9.0",
    steps: Object.fromEntries(Object.entries(steps).reverse()),
    edges: edges.toReversed(),
  });
}

/** Instances go to and fro between them. */
export const versions = ["0.9.0", "1.0.0"] as const;

export function definitionOf(name: string): WorkflowDefinition {
  return registry.getDefinition(name);
}
