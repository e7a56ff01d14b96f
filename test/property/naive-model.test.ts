import { describe, expect, test } from "vitest";
import type { DefinitionSpec, EdgeSpec, NodeSpec, Writes } from "./definition-spec.ts";
import { NaiveModel } from "./naive-model.ts";

/** The rules by hand, so that the judge of the random runs is itself judged. */

type Extra = Partial<Omit<DefinitionSpec, "nodes" | "edges">>;

/** `"A -> B C"` has edges from A to B and to C; steps are machine steps unless told. */
function play(graph: string, nodes: readonly NodeSpec[] = [], extra: Extra = {}) {
  const edges: EdgeSpec[] = graph.split(",").flatMap((line) => {
    const [source = "", targets = ""] = line.split("->").map((part) => part.trim());
    return targets.split(" ").flatMap((word): EdgeSpec[] => {
      const [target = "", mark] = word.split(/(?=[!?~])/);
      if (mark === "!") return [{ source, target, on: "failure" }];
      if (mark === "?") return [{ source, target, when: { key: target, equals: 1 } }];
      if (mark === "~") return [{ source, target, on: "cancel" }];
      return target === "" ? [] : [{ source, target }];
    });
  });
  const names = [
    ...new Set(
      graph
        .replaceAll(/->|[!?~,]/g, " ")
        .split(" ")
        .filter(Boolean),
    ),
  ];
  const given = (name: string) => nodes.find((node) => node.name === name);
  const all = names.map((name): NodeSpec => given(name) ?? { kind: "machine", name });
  const sinks = names.filter((name) => !edges.some(({ source }) => source === name));
  const model = new NaiveModel({
    nodes: all,
    edges,
    initial: names[0] as string,
    terminals: sinks.map((step) => ({ step })),
    reducers: {},
    initialData: {},
    ...extra,
  });
  model.perform({ do: "start" }, 0);
  return new Play(model);
}

/** Drives the model and tells what is alive. */
class Play {
  readonly model: NaiveModel;

  constructor(model: NaiveModel) {
    this.model = model;
  }

  end(at: string, writes: Writes = [], result?: string): this {
    const name = at.includes("#") ? at : `${at}#1`;
    this.model.perform({ do: "succeed", at: name, result, writes }, this.model.now + 1);
    return this;
  }

  fail(at: string): this {
    const name = at.includes("#") ? at : `${at}#1`;
    this.model.perform({ do: "fail", at: name, retryable: true, random: 0 }, this.model.now + 1);
    return this;
  }

  get alive(): string {
    return this.model.alive
      .filter(({ members }) => members === undefined)
      .map(({ path, iteration }) => (iteration === 1 ? path : `${path}#${iteration}`))
      .join(" ");
  }

  get status(): string {
    return [this.model.status, this.model.failure?.code].filter(Boolean).join(" ");
  }
}

const one: Writes[number] = ["B", 1];

describe("the join rule", () => {
  test("the target of three parallel branches runs once, after all three", () => {
    const run = play("A -> B C D, B -> J, C -> J, D -> J").end("A").end("C").end("B");
    expect(run.alive).toBe("D");
    expect(run.end("D").alive).toBe("J");
    expect(run.end("J").status).toBe("completed");
  });

  test("a join after a conditional fork waits only for the branches that were taken", () => {
    const run = play("A -> B? C?, B -> J, C -> J").end("A", [["B", 1]]);
    expect(run.alive).toBe("B");
    expect(run.end("B").alive).toBe("J");
  });

  test("a branch that leaves by its failure edge does not hold the join", () => {
    const run = play("A -> B C, B -> J E!, C -> J, E -> F").end("A").end("C");
    expect(run.alive).toBe("B");
    expect(run.fail("B").alive).toBe("E J");
  });

  test("a decision that comes late does not hold the join for ever", () => {
    const run = play("A -> B C, B -> D? J?, C -> J, D -> E").end("A").end("C");
    expect(run.alive).toBe("B");
    expect(run.end("B", [["D", 1]]).alive).toBe("D J");
  });

  test("the merge after an exclusive choice runs once and does not wait", () => {
    const run = play("A -> B? C?, B -> J, C -> J").end("A", [one]).end("B").end("J");
    expect(run.status).toBe("completed");
  });

  test("a loop's first step runs at once, and again each time control comes back", () => {
    const run = play("A -> L, L -> M, M -> L? Z?").end("A");
    expect(run.alive).toBe("L");
    expect(run.end("L").end("M", [["L", 1]]).alive).toBe("L#2");
    run.end("L#2").end("M#2", [
      ["L", 0],
      ["Z", 1],
    ]);
    expect(run.alive).toBe("Z");
  });

  test("parallel branches inside a loop join pass by pass", () => {
    const run = play("A -> L, L -> M N, M -> J, N -> J, J -> L? Z?").end("A").end("L");
    expect(run.end("M").alive).toBe("N");
    expect(run.end("N").end("J", [["L", 1]]).alive).toBe("L#2");
    expect(run.end("L#2").end("N#2").alive).toBe("M#2");
    expect(run.end("M#2").alive).toBe("J#2");
  });

  test("joins that wait only for each other do not wait", () => {
    const run = play("A -> P Q, P -> J, Q -> K, J -> K, K -> J").end("A").end("P");
    expect(run.alive).toBe("Q");
    expect(run.end("Q").alive).toBe("J K");
  });

  test("a join that one of these cancels does not start with them", () => {
    const run = play("A -> P Q, P -> J, Q -> K, J -> K? Z, K -> J", [
      { kind: "gateway", name: "J", choice: "holding", cancels: ["K"] },
    ]).end("A");
    expect(run.end("P").end("Q").alive).toBe("Z");
  });

  test("a second token on an edge serves the next run", () => {
    const run = play("A -> X Y Z, X -> P, Y -> P, P -> J, Z -> J", [
      { kind: "machine", name: "P", join: "each" },
    ]).end("A");
    run.end("X").end("Y").end("P#1").end("P#2");
    expect(run.end("Z").alive).toBe("J J#2");
  });
});

