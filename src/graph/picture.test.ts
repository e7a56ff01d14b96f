import { describe, expect, test } from "vitest";
import { Edge } from "../definition/edge.ts";
import {
  ConditionalGroup,
  MapGroup,
  ParallelGroup,
  QuorumGroup,
  RaceGroup,
  SequentialGroup,
} from "../definition/group.ts";
import { humanStep } from "../definition/human-step.ts";
import { machineStep } from "../definition/step.ts";
import { SignalStep, TimerStep } from "../definition/wait-steps.ts";
import { type AnyDefinition, WorkflowDefinition } from "../definition/workflow-definition.ts";
import { type PictureNode, pictureOf } from "./picture.ts";
import type { PicturedExecution, PicturedInstance, PicturedTask } from "./picture-facts.ts";

const step = (name: string, options = {}) => machineStep(name, () => {}, options);

describe("pictureOf a definition", () => {
  test("gives nodes, edges and options as plain data", () => {
    const definition = new WorkflowDefinition({
      name: "order",
      description: "Orders of the shop",
      steps: {
        pay: step("pay", {
          title: "Charge the card",
          retry: { maxAttempts: 3, retryOn: () => true },
          timeoutMs: 500,
          canExecute: () => true,
        }),
        notify: new ParallelGroup([step("email")], { callback: step("log"), maxConcurrent: 2 }),
        wait: new TimerStep({ until: new Date(0), join: "any", cancelRest: true }),
      },
      edges: [
        new Edge("pay", "notify", { condition: "amount > 5" }),
        new Edge("pay", "wait", { condition: () => true, on: "failure" }),
        new Edge("pay", "wait", { otherwise: true, label: "small" }),
        new Edge("notify", "wait"),
      ],
      initialStep: "pay",
      terminalSteps: [{ step: "wait", terminate: true }],
    });
    const plain = { initial: false, terminal: false, options: {}, members: [] };
    const picture = pictureOf(definition);
    expect(picture).toStrictEqual({
      workflow: "order",
      version: "1.0.0",
      description: "Orders of the shop",
      nodes: [
        {
          ...plain,
          path: "pay",
          name: "pay",
          title: "Charge the card",
          kind: "machine",
          initial: true,
          options: { retry: { maxAttempts: 3 }, timeoutMs: 500 },
        },
        {
          ...plain,
          path: "notify",
          name: "notify",
          kind: "parallel",
          options: { maxConcurrent: 2 },
          members: [{ ...plain, path: "notify/email", name: "email", kind: "machine" }],
          callback: { ...plain, path: "notify/log", name: "log", kind: "machine" },
        },
        {
          ...plain,
          path: "wait",
          name: "wait",
          kind: "timer",
          terminal: true,
          terminate: true,
          join: "any",
          options: { cancelRest: true, until: "1970-01-01T00:00:00.000Z" },
        },
      ],
      edges: [
        {
          source: "pay",
          target: "notify",
          label: "amount > 5",
          conditional: true,
          otherwise: false,
          on: "success",
        },
        { source: "pay", target: "wait", conditional: true, otherwise: false, on: "failure" },
        {
          source: "pay",
          target: "wait",
          label: "small",
          conditional: false,
          otherwise: true,
          on: "success",
        },
        { source: "notify", target: "wait", conditional: false, otherwise: false, on: "success" },
      ],
    });
    expect(JSON.parse(JSON.stringify(picture))).toStrictEqual(picture);
  });

  test("knows branches by the name that chooses them, and by what their steps are called", () => {
    const branches = new ConditionalGroup(
      { gold: step("send_gift"), card: step("card") },
      () => "gold",
    );
    const [node] = pictureOf(single(branches)).nodes;
    expect(node?.members.map(({ path, branch, title }) => [path, branch, title])).toEqual([
      ["it/gold", "gold", "send_gift"],
      ["it/card", "card", undefined],
    ]);
  });

  test("refuses an instance of another workflow or version", () => {
    const definition = single(step("x"));
    const other = { ...instance([]), version: "2.0.0" };
    expect(() => pictureOf(definition, other)).toThrow(
      'Instance "i" is one of workflow "single" 2.0.0, not of "single" 1.0.0; ' +
        "draw it with the definition that it runs.",
    );
  });
});

