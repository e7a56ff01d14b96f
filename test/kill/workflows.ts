/** The workflows that children run. What must come of them is written in `expectations.ts`. */
import { setTimeout as delay } from "node:timers/promises";
import {
  type BaseMachineStep,
  Edge,
  type GroupEngine,
  humanStep,
  MapGroup,
  machineStep,
  ParallelGroup,
  QuorumGroup,
  RaceGroup,
  type ReadonlyContext,
  SignalStep,
  StepGroup,
  type StepOptions,
  SubworkflowStep,
  TimerStep,
  WebhookStep,
  type WorkflowContext,
  WorkflowDefinition,
  type WorkflowNode,
  WorkflowRegistry,
} from "tandem-workflows";
import type { LedgerWriter } from "./ledger.ts";

/** What a step returns: which execution it was, and the value that it also sets. */
interface Worked {
  readonly path: string;
  readonly iteration: number;
  readonly attempt: number;
  readonly value: unknown;
}

type Compute = (context: WorkflowContext) => unknown;

export function workflowsOf(ledger: LedgerWriter): WorkflowRegistry {
  const make = new Maker(ledger);
  const registry = new WorkflowRegistry();
  for (const define of [
    order,
    notify,
    approvals,
    vote,
    deadline,
    flaky,
    callback,
    letters,
    rounds,
    delegate,
    child,
    collect,
    custom,
    endless,
    desk,
  ]) {
    registry.registerDefinition(define(make));
  }
  return registry;
}

class Maker {
  readonly #ledger: LedgerWriter;

  constructor(ledger: LedgerWriter) {
    this.#ledger = ledger;
  }

  /** A step that writes down each of its runs, takes its time, and sets its value by its name. */
  step(
    name: string,
    compute: Compute,
    { tookMs = 0, ...options }: StepOptions & { tookMs?: number } = {},
  ): BaseMachineStep {
    const execute = (context: WorkflowContext): Worked => {
      const value = compute(context);
      context.set(name, value);
      const { stepName: path, iteration, attempt } = context;
      return { path, iteration, attempt, value };
    };
    return machineStep(
      name,
      (context) => {
        const { instanceId, stepName, iteration, attempt } = context;
        this.#ledger.write("run", instanceId, stepName, iteration, attempt);
        if (tookMs === 0) return execute(context);
        return delay(tookMs, undefined, { signal: context.signal }).then(() => execute(context));
      },
      {
        ...options,
        onSuccess: ({ instanceId }: ReadonlyContext, result: unknown) => {
          const { path, iteration, attempt } = result as Worked;
          this.#ledger.write("recorded", instanceId, path, iteration, attempt);
        },
      },
    );
  }

  timer(name: string, durationMs: (context: ReadonlyContext) => number): TimerStep {
    return new TimerStep({
      name,
      durationMs,
      onSuccess: ({ instanceId }) => this.#ledger.write("timer-passed", instanceId, name),
    });
  }

  webhook(): WebhookStep {
    return new WebhookStep({
      execute: ({ instanceId, stepName, iteration }, token) =>
        this.#ledger.write("token", instanceId, stepName, iteration, token),
    });
  }

  human(name: string): WorkflowNode {
    return humanStep(name, {
      formSchema: {
        type: "object",
        properties: { by: { type: "string" } },
        required: ["by"],
      },
    });
  }

  body(first: WorkflowNode, second: WorkflowNode): StepGroup {
    class Body extends StepGroup {
      override readonly members = [first, second];

      async execute(context: WorkflowContext, engine: GroupEngine): Promise<number> {
        const one = (await engine.executeStep(first, context)) as Worked;
        const two = (await engine.executeStep(second, context)) as Worked;
        return (one.value as number) + (two.value as number);
      }
    }
    return new Body();
  }
}

/** Edges are written `"a -> b"`. */
function flow(
  name: string,
  steps: Readonly<Record<string, WorkflowNode>>,
  edges: readonly (string | Edge)[],
): WorkflowDefinition {
  const all = edges.map((edge) => {
    if (typeof edge !== "string") return edge;
    const [source = "", target = ""] = edge.split(" -> ");
    return new Edge(source, target);
  });
  const names = Object.keys(steps);
  const terminalSteps = names.filter((each) => all.every(({ source }) => source !== each));
  return new WorkflowDefinition({
    ...{ name, version: "1.0.0", steps, edges: all, terminalSteps },
    initialStep: names[0] ?? "",
  });
}

