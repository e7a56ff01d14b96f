import { DatabaseSync } from "node:sqlite";
import { humanStep, LocalExecutionEngine, WorkflowRegistry } from "tandem-workflows";
import { SqliteStore } from "tandem-workflows/sqlite";
import { expect, test } from "vitest";
import { flow } from "../support/workshop.ts";

test("who watches hears of what a transaction of the application has changed", async () => {
  const database = new DatabaseSync(":memory:");
  const store = new SqliteStore(database);
  const engine = new LocalExecutionEngine(new WorkflowRegistry(), { store });
  const heard: string[] = [];
  engine.watch({ workflow: "review" }, (event) => {
    heard.push(event.type === "task" ? event.change : event.status);
  });
  const review = flow({ check: humanStep("check") }, [], { name: "review" });
  database.exec("BEGIN IMMEDIATE");
  await engine.inTransaction(database).submitWorkflow(review, { businessKey: "order-17" });
  expect(heard).toEqual([]);
  database.exec("COMMIT");
  while (heard.length < 2) await new Promise((resolve) => setImmediate(resolve));
  expect(heard).toEqual(["waiting", "opened"]);
  const [summary] = (await engine.instances.list({ businessKey: "order-17" })).items;
  expect(summary?.status).toBe("waiting");
  await engine.close();
});
