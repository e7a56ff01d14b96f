import assert from "node:assert/strict";
import type { Store, TimerQuery } from "../../store/store.ts";
import type { CaseDefinition } from "./case.ts";
import {
  changeOf,
  instanceRecord,
  keep,
  messageOf,
  moment,
  taskRecord,
  timerRecord,
} from "./records.ts";

/** `instanceId/timerId` of the timers that a query finds, in their order. */
async function listed(store: Store, query: Partial<TimerQuery> = {}): Promise<string[]> {
  const timers = await store.listTimers({ workerId: "worker-a", limit: 1_000, ...query });
  return timers.map(({ instanceId, timer }) => `${instanceId}/${timer.id}`);
}

export const timerCases: readonly CaseDefinition[] = [
  {
    name: "timers are listed by when they fire, up to the limit",
    async run({ store }) {
      const fireAts = [5, 3, 10, 1, 2 ** 40, -7, 4];
      const changes = fireAts.map((fireAt) =>
        changeOf(`at${fireAt}`, 0, { timers: [timerRecord("t", { fireAt })] }),
      );
      await keep(store, changes);
      const all = [-7, 1, 3, 4, 5, 10, 2 ** 40].map((fireAt) => `at${fireAt}/t`);
      assert.deepEqual(await listed(store), all);
      for (const limit of [1, 3, 7, 8]) {
        assert.deepEqual(await listed(store, { limit }), all.slice(0, limit));
      }
    },
  },
  {
    name: "only timers that fire before a moment are listed when it is given",
    async run({ store }) {
      await keep(store, [
        changeOf("order", 0, {
          timers: [-1, 0, 1].map((offset) =>
            timerRecord(`t${offset}`, { fireAt: moment + offset }),
          ),
        }),
      ]);
      assert.deepEqual(await listed(store, { before: moment }), ["order/t-1"]);
      assert.deepEqual(await listed(store, { before: moment + 1 }), ["order/t-1", "order/t0"]);
      assert.deepEqual(await listed(store, { before: moment - 1 }), []);
      assert.deepEqual(await listed(store, { before: moment + 9, limit: 1 }), ["order/t-1"]);
    },
  },
  {
    name: "a timer that was cleared is gone, and clearing one that is not there does no harm",
    async run({ store }) {
      const timers = ["a", "b", "c"].map((id, index) => timerRecord(id, { fireAt: index }));
      await keep(store, [changeOf("order", 0, { timers, clearedTimers: ["x"] })]);
      await keep(store, [changeOf("order", 1, { clearedTimers: ["b", "y"] })]);
      assert.deepEqual(await listed(store), ["order/a", "order/c"]);
      await keep(store, [
        changeOf("order", 2, { clearedTimers: ["a", "c"], timers: [timerRecord("d")] }),
      ]);
      assert.deepEqual(await listed(store), ["order/d"]);
      await keep(store, [
        changeOf("order", 3, { timers: [timerRecord("a")], clearedTimers: ["d"] }),
      ]);
      assert.deepEqual(await listed(store), ["order/a"]);
    },
  },
  {
    name: "a timer that is set again moves",
    async run({ store }) {
      const timers = ["a", "b"].map((id, index) => timerRecord(id, { fireAt: index }));
      await keep(store, [changeOf("order", 0, { timers })]);
      const moved = timerRecord("a", { fireAt: 5, kind: "retry", executionId: 3 });
      await keep(store, [changeOf("order", 1, { timers: [moved] })]);
      assert.deepEqual(await store.listTimers({ workerId: "worker-a", limit: 10 }), [
        { instanceId: "order", timer: timers[1] },
        { instanceId: "order", timer: moved },
      ]);
    },
  },
  {
    name: "timers of paused instances are left out until they go on",
    async run({ store }) {
      const timers = [timerRecord("t")];
      const paused = instanceRecord("order", { status: "paused" });
      await keep(store, [
        changeOf("order", 0, { timers }),
        changeOf("other", 0, { timers, instance: instanceRecord("other", { status: "paused" }) }),
      ]);
      assert.deepEqual(await listed(store), ["order/t"]);
      await keep(store, [changeOf("order", 1, { instance: paused })]);
      assert.deepEqual(await listed(store), []);
      await keep(store, [changeOf("order", 2, { timers: [timerRecord("u", { fireAt: 1 })] })]);
      assert.deepEqual(await listed(store), []);
      await keep(store, [changeOf("order", 3, { instance: instanceRecord("order") })]);
      assert.deepEqual(await listed(store), ["order/u", "order/t"]);
    },
  },
  {
    name: "timers of instances that another worker owns are left out",
    async run({ store }) {
      const timers = [timerRecord("t")];
      await keep(store, [
        changeOf("mine", 0, { timers, owner: "worker-a" }),
        changeOf("theirs", 0, { timers, owner: "worker-b" }),
        changeOf("free", 0, { timers: [timerRecord("t", { fireAt: moment + 1 })] }),
      ]);
      assert.deepEqual(await listed(store), ["mine/t", "free/t"]);
      assert.deepEqual(await listed(store, { workerId: "worker-b" }), ["theirs/t", "free/t"]);
      assert.deepEqual(await listed(store, { workerId: "worker-c" }), ["free/t"]);
      await keep(store, [changeOf("theirs", 1), changeOf("mine", 1, { owner: "worker-b" })]);
      assert.deepEqual(await listed(store), ["theirs/t", "free/t"]);
    },
  },
  {
    name: "timers that are left out do not count for the limit",
    async run({ store }) {
      const at = (fireAt: number) => [timerRecord("t", { fireAt })];
      await keep(store, [
        changeOf("paused", 0, {
          timers: at(1),
          instance: instanceRecord("paused", { status: "paused" }),
        }),
        changeOf("theirs", 0, { timers: at(2), owner: "worker-b" }),
        changeOf("a", 0, { timers: at(3) }),
        changeOf("b", 0, { timers: at(4) }),
        changeOf("c", 0, { timers: at(4) }),
      ]);
      assert.deepEqual(await listed(store, { limit: 1 }), ["a/t"]);
      assert.deepEqual((await listed(store, { limit: 3 })).sort(), ["a/t", "b/t", "c/t"]);
      assert.equal((await listed(store, { limit: 2 })).length, 2);
    },
  },
  {
    name: "S4: what is long past or far away by the clock of the machine is listed alike",
    async run({ store }) {
      const moments = [0, Date.UTC(1999, 11, 31), Date.UTC(2200, 0, 1), 8.64e15];
      for (const [index, at] of moments.entries()) {
        await keep(store, [
          changeOf(`order-${index}`, 0, {
            at,
            timers: [timerRecord("t", { fireAt: at })],
            tasks: [taskRecord("1.1", { createdAt: at })],
            sent: [messageOf(`message-${index}`, { at })],
          }),
        ]);
      }
      const ids = ["order-0", "order-1", "order-2", "order-3"];
      assert.deepEqual(
        await listed(store),
        ids.map((id) => `${id}/t`),
      );
      assert.deepEqual(await listed(store, { before: Date.UTC(2200, 0, 1) + 1 }), [
        "order-0/t",
        "order-1/t",
        "order-2/t",
      ]);
      const tasks = await store.listTasks({ limit: 10 });
      assert.deepEqual(
        tasks.map(({ instanceId }) => instanceId),
        ids,
      );
      const { messages } = await store.receive("worker-b");
      assert.deepEqual(
        messages.map(({ at }) => at),
        moments,
      );
    },
  },
  {
    name: "timers go with an instance that is claimed",
    async run({ store }) {
      await store.beat({ id: "worker-a", beat: 1 });
      await keep(store, [changeOf("order", 0, { timers: [timerRecord("t")], owner: "gone" })]);
      assert.deepEqual(await listed(store), []);
      await store.claim({ workerId: "worker-a", gone: [], limit: 10 });
      assert.deepEqual(await listed(store), ["order/t"]);
      assert.deepEqual(await listed(store, { workerId: "worker-b" }), []);
    },
  },
];