const number = (context: ReadonlyContext, path: string): number =>
  Number(context.get(path, 0) ?? 0);
const n = (context: ReadonlyContext): number => number(context, "n");

/** Three branches, one of them conditional, and their join. */
function order(make: Maker): WorkflowDefinition {
  return flow(
    "order",
    {
      receive: make.step("receive", (context) => 10 * n(context)),
      legal: make.step("legal", (context) => number(context, "receive") + 1),
      stock: make.step("stock", (context) => number(context, "receive") + 2, { tookMs: 3 }),
      credit: make.step("credit", (context) => number(context, "receive") + 3, { tookMs: 1 }),
      decide: make.step("decide", (context) =>
        ["legal", "stock", "credit"].reduce((sum, path) => sum + number(context, path), 0),
      ),
      ship: make.step("ship", (context) => number(context, "decide") + 1, { tookMs: 20 }),
    },
    [
      ...["receive -> legal", "receive -> stock"],
      new Edge("receive", "credit", { condition: (context) => n(context) % 2 === 1 }),
      ...["legal -> decide", "stock -> decide", "credit -> decide", "decide -> ship"],
    ],
  );
}

/** A timer, then a group with a callback. */
function notify(make: Maker): WorkflowDefinition {
  const sum = (results: readonly unknown[]) =>
    results.reduce<number>((total, each) => total + Number((each as Worked).value), 0);
  return flow(
    "notify",
    {
      pause: make.timer("pause", (context) => 20 + (n(context) % 60)),
      notify: new ParallelGroup(
        [
          make.step("mail", (context) => n(context) + 1, { tookMs: 2 }),
          make.step("text", (context) => n(context) + 2),
          make.step("chat", (context) => n(context) + 3, { tookMs: 5 }),
        ],
        { callback: make.step("log", ({ results }) => sum(results)), maxConcurrent: 2 },
      ),
      done: make.step("done", (context) => number(context, "log") + 1),
    },
    ["pause -> notify", "notify -> done"],
  );
}

/** Three people at once. */
function approvals(make: Maker): WorkflowDefinition {
  const names = (results: readonly unknown[]) =>
    results.map((each) => (each as { by: string }).by).join();
  return flow(
    "approvals",
    {
      prepare: make.step("prepare", (context) => n(context) + 1),
      approvals: new ParallelGroup([make.human("ann"), make.human("bob"), make.human("cem")], {
        callback: make.step("tally", ({ results }) => names(results)),
      }),
      file: make.step("file", (context) => context.get("tally"), { tookMs: 4 }),
    },
    ["prepare -> approvals", "approvals -> file"],
  );
}

/** Two of three people are enough. */
function vote(make: Maker): WorkflowDefinition {
  return flow(
    "vote",
    {
      votes: new QuorumGroup([make.human("dan"), make.human("eve"), make.human("fay")], {
        required: 2,
      }),
      count: make.step(
        "count",
        (context) => (context.result("votes") as unknown[]).filter((each) => each !== null).length,
      ),
    },
    ["votes -> count"],
  );
}

/** A person has only so much time. */
function deadline(make: Maker): WorkflowDefinition {
  return flow(
    "deadline",
    {
      race: new RaceGroup([
        make.human("gus"),
        make.timer("limit", (context) => 20 + ((7 * n(context)) % 200)),
      ]),
      settle: make.step(
        "settle",
        (context) => (context.result("race") as { winner: string }).winner,
        { tookMs: 1 },
      ),
    },
    ["race -> settle"],
  );
}

/** Attempts that fail, and one that fails for good. */
function flaky(make: Maker): WorkflowDefinition {
  const fail = (message: string) => {
    throw new TypeError(message);
  };
  return flow(
    "flaky",
    {
      fetch: make.step(
        "fetch",
        (context) => (context.attempt < 3 ? fail("not yet") : n(context) + 1),
        { retry: { maxAttempts: 5, initialIntervalMs: 10, jitter: 0.5 }, tookMs: 1 },
      ),
      doomed: make.step("doomed", () => fail("never"), {
        retry: { maxAttempts: 2, initialIntervalMs: 5 },
      }),
      handle: make.step("handle", (context) => context.error()?.message ?? "no error"),
    },
    ["fetch -> doomed", new Edge("doomed", "handle", { on: "failure" })],
  );
}

/** Somebody outside calls back. */
function callback(make: Maker): WorkflowDefinition {
  return flow(
    "callback",
    {
      ask: make.webhook(),
      receipt: make.step("receipt", (context) => context.get("ask.by")),
    },
    ["ask -> receipt"],
  );
}