describe("pictureOf an instance", () => {
  const chain = new WorkflowDefinition({
    name: "single",
    steps: { a: step("a"), b: step("b"), c: step("c"), d: step("d"), e: step("e") },
    edges: [
      new Edge("a", "b", { condition: "x" }),
      new Edge("a", "c", { otherwise: true }),
      new Edge("b", "d"),
      new Edge("c", "e"),
      new Edge("d", "a", { condition: "again" }),
    ],
    initialStep: "a",
    terminalSteps: ["d", "e"],
  });

  test("says of a step that nothing reached whether it still can be", () => {
    expect(statesOf(chain, instance([], { status: "pending" }))).toBe(
      "a idle, b idle, c idle, d idle, e idle",
    );
    const running = [execution(1, "a", "succeeded"), execution(2, "c", "running")];
    expect(statesOf(chain, instance(running))).toBe(
      "a done, b skipped, c running, d skipped, e idle",
    );
    const looping = [execution(1, "a", "succeeded"), execution(2, "b", "running")];
    expect(statesOf(chain, instance(looping))).toBe("a done, b running, c idle, d idle, e idle");
  });

  test("counts an arrival that waits at a join as what can go on", () => {
    const edges = chain.edges.map((_, index) => ({ taken: index === 1 ? 1 : 0, waiting: 0 }));
    edges[1] = { taken: 1, waiting: 1 };
    const waiting = instance([execution(1, "a", "succeeded")], { edges });
    expect(statesOf(chain, waiting)).toBe("a done, b skipped, c idle, d skipped, e idle");
    expect(pictureOf(chain, waiting).edges.map(({ taken }) => taken)).toEqual([0, 1, 0, 0, 0]);
  });

  test("has nothing idle when the instance has ended", () => {
    const steps = [execution(1, "a", "succeeded"), execution(2, "b", "failed")];
    expect(statesOf(chain, instance(steps, { status: "failed" }))).toBe(
      "a done, b failed, c skipped, d skipped, e skipped",
    );
  });

  test("shows the latest pass of a loop and how many there were", () => {
    const steps = [
      execution(1, "a", "failed"),
      execution(2, "b", "succeeded"),
      execution(3, "d", "succeeded"),
      execution(4, "a", "scheduled", { iteration: 2, attempt: 3 }),
    ];
    expect(pictureOf(chain, instance(steps)).nodes[0]).toMatchObject({
      state: "waiting",
      iteration: 2,
      attempt: 3,
      waitingFor: [{ for: "attempt" }],
    });
  });

  test("prefers what goes on to a later execution that has ended", () => {
    const steps = [execution(1, "a", "running"), execution(2, "a", "succeeded", { iteration: 2 })];
    expect(pictureOf(chain, instance(steps)).nodes[0]).toMatchObject({
      state: "running",
      iteration: 2,
    });
  });

  test("knows members by the execution of their group, not by earlier passes", () => {
    const group = single(new SequentialGroup([step("a"), step("b")]));
    const steps = [
      execution(1, "it", "succeeded"),
      execution(2, "it/a", "succeeded", { parent: 1 }),
      execution(3, "it/b", "succeeded", { parent: 1 }),
      execution(4, "it", "waiting", { iteration: 2 }),
      execution(5, "it/a", "running", { parent: 4, iteration: 2 }),
    ];
    expect(statesOf(group, instance(steps))).toBe("it running, it/a running, it/b idle");
  });

  test("says of a group that has members to wait for what they do", () => {
    const group = single(new ParallelGroup([step("a"), step("b")], { callback: step("c") }));
    const states = (...[a, b]: readonly PicturedExecution["status"][]) =>
      statesOf(
        group,
        instance([
          execution(1, "it", "waiting"),
          execution(2, "it/a", a ?? "pending", { parent: 1 }),
          execution(3, "it/b", b ?? "pending", { parent: 1 }),
        ]),
      );
    expect(states("waiting", "running")).toMatch(/^it running/);
    expect(states("waiting", "pending")).toMatch(/^it waiting/);
    expect(states("succeeded", "pending")).toMatch(/^it pending/);
    expect(states("succeeded", "succeeded")).toBe("it running, it/a done, it/b done, it/c idle");
  });

  test("says of a group between two attempts that it waits for the next", () => {
    const group = single(new ParallelGroup([step("a"), step("b")], { retry: { maxAttempts: 2 } }));
    const steps = [execution(1, "it", "scheduled"), execution(2, "it/a", "failed", { parent: 1 })];
    expect(statesOf(group, instance(steps))).toBe("it waiting, it/a failed, it/b idle");
  });

  test("skips the members that a group which has ended did not reach", () => {
    const group = single(new SequentialGroup([step("a"), step("b")]));
    const steps = [execution(1, "it", "failed"), execution(2, "it/a", "failed", { parent: 1 })];
    expect(statesOf(group, instance(steps))).toBe("it failed, it/a failed, it/b skipped");
  });

  test("skips the branches that were not chosen", () => {
    const group = single(new ConditionalGroup({ a: step("a"), b: step("b") }, () => "b"));
    const steps = [execution(1, "it", "waiting"), execution(2, "it/b", "running", { parent: 1 })];
    expect(statesOf(group, instance(steps))).toBe("it running, it/a skipped, it/b running");
  });

  test("names the winner of a race", () => {
    const group = single(new RaceGroup([step("a"), step("b")]));
    const steps = [
      execution(1, "it", "succeeded", { result: { winner: "b", result: null } }),
      execution(2, "it/a", "canceled", { parent: 1 }),
      execution(3, "it/b", "succeeded", { parent: 1 }),
    ];
    expect(pictureOf(group, instance(steps)).nodes[0]).toMatchObject({
      state: "done",
      winner: "b",
      members: [{ state: "canceled" }, { state: "done" }],
    });
  });

  test("says for whom, or for what, a step waits", () => {
    const group = single(
      new QuorumGroup(
        [
          humanStep("a"),
          humanStep("b"),
          humanStep("c"),
          new SignalStep({ name: "d", signal: "s" }),
        ],
        { required: 2 },
      ),
    );
    const steps = [
      execution(1, "it", "waiting"),
      ...["a", "b", "c", "d"].map((name, index) =>
        execution(index + 2, `it/${name}`, "waiting", { parent: 1 }),
      ),
    ];
    const tasks = [
      task("it/a", { assignee: "ada" }),
      task("it/b", { candidateUsers: ["bob"], candidateGroups: ["board"] }),
      task("it/c"),
    ];
    const { nodes } = pictureOf(group, instance(steps, { tasks }));
    expect(nodes[0]?.members.map(({ waitingFor }) => waitingFor)).toEqual([
      [{ for: "person", assignee: "ada" }],
      [{ for: "person", candidateUsers: ["bob"], candidateGroups: ["board"] }],
      [{ for: "person" }],
      [{ for: "signal", name: "s" }],
    ]);
  });

  test("counts the items of a map instead of drawing each", () => {
    const group = single(
      new MapGroup(new SequentialGroup([step("a"), humanStep("b")], { name: "m" }), {
        items: "list",
        callback: step("c"),
      }),
    );
    const steps = [execution(1, "it", "waiting", { itemCount: 100 })];
    const tasks: PicturedTask[] = [];
    for (let index = 0; index < 30; index++) {
      const id = steps.length + 1;
      steps.push(execution(id, `it/m[${index}]`, index < 10 ? "failed" : "waiting", { parent: 1 }));
      steps.push(execution(id + 1, `it/m[${index}]/a`, "succeeded", { parent: id }));
      const status = index < 10 ? "failed" : "waiting";
      steps.push(execution(id + 2, `it/m[${index}]/b`, status, { parent: id }));
      tasks.push(task(`it/m[${index}]/b`, { assignee: `user${index % 7}` }));
    }
    const [map] = pictureOf(group, instance(steps, { tasks })).nodes;
    const progress = { done: 0, failed: 10, running: 20, total: 100 };
    expect(map).toMatchObject({ state: "waiting", progress });
    const [member] = map?.members ?? [];
    expect(member).toMatchObject({ path: "it/m[]", state: "waiting", progress });
    expect(member?.members).toMatchObject([
      { state: "done", progress: { done: 30, failed: 0, running: 0, total: 100 } },
      { state: "waiting", progress },
    ]);
    expect(member?.members[1]?.waitingFor).toHaveLength(5);
    expect(map?.callback).toMatchObject({ state: "idle" });
    expect(map?.callback).not.toHaveProperty("progress");
  });

  test("leaves compensations out, and says what was undone", () => {
    const steps = [
      execution(1, "a", "succeeded"),
      execution(2, "b", "failed"),
      execution(3, "a", "succeeded", { compensates: 1 }),
    ];
    const { nodes } = pictureOf(chain, instance(steps, { status: "failed" }));
    expect(nodes[0]).toMatchObject({ state: "done", undone: true, iteration: 1 });
    expect(nodes[1]).not.toHaveProperty("undone");
  });

  test("draws an instance of 10,000 steps and 100,000 executions in linear time", () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `n${index}`);
    const definition = new WorkflowDefinition({
      name: "single",
      steps: Object.fromEntries(names.map((name) => [name, step(name)])),
      edges: names.slice(1).map((name, index) => new Edge(names[index] as string, name)),
      initialStep: "n0",
      terminalSteps: ["n9999"],
    });
    const steps = Array.from({ length: 100_000 }, (_, index) =>
      execution(index + 1, `n${index % 10_000}`, "succeeded", { iteration: 1 + (index % 10_000) }),
    );
    const edges = names.map(() => ({ taken: 1, waiting: 0 }));
    const started = performance.now();
    expect(pictureOf(definition, instance(steps, { edges })).nodes).toHaveLength(10_000);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

function single(node: AnyDefinition["steps"][string]): AnyDefinition {
  return new WorkflowDefinition({
    name: "single",
    steps: { it: node },
    initialStep: "it",
    terminalSteps: ["it"],
  });
}

function instance(
  steps: readonly PicturedExecution[],
  more: Partial<PicturedInstance> = {},
): PicturedInstance {
  const status = "running" as const;
  return {
    id: "i",
    workflow: "single",
    version: "1.0.0",
    status,
    steps,
    edges: [],
    tasks: [],
    ...more,
  };
}

function execution(
  id: number,
  path: string,
  status: PicturedExecution["status"],
  more: Partial<PicturedExecution> = {},
): PicturedExecution {
  const first = { parent: 0, attempt: 1, iteration: 1, result: null };
  return { id, path, status, ...first, compensates: 0, itemCount: undefined, ...more };
}

function task(path: string, more: Partial<PicturedTask> = {}): PicturedTask {
  const nobody = { assignee: undefined, candidateUsers: undefined, candidateGroups: undefined };
  return { path, ...nobody, ...more };
}

/** `a done, b idle`: the states of all nodes, in order. */
function statesOf(definition: AnyDefinition, given: PicturedInstance): string {
  const list = (node: PictureNode): string[] => [
    `${node.path} ${node.state}`,
    ...[...node.members, ...(node.callback ? [node.callback] : [])].flatMap(list),
  ];
  return pictureOf(definition, given).nodes.flatMap(list).join(", ");
}
