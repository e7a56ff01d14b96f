import {
  type AnyDefinition,
  Edge,
  ExclusiveGateway,
  machineStep,
  WorkflowDefinition,
} from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { Workshop } from "../support/workshop.ts";

describe("a loop in which nothing waits and no code runs", () => {
  test("fails the instance instead of going round for ever", async () => {
    const definition: AnyDefinition = new WorkflowDefinition({
      name: "round",
      steps: {
        again: new ExclusiveGateway(),
        and_again: new ExclusiveGateway(),
        out: machineStep("out", () => {}),
      },
      edges: [
        new Edge("again", "and_again"),
        new Edge("and_again", "out", { condition: () => false }),
        new Edge("and_again", "again", { otherwise: true }),
      ],
      initialStep: "again",
      terminalSteps: ["out"],
    });
    const shop = new Workshop();
    await shop.start(definition);
    expect(await shop.error()).toMatchObject({
      code: "ENDLESS_LOOP",
      message: expect.stringContaining("of a loop in which nothing waits and no code runs"),
    });
  });
});
