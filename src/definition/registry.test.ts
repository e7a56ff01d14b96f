import { describe, expect, test } from "vitest";
import { optionsOf, work } from "../../test/support/definition-problems.ts";
import { Edge } from "./edge.ts";
import { WorkflowRegistry } from "./registry.ts";
import { WorkflowDefinition } from "./workflow-definition.ts";

function definition(name: string, version?: string) {
  return new WorkflowDefinition({
    name,
    ...(version !== undefined && { version }),
    steps: { only: work("only") },
    initialStep: "only",
    terminalSteps: ["only"],
  });
}

function registryOf(...versions: string[]) {
  const registry = new WorkflowRegistry();
  for (const version of versions) registry.registerDefinition(definition("order", version));
  return registry;
}

const latestOf = (...versions: string[]) => registryOf(...versions).getDefinition("order").version;

describe("WorkflowRegistry", () => {
  test("gives what was registered, by name and version", () => {
    const registry = new WorkflowRegistry();
    const first = definition("order", "1.0.0");
    const second = definition("order", "1.1.0");
    registry.registerDefinition(second);
    registry.registerDefinition(first);
    expect(registry.getDefinition("order", "1.0.0")).toBe(first);
    expect(registry.getDefinition("order")).toBe(second);
    expect(registry.getDefinition("order", "1.1.0").steps.only).toBe(second.steps.only);
  });

  test.each([
    ["10.0.0 over 9.0.0", ["9.0.0", "10.0.0", "1.20.3"], "10.0.0"],
    ["a stable version over a later prerelease", ["1.0.0", "2.0.0-beta.1"], "1.0.0"],
    [
      "the latest prerelease where nothing else is",
      ["2.0.0-beta.2", "2.0.0-beta.10"],
      "2.0.0-beta.10",
    ],
    ["a stable version over its own prerelease", ["2.0.0-rc.1", "2.0.0"], "2.0.0"],
    ["the later build of one version", ["1.0.0+build.2", "1.0.0+build.11"], "1.0.0+build.11"],
  ])("takes as the latest %s", (_, versions, expected) => {
    expect(latestOf(...versions)).toBe(expected);
    expect(latestOf(...versions.toReversed())).toBe(expected);
  });

  test("takes version 1.0.0 where none is told", () => {
    expect(definition("order").version).toBe("1.0.0");
  });

  test("accepts the same definition again, and no other of its name and version", () => {
    const registry = new WorkflowRegistry();
    const order = definition("order", "1.0.0");
    registry.registerDefinition(order);
    registry.registerDefinition(order);
    expect(registry.listDefinitions()).toEqual([order]);
    expect(() => registry.registerDefinition(definition("order", "1.0.0"))).toThrow(
      expect.objectContaining({
        code: "DUPLICATE_WORKFLOW",
        message:
          '"order" version 1.0.0 is registered already; give the changed definition a new version.',
      }),
    );
  });

  test("names what is registered when asked for something else", () => {
    const registry = registryOf("1.0.0", "10.0.0", "9.0.0");
    expect(() => registry.getDefinition("ordr")).toThrow(
      expect.objectContaining({
        code: "UNKNOWN_WORKFLOW",
        message:
          'No workflow "ordr" is registered (did you mean "order"?); ' +
          "call registerDefinition with it first.",
      }),
    );
    expect(() => registry.getDefinition("order", "2.0.0")).toThrow(
      'Workflow "order" has no version "2.0.0" (registered: 1.0.0, 9.0.0, 10.0.0)',
    );
    expect(() => new WorkflowRegistry().getDefinition("order")).toThrow("(there is none)");
    for (const name of ["constructor", "__proto__", undefined]) {
      expect(() => registry.getDefinition(name as string)).toThrow(/^No workflow .* is registered/);
    }
  });

  test("lists definitions by name and then by version", () => {
    const registry = new WorkflowRegistry();
    for (const [name, version] of [
      ["b", "10.0.0"],
      ["b", "9.0.0"],
      ["a", "1.0.0"],
    ] as const) {
      registry.registerDefinition(definition(name, version));
    }
    const listed = registry.listDefinitions().map(({ name, version }) => `${name} ${version}`);
    expect(listed).toEqual(["a 1.0.0", "b 9.0.0", "b 10.0.0"]);
  });

  test("checks what was not built as a WorkflowDefinition", () => {
    const registry = new WorkflowRegistry();
    const plain = { version: "1.0.0", reducers: {}, ...optionsOf({ only: work("only") }) };
    for (const wrong of [null, undefined, "order", WorkflowDefinition, { ...plain, name: "a b" }]) {
      expect(() => registry.registerDefinition(wrong as never)).toThrow(
        expect.objectContaining({ code: "INVALID_DEFINITION" }),
      );
    }
    const copy = { ...definition("order"), edges: [new Edge("only", "only")] };
    registry.registerDefinition(copy as never);
    expect(registry.getDefinition("order")).toBe(copy);
  });
});

describe("WorkflowDefinition", () => {
  test("keeps what it was built from, whatever happens to it afterwards", () => {
    const options = optionsOf({ only: work("only") }) as Record<string, object>;
    const built = new WorkflowDefinition(options as never);
    Object.assign(options.steps as object, { more: work("more") });
    (options.edges as Edge[]).push(new Edge("only", "more"));
    expect([Object.keys(built.steps), built.edges, built.terminalSteps]).toEqual([
      ["only"],
      [],
      [{ step: "only", terminate: false }],
    ]);
    expect([built, built.steps, built.edges, built.terminalSteps].every(Object.isFrozen)).toBe(
      true,
    );
  });
});
