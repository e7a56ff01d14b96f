import * as v from "valibot";
import { describe, expectTypeOf, test } from "vitest";
import * as z from "zod";
import type { ReadonlyContext, WorkflowContext } from "../../src/definition/context.ts";
import { Edge } from "../../src/definition/edge.ts";
import type { AnyFormData } from "../../src/definition/form-data.ts";
import {
  ConditionalGroup,
  MapGroup,
  ParallelGroup,
  QuorumGroup,
  RaceGroup,
  type WorkflowNode,
} from "../../src/definition/group.ts";
import { BaseHumanStep, humanStep } from "../../src/definition/human-step.ts";
import { WorkflowRegistry } from "../../src/definition/registry.ts";
import { BaseMachineStep, machineStep, type ResultOf } from "../../src/definition/step.ts";
import { type SignalStep, TimerStep } from "../../src/definition/wait-steps.ts";
import {
  type DataOf,
  type InputOf,
  type OpenData,
  WorkflowDefinition,
} from "../../src/definition/workflow-definition.ts";

interface Order {
  id: string;
  amount: number;
  note?: string;
  customer: { name: string; address?: { city: string } };
  lines: { price: number }[];
  extra: Record<string, boolean>;
}

const work = machineStep("work", () => 5);

describe("names of steps", () => {
  const steps = { first: work, last: work };

  test("are checked in edges, initialStep and terminalSteps", () => {
    new WorkflowDefinition({
      name: "a",
      steps,
      edges: [new Edge("first", "last"), new Edge("first", "last", { on: "failure" })],
      initialStep: "first",
      terminalSteps: ["last", { step: "first", terminate: true }],
    });
    new WorkflowDefinition({
      name: "a",
      steps,
      // @ts-expect-error: no step of this name
      edges: [new Edge("fist", "last")],
      initialStep: "first",
      terminalSteps: new Set(["last"] as const),
    });
    new WorkflowDefinition({
      name: "a",
      steps,
      // @ts-expect-error: no step of this name
      edges: [new Edge("first", "lost")],
      initialStep: "first",
      terminalSteps: ["last"],
    });
    new WorkflowDefinition({
      name: "a",
      steps,
      // @ts-expect-error: no step of this name
      edges: [{ source: "first", target: "lost" }],
      initialStep: "first",
      terminalSteps: ["last"],
    });
    new WorkflowDefinition({
      name: "a",
      steps,
      edges: [{ source: "first", target: "last", condition: "amount > 1" }],
      // @ts-expect-error: no step of this name
      initialStep: "frist",
      // @ts-expect-error: no step of this name
      terminalSteps: ["lats"],
    });
    new WorkflowDefinition({
      name: "a",
      steps,
      initialStep: "first",
      // @ts-expect-error: no step of this name
      terminalSteps: [{ step: "lats", terminate: true }],
    });
  });

  test("edges made beforehand keep their names", () => {
    const edges = [new Edge("first", "last")];
    new WorkflowDefinition({
      name: "a",
      steps,
      edges,
      initialStep: "first",
      terminalSteps: ["last"],
    });
    const wrong = [new Edge("first", "lost")];
    const options = { name: "a", steps, initialStep: "first", terminalSteps: ["last"] } as const;
    // @ts-expect-error: no step of this name
    new WorkflowDefinition({ ...options, edges: wrong });
  });

  test("are free in a definition that is read as data", () => {
    const read: {
      steps: Record<string, WorkflowNode>;
      edges: { source: string; target: string; condition: string }[];
    } = {
      steps: { a: work },
      edges: [{ source: "a", target: "a", condition: "amount > 5" }],
    };
    const name: string = "a";
    const definition = new WorkflowDefinition({
      name,
      steps: read.steps,
      edges: read.edges.map(
        ({ source, target, condition }) => new Edge(source, target, { condition }),
      ),
      initialStep: name,
      terminalSteps: [name],
    });
    new WorkflowDefinition({ name, ...read, initialStep: name, terminalSteps: [name] });
    new WorkflowRegistry().registerDefinition(definition);
  });

  test("are known of the definition", () => {
    const definition = new WorkflowDefinition({
      name: "a",
      steps,
      initialStep: "first",
      terminalSteps: [],
    });
    expectTypeOf(definition.initialStep).toEqualTypeOf<"first" | "last">();
    expectTypeOf(definition.steps.first).toEqualTypeOf(work);
  });
});