/** Three signals, one after another. */
function letters(make: Maker): WorkflowDefinition {
  return flow(
    "letters",
    {
      note: new SignalStep({ signal: "note" }),
      read: make.step("read", (context) => {
        const before = (context.get("read", []) ?? []) as string[];
        return [...before, context.get("note.by")];
      }),
      close: make.step("close", (context) => (context.get("read") as string[]).join()),
    },
    [
      "note -> read",
      new Edge("read", "note", { condition: (context) => hasRead(context) < 3 }),
      new Edge("read", "close", { otherwise: true }),
    ],
  );
}

function hasRead(context: ReadonlyContext): number {
  return (context.get("read", []) as string[]).length;
}

/** A loop with a fork and a join inside. */
function rounds(make: Maker): WorkflowDefinition {
  return flow(
    "rounds",
    {
      begin: make.step("begin", (context) => number(context, "begin") + 1),
      left: make.step("left", (context) => number(context, "left") + n(context), { tookMs: 2 }),
      right: make.step("right", (context) => number(context, "right") + 1),
      meet: make.step("meet", (context) => number(context, "left") + number(context, "right")),
      end: make.step("end", (context) => number(context, "meet"), { tookMs: 1 }),
    },
    [
      ...["begin -> left", "begin -> right", "left -> meet", "right -> meet"],
      new Edge("meet", "begin", { condition: (context) => number(context, "begin") < 4 }),
      new Edge("meet", "end", { otherwise: true }),
    ],
  );
}

/** Waits for another instance. */
function delegate(make: Maker): WorkflowDefinition {
  return flow(
    "delegate",
    {
      brief: make.step("brief", (context) => n(context) + 1),
      work: new SubworkflowStep({
        workflow: "child",
        input: { n: "brief" },
        output: { work: "second" },
      }),
      after: make.step("after", (context) => number(context, "work") + 1),
    },
    ["brief -> work", "work -> after"],
  );
}

function child(make: Maker): WorkflowDefinition {
  return flow(
    "child",
    {
      first: make.step("first", (context) => 2 * n(context), { tookMs: 2 }),
      breath: make.timer("breath", () => 10),
      second: make.step("second", (context) => number(context, "first") + 1),
    },
    ["first -> breath", "breath -> second"],
  );
}

/** A list, and what is made of it. */
function collect(make: Maker): WorkflowDefinition {
  return flow(
    "collect",
    {
      list: make.step("list", (context) => [1, 2, 3, 4, 5, 6].map((each) => each * n(context))),
      each: new MapGroup(
        make.step("item", (context) => Number(context.item) + 1, { tookMs: 1 }),
        {
          items: "list",
          callback: make.step("total", ({ results }) =>
            results.reduce<number>((sum, each) => sum + Number((each as Worked).value), 0),
          ),
        },
      ),
    },
    ["list -> each"],
  );
}

/** A body of one's own, whose calls are recorded. */
function custom(make: Maker): WorkflowDefinition {
  return flow(
    "custom",
    {
      body: make.body(
        make.step("one", (context) => n(context), { tookMs: 5 }),
        make.step("two", (context) => 2 * n(context), { tookMs: 5 }),
      ),
      check: make.step("check", (context) => context.result("body")),
    },
    ["body -> check"],
  );
}

/** Runs until somebody cancels it. */
function endless(make: Maker): WorkflowDefinition {
  return flow(
    "endless",
    {
      dig: make.step("dig", (context) => n(context), { tookMs: 600_000 }),
      never: make.step("never", () => 0),
    },
    ["dig -> never"],
  );
}

/** Somebody signs and a signal comes while a step runs, so that a process owns the instance. */
function desk(make: Maker): WorkflowDefinition {
  return flow(
    "desk",
    {
      open: make.step("open", (context) => n(context)),
      dig: make.step("dig", () => 1, { tookMs: 600_000 }),
      sign: make.human("sign"),
      signed: make.step("signed", (context) => context.get("sign.by")),
      bell: new SignalStep({ signal: "bell" }),
      rung: make.step("rung", (context) => context.get("bell.by")),
      nap: make.step("nap", (context) => context.attempt, { tookMs: 400 }),
    },
    [
      "open -> dig",
      "open -> sign",
      "sign -> signed",
      "open -> bell",
      "bell -> rung",
      "open -> nap",
    ],
  );
}
