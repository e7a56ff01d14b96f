import assert from "node:assert/strict";
import type { InstanceRecord } from "../../machine/index.ts";
import type { RetentionQuery, Store } from "../../store/store.ts";
import type { CaseDefinition } from "./case.ts";
import {
  actRecord,
  changeOf,
  executionRecord,
  instanceRecord,
  isKept,
  keep,
  loadAll,
  loadOne,
  moment,
  signalRecord,
  taskRecord,
  timerRecord,
  tryCommit,
} from "./records.ts";

function ended(id: string, parts: Partial<InstanceRecord> = {}): InstanceRecord {
  return instanceRecord(id, { status: "completed", endedAt: moment, ...parts });
}

async function keepAll(store: Store, instances: readonly InstanceRecord[]): Promise<void> {
  await keep(
    store,
    instances.map((instance) => changeOf(instance.id, 0, { instance })),
  );
}

async function remove(store: Store, query: Partial<RetentionQuery> = {}): Promise<string[]> {
  return [...(await store.removeEnded({ endedBefore: moment + 100, limit: 1_000, ...query }))];
}

/** Something of everything. */
function fullParts(instance: InstanceRecord, mark: string) {
  return {
    instance,
    executions: [executionRecord(1, { path: mark }), executionRecord(2, { path: mark })],
    tasks: [
      taskRecord("1.1", { title: mark, candidateGroups: ["sales"], dueAt: moment }),
      taskRecord("2.1", { title: mark, status: "completed", endedAt: moment, endedBy: "ada" }),
    ],
    timers: [timerRecord("t")],
    signals: [signalRecord("s", { name: mark })],
    acts: [actRecord({ path: mark, taskId: "1.1" })],
  };
}

