import assert from "node:assert/strict";
import type { CaseDefinition } from "./case.ts";
import {
  answerOf,
  beatOnce,
  changeOf,
  instanceRecord,
  keep,
  messageOf,
  moment,
  taskRecord,
  timerRecord,
} from "./records.ts";

const nothing = {
  openTasks: 0,
  oldestTaskAt: undefined,
  overdueTasks: 0,
  dueTimers: 0,
  oldestDueTimerAt: undefined,
  messages: 0,
  oldestMessageAt: undefined,
  workers: 0,
};

export const measureCases: readonly CaseDefinition[] = [
  {
    name: "an empty store measures nothing",
    async run({ store }) {
      assert.deepEqual(await store.measure(moment), nothing);
      await keep(store, [changeOf("order", 0)]);
      assert.deepEqual(await store.measure(moment), nothing);
    },
  },
  {
    name: "what waits is measured: tasks, timers, messages and workers",
    async run({ store, other }) {
      await beatOnce(store, "worker-a", "worker-b");
      await keep(
        store,
        [
          changeOf("order", 0, {
            tasks: [
              taskRecord("1", { createdAt: moment - 5, dueAt: moment - 1 }),
              taskRecord("2", { createdAt: moment + 5, dueAt: moment }),
              taskRecord("3", { status: "completed", createdAt: moment - 9, dueAt: moment - 9 }),
            ],
            timers: [-3, 0, 1].map((at) => timerRecord(`t${at}`, { fireAt: moment + at })),
          }),
          changeOf("owned", 0, {
            owner: "worker-b",
            timers: [timerRecord("t", { fireAt: moment - 7 })],
          }),
        ],
        { sent: [messageOf("1", { at: moment - 2 }), messageOf("2", { at: moment - 4 })] },
      );
      const second = await other();
      const expected = {
        openTasks: 2,
        oldestTaskAt: moment - 5,
        overdueTasks: 1,
        dueTimers: 3,
        oldestDueTimerAt: moment - 7,
        messages: 2,
        oldestMessageAt: moment - 4,
        workers: 2,
      };
      assert.deepEqual(await second.measure(moment), expected);
      assert.deepEqual(await second.measure(moment - 4), {
        ...expected,
        overdueTasks: 0,
        dueTimers: 1,
      });
      await keep(store, [], { answers: [answerOf("2")] });
      await store.retire("worker-b");
      assert.deepEqual(await second.measure(moment), {
        ...expected,
        messages: 1,
        oldestMessageAt: moment - 2,
        workers: 1,
      });
    },
  },
  {
    name: "timers of paused instances are not measured, and their tasks are",
    async run({ store }) {
      const parts = { tasks: [taskRecord("1")], timers: [timerRecord("t")] };
      const instance = instanceRecord("order", { status: "paused" });
      await keep(store, [changeOf("order", 0, { ...parts, instance })]);
      const paused = { ...nothing, openTasks: 1, oldestTaskAt: moment };
      assert.deepEqual(await store.measure(moment), paused);
      await keep(store, [changeOf("order", 1, { instance: instanceRecord("order") })]);
      const resumed = { ...paused, dueTimers: 1, oldestDueTimerAt: moment };
      assert.deepEqual(await store.measure(moment), resumed);
    },
  },
];