describe("a context with a data type", () => {
  const context = {} as WorkflowContext<Order>;

  test("gives the type of what a path leads to", () => {
    expectTypeOf(context.get("amount")).toEqualTypeOf<number>();
    expectTypeOf(context.get("note")).toEqualTypeOf<string | undefined>();
    expectTypeOf(context.get("customer.name")).toEqualTypeOf<string>();
    expectTypeOf(context.get("customer.address.city")).toEqualTypeOf<string | undefined>();
    expectTypeOf(context.get("lines")).toEqualTypeOf<{ price: number }[]>();
    expectTypeOf(context.get("extra.anything")).toEqualTypeOf<boolean | undefined>();
    // @ts-expect-error: no such key
    context.get("amuont");
    // @ts-expect-error: no such path
    context.get("customer.nam");
  });

  test("takes a default in place of what may be missing", () => {
    expectTypeOf(context.get("note", "none")).toEqualTypeOf<string>();
    expectTypeOf(context.get("note", 0)).toEqualTypeOf<string | number>();
    expectTypeOf(context.get("customer.address.city", null)).toEqualTypeOf<string | null>();
  });

  test("takes values of the right type", () => {
    context.set("amount", 5);
    context.set("customer", { name: "Ada" });
    // @ts-expect-error: a number is wanted
    context.set("amount", "5");
    // @ts-expect-error: no such key
    context.set("amuont", 5);
    // @ts-expect-error: nothing is missing
    context.set("amount", undefined);
  });
});

describe("a context without a data type", () => {
  test("gives unknown and takes anything", () => {
    const context = {} as WorkflowContext;
    expectTypeOf(context.get("anything.at.all")).toEqualTypeOf<unknown>();
    expectTypeOf(context.get("anything", 5)).toEqualTypeOf<unknown>();
    context.set("anything", { a: 1 });
    expectTypeOf<ReadonlyContext>(context);
  });
});

describe("results", () => {
  const form = z.object({ approved: z.boolean(), note: z.string().default("") });

  test("of machine steps are what execute returns", () => {
    expectTypeOf<ResultOf<typeof work>>().toEqualTypeOf<number>();
    class Charge extends BaseMachineStep<Order, { receipt: string }> {
      async execute(context: WorkflowContext<Order>) {
        return { receipt: context.get("id") };
      }
    }
    expectTypeOf<ResultOf<Charge>>().toEqualTypeOf<{ receipt: string }>();
    class Plain extends BaseMachineStep {
      async execute() {
        return { receipt: 5 };
      }
    }
    expectTypeOf<ResultOf<Plain>>().toEqualTypeOf<{ receipt: number }>();
    class Nothing extends BaseMachineStep {
      execute() {}
    }
    expectTypeOf<ResultOf<Nothing>>().toEqualTypeOf<void>();
  });

  test("of human steps are what their form says", () => {
    const byZod = humanStep("a", { formSchema: form });
    expectTypeOf<ResultOf<typeof byZod>>().toEqualTypeOf<{ approved: boolean; note: string }>();
    const byValibot = humanStep("a", { formSchema: v.object({ approved: v.boolean() }) });
    expectTypeOf<ResultOf<typeof byValibot>>().toEqualTypeOf<{ approved: boolean }>();
    class Explicit extends BaseHumanStep<Order, typeof form> {
      override formSchema = form;
    }
    expectTypeOf<ResultOf<Explicit>>().toEqualTypeOf<{ approved: boolean; note: string }>();
    class Inferred extends BaseHumanStep {
      override formSchema = form;
    }
    expectTypeOf<ResultOf<Inferred>>().toEqualTypeOf<{ approved: boolean; note: string }>();
    class WithoutForm extends BaseHumanStep {}
    expectTypeOf<ResultOf<WithoutForm>>().toEqualTypeOf<AnyFormData>();
  });

  test("of human steps follow a JSON Schema that is written as a constant", () => {
    class Approval extends BaseHumanStep {
      override formSchema = {
        type: "object",
        properties: {
          approved: { type: "boolean", title: "Approved?" },
          risk: { type: "string", enum: ["low", "high"] },
          lines: {
            type: "array",
            items: { type: "object", properties: { price: { type: "number" } } },
          },
        },
        required: ["approved"],
      } as const;
    }
    expectTypeOf<ResultOf<Approval>["approved"]>().toEqualTypeOf<boolean>();
    expectTypeOf<ResultOf<Approval>["risk"]>().toEqualTypeOf<"low" | "high" | undefined>();
    expectTypeOf<NonNullable<ResultOf<Approval>["lines"]>[number]["price"]>().toEqualTypeOf<
      number | undefined
    >();
    const vote = humanStep("vote", {
      formSchema: {
        type: "object",
        properties: { approved: { type: "boolean" } },
        required: ["approved"],
      },
    });
    expectTypeOf<ResultOf<typeof vote>["approved"]>().toEqualTypeOf<boolean>();
    const loose: Record<string, unknown> = { type: "object" };
    const any = humanStep("vote", { formSchema: loose });
    expectTypeOf<ResultOf<typeof any>>().toEqualTypeOf<AnyFormData>();
  });

  test("of signals are unknown unless told", () => {
    expectTypeOf<ResultOf<SignalStep>>().toEqualTypeOf<unknown>();
    expectTypeOf<ResultOf<SignalStep<Order, { paid: boolean }>>>().toEqualTypeOf<{
      paid: boolean;
    }>();
    expectTypeOf<ResultOf<RaceGroup>>().toEqualTypeOf<unknown>();
  });
});