describe("joins that count", () => {
  const graph = "A -> B C D, B -> J, C -> J, D -> J";
  const join = (spec: Partial<NodeSpec>) => [{ kind: "machine", name: "J", ...spec } as NodeSpec];

  test("any starts at the first arrival, and the others vanish in its round", () => {
    const run = play(graph, join({ join: "any" }))
      .end("A")
      .end("C");
    expect(run.alive).toBe("B D J");
    expect(run.end("J").end("B").end("D").status).toBe("completed");
  });

  test("what comes in an open round counts at once, so that nobody can cancel it", () => {
    const late: NodeSpec = { kind: "gateway", name: "K", choice: "all", cancels: ["J"] };
    const run = play("A -> B C, B -> J, C -> K J, K -> Z", [...join({ join: "any" }), late]);
    run.end("A").end("B").end("J").end("C");
    expect(run.model.executions.filter(({ path }) => path === "J").length).toBe(1);
    expect(run.alive).toBe("Z");
  });

  test("n starts at the n-th arrival", () => {
    const run = play(graph, join({ join: 2 }))
      .end("A")
      .end("C");
    expect(run.alive).toBe("B D");
    expect(run.end("D").alive).toBe("B J");
  });

  test("cancelRest cancels what could still arrive", () => {
    const run = play(graph, join({ join: "any", cancelRest: true }))
      .end("A")
      .end("C");
    expect(run.alive).toBe("J");
  });

  test("n that can no longer be reached fails the instance", () => {
    const run = play("A -> B C, B -> J E!, C -> J, E -> F", join({ join: 2 }))
      .end("A")
      .end("C");
    expect(run.fail("B").status).toBe("failed JOIN_UNREACHABLE");
  });

  test("each starts for every arrival", () => {
    const run = play(graph, join({ join: "each" }))
      .end("A")
      .end("C")
      .end("B");
    expect(run.alive).toBe("D J J#2");
  });

  test("and wants one token on every edge, whatever happens", () => {
    const run = play("A -> B? C?, B -> J, C -> J", join({ join: "and" })).end("A", [one]);
    expect(run.end("B").status).toBe("failed JOIN_UNREACHABLE");
  });
});

describe("ending", () => {
  test("a node that takes none of its edges is a dead end", () => {
    expect(play("A -> B? C?").end("A").status).toBe("failed DEAD_END");
  });

  test("a step that succeeds and has nothing but a failure edge ends its path", () => {
    expect(play("A -> B!, B -> C").end("A").status).toBe("completed");
  });

  test("a failure without failure edge fails the instance and cancels the rest", () => {
    const run = play("A -> B C").end("A").fail("B");
    expect(run.status).toBe("failed STEP_FAILED");
    expect(run.alive).toBe("");
  });

  test("terminate cancels what still runs", () => {
    const terminals = [{ step: "B", terminate: true as const }, { step: "C" }];
    const run = play("A -> B C", [], { terminals }).end("A").end("B");
    expect(run.status).toBe("completed");
    expect(run.model.find("C#1").status).toBe("canceled");
  });

  test("a retry continues at what failed and what was cut off", () => {
    const run = play("A -> B C, B -> J, C -> J").end("A").fail("B");
    run.model.perform({ do: "retry" }, 9);
    expect(run.alive).toBe("B C");
    expect(run.end("B").end("C").end("J").status).toBe("completed");
  });

  test("compensation undoes the latest success first", () => {
    const undoable = (name: string): NodeSpec => ({ kind: "machine", name, compensate: true });
    const run = play("A -> B, B -> C", [undoable("A"), undoable("B")], { compensate: true });
    run.end("A").end("B").fail("C");
    expect(run.model.snapshot().executions).toContain("undo B#1 attempt 1 running");
    run.end("undo B#1").end("undo A#1");
    expect(run.status).toBe("failed STEP_FAILED");
  });
});

