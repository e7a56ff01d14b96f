import { humanStep, TimerStep } from "tandem-workflows";
import { expect, test } from "vitest";
import { flow, Workshop } from "../support/workshop.ts";

test("statistics count instances with their ages, what waits in the store, and the load", async () => {
  const shop = new Workshop();
  const started = shop.clock.now();
  await shop.start(flow({ check: humanStep("check") }, [], { name: "review" }));
  await shop.advance(1000);
  await shop.start("review");
  await shop.start(flow({ wait: new TimerStep({ durationMs: 60_000 }) }, [], { name: "timer" }));
  await shop.start(flow(shop.steps("work"), [], { name: "work" }));
  await shop.advance(500);
  const { worker, ...statistics } = await shop.engine.statistics();
  const facts = { version: "1.0.0", status: "waiting" };
  expect(statistics).toEqual({
    at: started + 1500,
    instances: [
      { ...facts, workflow: "review", count: 2, oldestStartedAt: started, oldestAgeMs: 1500 },
      { ...facts, workflow: "timer", count: 1, oldestStartedAt: started + 1000, oldestAgeMs: 500 },
      {
        ...{ ...facts, workflow: "work", status: "running", count: 1 },
        ...{ oldestStartedAt: started + 1000, oldestAgeMs: 500 },
      },
    ],
    store: {
      ...{ openTasks: 2, oldestTaskAt: started, overdueTasks: 0 },
      ...{ dueTimers: 0, oldestDueTimerAt: undefined },
      ...{ messages: 0, oldestMessageAt: undefined, workers: 1 },
    },
  });
  expect(worker).toMatchObject({ queuedCommands: 0, runningSteps: 1, instances: 4 });
});