export const retentionCases: readonly CaseDefinition[] = [
  {
    name: "instances that ended before a moment are removed, and others stay",
    async run({ store, other }) {
      const second = await other();
      await keepAll(store, [
        ended("a", { endedAt: moment - 1 }),
        ended("b", { endedAt: moment, status: "failed" }),
        ended("c", { endedAt: moment + 1, status: "canceled" }),
        instanceRecord("d", { startedAt: moment - 100 }),
      ]);
      assert.deepEqual(await remove(second, { endedBefore: moment - 1 }), []);
      assert.deepEqual(await remove(second, { endedBefore: moment + 1 }), ["a", "b"]);
      assert.deepEqual(await store.versions(["a", "b", "c", "d"]), [0, 0, 1, 1]);
      assert.deepEqual(await remove(store, { endedBefore: moment + 1 }), []);
    },
  },
  {
    name: "instances that ended first are removed first, and no more than the limit",
    async run({ store }) {
      const offsets = [5, 2, 9, 0, 7, 4];
      await keepAll(
        store,
        offsets.map((offset) => ended(`at-${offset}`, { endedAt: moment + offset })),
      );
      assert.deepEqual(await remove(store, { limit: 2 }), ["at-0", "at-2"]);
      assert.deepEqual(await remove(store, { limit: 3 }), ["at-4", "at-5", "at-7"]);
      assert.equal(await isKept(store, "at-9"), true);
      assert.deepEqual(await remove(store, { limit: 3 }), ["at-9"]);
      assert.deepEqual(await remove(store, { limit: 3 }), []);
    },
  },
  {
    name: "instances are removed by workflow, status and tenant",
    async run({ store }) {
      await keepAll(store, [
        ended("a", { workflow: "contracts" }),
        ended("b", { tenant: "acme", endedAt: moment + 1 }),
        ended("c", { status: "failed", endedAt: moment + 2 }),
        ended("d", { status: "canceled", tenant: "acme", endedAt: moment + 3 }),
        ended("e", { endedAt: moment + 4 }),
      ]);
      assert.deepEqual(await remove(store, { tenant: "ACME" }), []);
      assert.deepEqual(await remove(store, { statuses: [] }), []);
      assert.deepEqual(await remove(store, { workflow: "contracts" }), ["a"]);
      assert.deepEqual(await remove(store, { statuses: ["failed", "canceled"], limit: 1 }), ["c"]);
      assert.deepEqual(await remove(store, { tenant: "acme", statuses: ["completed"] }), ["b"]);
      const nothing = { tenant: undefined, statuses: undefined, workflow: undefined };
      assert.deepEqual(await remove(store, { ...nothing, limit: 1 }), ["d"]);
      assert.deepEqual(await remove(store, { workflow: "orders" }), ["e"]);
    },
  },
  {
    name: "children of an instance that has not ended stay, and do not count for the limit",
    async run({ store }) {
      const child = (id: string, parentId: string, endedAt: number) =>
        ended(id, { endedAt, parent: { instanceId: parentId, executionId: 1 } });
      await keepAll(store, [
        instanceRecord("goes-on"),
        child("awaited-1", "goes-on", moment),
        child("awaited-2", "goes-on", moment + 1),
        ended("over", { endedAt: moment + 9 }),
        child("of-over", "over", moment + 2),
        child("of-nobody", "missing", moment + 3),
      ]);
      assert.deepEqual(await remove(store, { limit: 2 }), ["of-over", "of-nobody"]);
      assert.deepEqual(await remove(store), ["over"]);
      await keep(store, [changeOf("goes-on", 1, { instance: ended("goes-on") })]);
      assert.deepEqual((await remove(store)).sort(), ["awaited-1", "awaited-2", "goes-on"]);
    },
  },
  {
    name: "an instance that goes on after it had ended is not removed",
    async run({ store }) {
      await keepAll(store, [ended("order", { status: "failed" })]);
      await keep(store, [changeOf("order", 1, { instance: instanceRecord("order") })]);
      assert.deepEqual(await remove(store), []);
      assert.equal((await loadOne(store, "order")).version, 2);
    },
  },
  {
    name: "nothing is left of an instance that was removed, and its id and key are free",
    async run({ store, other }) {
      const second = await other();
      const facts = { idempotencyKey: "key", businessKey: "ORD-1", tags: ["a", "b"] };
      const parts = fullParts(ended("order", facts), "before");
      await keep(store, [
        changeOf("order", 0, parts),
        changeOf("beside", 0, fullParts(instanceRecord("beside", { tags: ["a"] }), "stays")),
      ]);
      assert.deepEqual(await remove(second), ["order"]);
      assert.equal(await isKept(store, "order"), false);
      assert.equal(await store.findByIdempotencyKey("key"), undefined);
      for (const status of ["open", "completed"] as const) {
        const tasks = await store.listTasks({ status, limit: 10 });
        assert.deepEqual(
          tasks.map(({ instanceId }) => instanceId),
          ["beside"],
        );
      }
      const mine = { audience: ["group:sales"] };
      assert.equal(await store.countTasks(mine, 10), 1);
      assert.equal((await store.listTasks({ ...mine, order: "due", limit: 10 })).length, 1);
      assert.equal((await store.listTimers({ workerId: "worker-a", limit: 10 })).length, 1);
      assert.deepEqual(await store.listActs({ instanceId: "order", limit: 10 }), []);
      const tagged = await store.listInstances({ tags: ["a"], newestFirst: false, limit: 10 });
      assert.deepEqual(
        tagged.map(({ id }) => id),
        ["beside"],
      );
      assert.deepEqual(await store.countInstances({ tags: ["b"] }), []);
      assert.equal((await store.measure(moment)).openTasks, 1);
      const again = instanceRecord("order", { idempotencyKey: "key" });
      await keep(store, [changeOf("order", 0, { instance: again })]);
      const { version, owner, instance, ...rows } = await loadOne(store, "order");
      assert.deepEqual([version, owner, instance], [1, undefined, again]);
      assert.deepEqual(rows, { executions: [], tasks: [], timers: [], signals: [] });
      assert.equal(await second.findByIdempotencyKey("key"), "order");
      const { executions, tasks, timers, signals } = await loadOne(second, "beside");
      const kept = [executions, tasks, timers, signals].map(({ length }) => length);
      assert.deepEqual(kept, [2, 2, 1, 1]);
      assert.equal((await store.listActs({ instanceId: "beside", limit: 10 })).length, 1);
    },
  },
  {
    name: "S2: a change of an instance that was removed is refused, whatever came after it",
    async run({ store, other }) {
      const second = await other();
      const owner = "worker-a";
      await keep(store, [changeOf("order", 0, { owner })]);
      await keep(store, [changeOf("order", 1, { owner })]);
      await keep(second, [changeOf("order", 2, { instance: ended("order") })]);
      assert.deepEqual(await remove(second), ["order"]);
      await keep(second, [changeOf("next", 0), changeOf("next-but-one", 0)]);
      for (const version of [1, 2]) {
        await keep(second, [changeOf("next", version), changeOf("next-but-one", version)]);
      }
      for (const version of [2, 3]) {
        const late = changeOf("order", version, { owner, executions: [executionRecord(1)] });
        assert.deepEqual(await tryCommit(store, [late]), ["order"]);
      }
      const rows = await loadAll(second, ["next", "next-but-one"]);
      assert.deepEqual(
        rows.map(({ version, executions }) => [version, executions.length]),
        [
          [3, 0],
          [3, 0],
        ],
      );
    },
  },
  {
    name: "of removals at the same moment, each instance is given by one",
    async run({ store, other }) {
      const second = await other();
      const ids = Array.from({ length: 40 }, (_, index) => `order-${index}`);
      await keepAll(
        store,
        ids.map((id, index) => ended(id, { endedAt: moment + (index % 3) })),
      );
      const removed: string[] = [];
      for (let round = 0; removed.length < ids.length; round++) {
        assert.ok(round < 40, "all of them are removed after a while");
        const found = await Promise.all([
          remove(store, { limit: 7 }),
          remove(second, { limit: 9 }),
          remove(store, { limit: 5 }),
        ]);
        removed.push(...found.flat());
      }
      assert.deepEqual(removed.sort(), ids.sort());
    },
  },
  {
    name: "S2: of a removal and a change at the same moment, one comes first",
    async run({ store, other }) {
      const second = await other();
      const ids = Array.from({ length: 20 }, (_, index) => `order-${index}`);
      await keepAll(
        store,
        ids.map((id) => ended(id, { status: "failed" })),
      );
      const goOn = (id: string) =>
        changeOf(id, 1, { instance: instanceRecord(id), executions: [executionRecord(1)] });
      const [removed, ...refusals] = await Promise.all([
        remove(second),
        ...ids.map((id) => tryCommit(store, [goOn(id)])),
      ]);
      const isRemoved = (id: string) => removed.includes(id);
      assert.deepEqual(
        await store.versions(ids),
        ids.map((id) => (isRemoved(id) ? 0 : 2)),
      );
      for (const [index, id] of ids.entries()) {
        assert.equal(refusals[index]?.length, isRemoved(id) ? 1 : 0, id);
      }
      const loaded = await loadAll(store, ids);
      assert.ok(loaded.every(({ executions }) => executions.length === 1));
    },
  },
];