describe("more control", () => {
  test("a mutex lets one in at a time, first come first served", () => {
    const locked = ["B", "C", "D"].map((name): NodeSpec => ({ kind: "machine", name, mutex: "m" }));
    const run = play("A -> B C D", locked).end("A");
    const running = () => run.model.alive.filter(({ status }) => status === "running");
    expect(running().map(({ path }) => path)).toEqual(["B"]);
    run.end("B");
    expect(running().map(({ path }) => path)).toEqual(["C"]);
  });

  test("a step cancels others, whose edges are dead unless meant for that", () => {
    const canceler: NodeSpec = { kind: "machine", name: "B", cancels: ["C"] };
    const run = play("A -> B C, C -> D E~", [canceler]).end("A").end("B");
    expect(run.alive).toBe("E");
  });

  test("what is cancelled together goes on in the order in which it began", () => {
    const canceler: NodeSpec = { kind: "machine", name: "K", cancels: ["C", "B"] };
    const run = play("A -> B K X, X -> C, B -> P~, C -> Q~", [canceler]).end("A").end("X");
    expect(run.end("K").alive).toBe("P Q");
  });

  test("tokens that wait are cancelled as one execution", () => {
    const run = play("A -> B C D, B -> J, C -> J, D -> Z, J -> E~, Z -> J", [
      { kind: "machine", name: "D", cancels: ["J"] },
    ]);
    run.end("A").end("B").end("C").end("D");
    expect(run.model.find("J#1").status).toBe("canceled");
    expect(run.alive).toBe("E Z");
  });
});

