import { humanStep, LocalExecutionEngine, machineStep, WorkflowRegistry } from "tandem-workflows";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type Application,
  postgresApplication,
  sqliteApplication,
} from "../support/application.ts";
import { flow } from "../support/workshop.ts";

const databases = [
  { name: "SQLite", open: sqliteApplication, count: 1000 },
  { name: "Postgres", open: postgresApplication, count: 1000 },
];

const gone = new Set(["TASK_GONE", "INSTANCE_ENDED", "UNKNOWN_TASK"]);

describe.each(databases)("many at once on $name", ({ open, count }) => {
  let application: Application;
  let engine: LocalExecutionEngine;
  const ran: string[] = [];

  beforeEach(async () => {
    application = await open();
    const registry = new WorkflowRegistry();
    registry.registerDefinition(
      flow(
        {
          ask: humanStep("ask"),
          ship: machineStep("ship", ({ instanceId }) => void ran.push(instanceId)),
        },
        ["ask -> ship"],
      ),
    );
    engine = new LocalExecutionEngine(registry, { store: application.store() });
  });

  afterEach(async () => {
    await engine.close();
    await application.close();
  });

  test("of a decision in a transaction and one outside of it, exactly one wins", async () => {
    const ids = Array.from({ length: count }, (_, index) => `order-${index}`);
    await Promise.all(ids.map((instanceId) => engine.startWorkflow("test", { instanceId })));

    async function inside(instanceId: string): Promise<string> {
      const transaction = await application.begin();
      try {
        await transaction.addOrder(instanceId);
        await engine
          .inTransaction(transaction.handle)
          .completeHumanTask({ instanceId, stepName: "ask", data: { by: "inside" } });
        await transaction.commit();
        return "inside";
      } catch (error) {
        await transaction.rollback();
        const { code } = error as { code: string };
        if (!gone.has(code)) throw error;
        return "";
      }
    }
    async function outside(instanceId: string): Promise<string> {
      try {
        await engine.completeHumanTask({ instanceId, stepName: "ask", data: { by: "outside" } });
        return "outside";
      } catch (error) {
        const { code } = error as { code: string };
        if (!gone.has(code)) throw error;
        return "";
      }
    }

    const winners = new Map<string, string>();
    const queue = ids.entries();
    const lane = async () => {
      for (const [index, id] of queue) {
        const calls = index % 2 === 0 ? [inside(id), outside(id)] : [outside(id), inside(id)];
        const outcome = (await Promise.all(calls)).filter((winner) => winner !== "");
        expect(outcome).toHaveLength(1);
        winners.set(id, outcome[0] ?? "");
      }
    };
    await Promise.all(Array.from({ length: 16 }, lane));

    for (const id of ids) {
      const { status, data } = await engine.waitFor(id);
      expect([id, status, data]).toEqual([id, "completed", { ask: { by: winners.get(id) } }]);
    }
    expect(ran.toSorted()).toEqual(ids.toSorted());
    const kept = ids.filter((id) => winners.get(id) === "inside");
    expect(await application.orders()).toEqual(kept.toSorted());
    expect(new Set(winners.values())).toEqual(new Set(["inside", "outside"]));
  }, 120_000);
});