describe("groups", () => {
  const form = z.object({ approved: z.boolean() });
  const vote = (name: string) => humanStep(name, { formSchema: form });

  test("a quorum's predicates see the results of its members", () => {
    new QuorumGroup([vote("a"), vote("b")], { required: 1, counts: (result) => result.approved });
    new QuorumGroup([vote("a"), vote("b")], { required: 1, veto: (result) => !result.approved });
    new QuorumGroup([vote("a"), machineStep("b", () => 5)], {
      required: 1,
      counts: (result) => typeof result === "number" || result.approved,
    });
    new QuorumGroup([vote("a")], { required: 1, counts: "result.approved" });
    new QuorumGroup([vote("a")], {
      required: 1,
      // @ts-expect-error: the form has no such field
      counts: (result) => result.aproved,
    });
    const untyped = humanStep("a", { formSchema: {} as Record<string, unknown> });
    new QuorumGroup([untyped, humanStep("b")], { required: 1, counts: (vote) => vote.approved });
    // @ts-expect-error: how many is not said
    new QuorumGroup([vote("a")], {});
  });

  test("a conditional group names its branches", () => {
    new ConditionalGroup({ small: work, large: work }, (context) =>
      context.get("amount") === 5 ? "small" : "large",
    );
    new ConditionalGroup({ small: work, large: work }, () => undefined);
    // @ts-expect-error: no branch of this name
    new ConditionalGroup({ small: work, large: work }, () => "huge");
  });

  test("hold groups, and steps of any kind and data", () => {
    new ParallelGroup(
      [
        new RaceGroup([vote("a"), new TimerStep({ durationMs: 5, name: "b" })], { name: "c" }),
        new MapGroup(
          machineStep<Order>("d", (context) => context.item),
          { items: "lines", name: "e" },
        ),
        machineStep<Order, void>("f", (context) => context.set("amount", 5)),
      ],
      { callback: work, failure: "collect", maxConcurrent: 5 },
    );
  });
});

describe("the data of a definition", () => {
  const typed = machineStep<Order>("typed", (context) => context.get("amount"));
  const steps = { typed, untyped: work };

  test("is open unless told", () => {
    const definition = new WorkflowDefinition({
      name: "a",
      steps,
      edges: [
        new Edge("typed", "untyped", { condition: (context) => context.get("amount") === 5 }),
      ],
      initialStep: "typed",
      terminalSteps: ["untyped"],
      reducers: {
        log: "append",
        total: (old: number | undefined, more: number) => (old ?? 0) + more,
      },
    });
    expectTypeOf<DataOf<typeof definition>>().toEqualTypeOf<OpenData>();
  });

  test("follows the input schema, in conditions too", () => {
    const definition = new WorkflowDefinition({
      name: "a",
      inputSchema: z.object({ amount: z.number(), note: z.string().default("") }),
      steps,
      edges: [
        { source: "typed", target: "untyped", condition: (context) => context.get("amount") > 5 },
        new Edge("typed", "untyped", {
          on: "failure",
          condition: (context) => context.get("note") === "",
        }),
        new Edge("untyped", "typed", { condition: "amount > 5" }),
        new Edge("untyped", "typed", {
          on: "failure",
          condition: (context: ReadonlyContext) => context.get("note") === "",
        }),
        new Edge("untyped", "untyped", {
          condition: (context: ReadonlyContext<{ amount: number; note: string }>) =>
            context.get("amount") > 5,
        }),
        // @ts-expect-error: the schema has no such key
        { source: "typed", target: "untyped", condition: (context) => context.get("amuont") > 5 },
      ],
      initialStep: "typed",
      terminalSteps: ["untyped"],
    });
    expectTypeOf<DataOf<typeof definition>>().toEqualTypeOf<{ amount: number; note: string }>();
    expectTypeOf<InputOf<typeof definition>>().toEqualTypeOf<{
      amount: number;
      note?: string | undefined;
    }>();
    new WorkflowRegistry().registerDefinition(definition);
  });

  test("follows a JSON Schema no further than that it is open", () => {
    const definition = new WorkflowDefinition({
      name: "a",
      inputSchema: { type: "object" },
      steps,
      initialStep: "typed",
      terminalSteps: ["untyped"],
    });
    expectTypeOf<DataOf<typeof definition>>().toEqualTypeOf<OpenData>();
  });
});