describe("groups", () => {
  const step = (name: string): NodeSpec => ({ kind: "machine", name });
  const group = (spec: Partial<NodeSpec>) =>
    play("A -> G, G -> Z", [{ name: "G", ...spec } as NodeSpec]).end("A");

  test("members side by side write in the order in which they are declared", () => {
    const run = group({ kind: "parallel", members: [step("x"), step("y")] });
    run.end("G/y", [["k", "y"]]).end("G/x", [["k", "x"]]);
    expect(run.model.data).toEqual({ k: "y" });
  });

  test("a failed group writes nothing", () => {
    const run = group({ kind: "parallel", members: [step("x"), step("y")], failure: "wait-all" });
    run.end("G/y", [["k", "y"]]).fail("G/x");
    expect(run.model.data).toEqual({});
    expect(run.status).toBe("failed GROUP_FAILED");
  });

  test("a retried group runs its failed and cancelled members again", () => {
    const run = group({
      kind: "parallel",
      members: [step("x"), step("y"), step("z")],
      retry: { maxAttempts: 2 },
    });
    run.end("G/x").fail("G/y");
    expect(run.model.snapshot().executions).toEqual([
      "A#1 attempt 1 succeeded",
      "G#1 attempt 2 waiting",
      "G/x#1 attempt 1 succeeded",
      "G/y#1 attempt 2 running",
      "G/z#1 attempt 2 running",
    ]);
  });

  test("the first success wins a race", () => {
    const run = group({ kind: "race", members: [step("x"), step("y")] });
    run.end("G/y", [], "won");
    expect(run.model.find("G#1").result).toEqual({ winner: "y", result: "won" });
    expect(run.alive).toBe("Z");
  });

  test("a quorum fails when it can no longer be reached", () => {
    const run = group({ kind: "quorum", members: [step("x"), step("y")], required: 2 });
    expect(run.fail("G/x").status).toBe("failed QUORUM_NOT_REACHED");
  });

  test("a map runs its member for each item and then its callback", () => {
    const map: NodeSpec = {
      kind: "map",
      name: "G",
      members: [step("x")],
      key: "list",
      callback: step("c"),
      maxConcurrent: 2,
    };
    const run = play("G -> Z", [map], { initialData: { list: [1, 2, 3] } });
    expect(run.alive).toBe("G/x[0] G/x[1]");
    expect(run.end("G/x[1]").alive).toBe("G/x[0] G/x[2]");
    expect(run.end("G/x[0]").end("G/x[2]").alive).toBe("G/c");
    expect(run.end("G/c").alive).toBe("Z");
  });

  test("a map that was closed keeps how its items ended, also when it runs again", () => {
    const map: NodeSpec = {
      kind: "map",
      name: "G",
      members: [step("x")],
      key: "list",
      callback: step("c"),
      failure: "collect",
      retry: { maxAttempts: 2 },
    };
    const run = play("G -> Z", [map], { initialData: { list: [1, 2, 3] } });
    run.end("G/x[0]", [], "done").fail("G/x[1]");
    run.model.perform({ do: "close map", path: "G" }, 5);
    expect(run.fail("G/c").alive).toBe("G/c");
    run.end("G/c");
    expect(run.model.find("G#1").result).toEqual([
      { status: "succeeded", result: "done" },
      { status: "failed", error: "STEP_FAILED" },
      { status: "canceled" },
    ]);
  });

  test("a sequential group goes on one by one and shows what was written inside only", () => {
    const choice: NodeSpec = {
      kind: "conditional",
      name: "y",
      members: [step("p"), step("q")],
      key: "k",
    };
    const run = group({ kind: "sequential", members: [step("x"), choice] });
    run.end("G/x", [["k", 1]]);
    expect(run.alive).toBe("G/y/q");
    expect(run.model.data).toEqual({});
    expect(run.end("G/y/q").model.data).toEqual({ k: 1 });
  });

  test("members of an interleaved group take turns", () => {
    const run = group({ kind: "interleaved", members: [step("x"), step("y")] });
    expect(run.model.snapshot().executions.slice(2)).toEqual([
      "G/x#1 attempt 1 running",
      "G/y#1 attempt 1 pending",
    ]);
    expect(run.end("G/x").alive).toBe("G/y");
  });

  test("members line up anew in each attempt of their group", () => {
    const broken: NodeSpec = { kind: "map", name: "y", members: [step("i")], key: "list" };
    const members = [{ ...step("w"), mutex: "m" }, step("x"), broken, step("z")];
    const retry = { maxAttempts: 3 };
    const interleaved: NodeSpec = { kind: "interleaved", name: "I", members, retry };
    const holder: NodeSpec = { ...step("h"), mutex: "m" };
    const run = group({
      kind: "parallel",
      members: [holder, interleaved],
      failure: "wait-all",
      retry: { maxAttempts: 2 },
    });
    // While h holds the mutex, y takes its turn before w, and fails in every attempt.
    run.end("G/I/x");
    expect(run.alive).toBe("G/h");
    run.end("G/h");
    // Now w has its turn, and then y, which is declared before z.
    expect(run.alive).toBe("G/I/w G/I/y G/I/z");
    run.end("G/I/w");
    expect(run.status).toBe("failed GROUP_FAILED");
  });

  test("a group whose members were all skipped is skipped", () => {
    const shy: NodeSpec = { kind: "machine", name: "x", canExecute: true };
    const run = group({ kind: "race", members: [shy] });
    run.model.perform({ do: "skip", at: "G/x#1" }, 5);
    expect(run.model.find("G#1").status).toBe("skipped");
    expect(run.alive).toBe("Z");
  });
});

describe("waiting", () => {
  test("a stored signal serves the step that comes later, unless it is transient", () => {
    const signal = (name: string, transient?: true): NodeSpec => ({
      kind: "signal",
      name,
      signal: "go",
      ...(transient && { transient }),
    });
    const run = play("A -> B, B -> C", [signal("B", true), signal("C")]);
    run.model.perform({ do: "signal", name: "go", data: 1 }, 1);
    run.model.perform({ do: "signal", name: "go", data: 2 }, 2);
    expect(run.end("A").alive).toBe("B");
    run.model.perform({ do: "signal", name: "go", data: 3 }, 3);
    expect(run.model.data).toEqual({ B: 3, C: 1 });
  });

  test("a pause starts nothing new and lets ends count", () => {
    const run = play("A -> B C, B -> J, C -> J").end("A");
    run.model.perform({ do: "pause" }, 1);
    run.end("B").end("C");
    expect(run.model.find("J#1").status).toBe("pending");
    run.model.perform({ do: "resume" }, 2);
    expect(run.model.find("J#1").status).toBe("running");
  });

  test("retries wait longer each time, until the policy is used up", () => {
    const retry = { maxAttempts: 3, initialIntervalMs: 10 };
    const run = play("A -> B", [{ kind: "machine", name: "A", retry }]).fail("A");
    expect(run.model.snapshot().timers).toEqual(["retry A#1 at 11"]);
    run.model.perform({ do: "fire", at: "A#1", timer: "retry" }, 11);
    expect(run.fail("A").model.snapshot().timers).toEqual(["retry A#1 at 32"]);
    run.model.perform({ do: "fire", at: "A#1", timer: "retry" }, 32);
    expect(run.fail("A").status).toBe("failed STEP_FAILED");
  });
});
