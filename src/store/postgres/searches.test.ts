import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { RandomSource } from "../../../test/property/random-source.ts";
import { createDatabase, type TestDatabase } from "../../../test/support/postgres-database.ts";
import type { TaskRecord, TaskStatus, WorkflowStatus } from "../../machine/index.ts";
import {
  actRecord,
  changeOf,
  commitOf,
  instanceRecord,
  taskRecord,
} from "../../testing/contract/records.ts";
import { MemoryStore } from "../memory/memory-store.ts";
import type { Change, InstanceFilter, Store, StoredTask, TaskFilter, TaskOrder } from "../store.ts";
import { audienceNames } from "../task-audience.ts";
import { PostgresStore } from "./postgres-store.ts";

// The first test that asks for the server makes it start.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const people = ["ada", "ben", "cleo"];
const groups = ["sales", "support"];
const workflows = ["orders", "refunds", "visits"];
const tenants = ["acme", "bolt"];
const paths = ["approve", "check"];
const tags = ["eu", "urgent", "wholesale"];
const running: readonly WorkflowStatus[] = ["running", "waiting", "paused"];
const ended: readonly WorkflowStatus[] = ["completed", "failed", "canceled"];
const instances = Array.from({ length: 80 }, (_, index) => `order-${index}`);

/** Something or, so often, undefined. */
function maybe<Value>(random: RandomSource, values: readonly Value[], share = 0.5) {
  return random.chance(share) ? random.pick(values) : undefined;
}

function randomTask(random: RandomSource, id: string, isNew: boolean): TaskRecord {
  const status = isNew ? "open" : random.pick<TaskStatus>(["open", "completed", "withdrawn"]);
  return taskRecord(id, {
    status,
    path: random.pick(paths),
    createdAt: random.below(40),
    dueAt: maybe(random, [5, 10, 15, 20]),
    assignee: maybe(random, people, 0.3),
    candidateUsers: random.chance(0.4) ? random.some(people, 0.5) : undefined,
    candidateGroups: random.chance(0.5) ? random.some(groups, 0.6) : undefined,
    excludeUsers: random.chance(0.3) ? random.some(people, 0.5) : undefined,
    endedAt: status === "open" ? undefined : random.below(40),
    endedBy: status === "open" ? undefined : maybe(random, people, 0.8),
  });
}

function randomChange(random: RandomSource, instanceId: string, version: number): Change {
  const isNew = version === 0;
  const status = random.pick([...running, ...ended]);
  const fixed = new RandomSource(instances.indexOf(instanceId));
  const before = fixed.below(80);
  const instance = instanceRecord(instanceId, {
    workflow: fixed.pick(workflows),
    version: fixed.pick(["1.0.0", "2.0.0"]),
    tenant: maybe(fixed, tenants),
    businessKey: maybe(fixed, ["k1", "k2"]),
    user: maybe(fixed, people),
    tags: fixed.some(tags, 0.4),
    startedAt: fixed.below(20),
    parent: fixed.chance(0.3) ? { instanceId: `order-${before}`, executionId: 1 } : undefined,
    status,
    endedAt: ended.includes(status) ? 40 + random.below(20) : undefined,
  });
  const taskIds = ["1", "2", "3"].filter(() => random.chance(0.7));
  return changeOf(instanceId, version, {
    instance: isNew || random.chance(0.5) ? instance : undefined,
    tasks: taskIds.map((id) => randomTask(random, id, isNew)),
    acts: taskIds.map((taskId) => actRecord({ taskId, details: { text: `${version}` } })),
  });
}

function randomTaskFilter(random: RandomSource): TaskFilter {
  const user = random.pick(people);
  const isFor = random.chance(0.5);
  return {
    status: maybe(random, ["open", "completed", "withdrawn"] as const),
    audience: isFor ? audienceNames(user, random.some(groups, 0.5)) : undefined,
    userId: maybe(random, [user]),
    assignee: maybe(random, people, 0.2),
    isAssigned: maybe(random, [true, false], 0.2),
    endedBy: maybe(random, people, 0.1),
    instanceId: maybe(random, instances, 0.1),
    workflow: maybe(random, workflows, 0.3),
    path: maybe(random, paths, 0.2),
    tenant: maybe(random, tenants, 0.3),
    businessKey: maybe(random, ["k1", "k2"], 0.1),
    dueFrom: maybe(random, [5, 10], 0.2),
    dueBefore: maybe(random, [10, 15, 30], 0.3),
  };
}

function randomInstanceFilter(random: RandomSource): InstanceFilter {
  return {
    workflow: maybe(random, workflows, 0.3),
    version: maybe(random, ["1.0.0"], 0.2),
    statuses: random.chance(0.4) ? random.some([...running, ...ended], 0.4) : undefined,
    businessKey: maybe(random, ["k1", "k2"], 0.2),
    tenant: maybe(random, tenants, 0.3),
    user: maybe(random, people, 0.2),
    tags: random.chance(0.4) ? random.some(tags, 0.4) : undefined,
    startedFrom: maybe(random, [5], 0.2),
    startedBefore: maybe(random, [15], 0.2),
    parentId: maybe(random, instances, 0.1),
  };
}

const momentOf = (order: TaskOrder, { task }: StoredTask) =>
  (order === "created" ? task.createdAt : order === "due" ? task.dueAt : task.endedAt) as number;

describe("searches", () => {
  let database: TestDatabase;
  let store: PostgresStore;
  const model: Store = new MemoryStore();

  beforeAll(async () => {
    database = await createDatabase();
    store = new PostgresStore({ connectionString: database.url });
    const random = new RandomSource(1);
    for (let version = 0; version < 5; version++) {
      const changed = instances.filter(() => version === 0 || random.chance(0.8));
      const versions = await model.versions(changed);
      const changes = changed.map((id, index) => randomChange(random, id, versions[index] ?? 0));
      expect(await store.commit(commitOf(changes))).toEqual(await model.commit(commitOf(changes)));
    }
  });
  afterAll(async () => {
    await store.close();
    await database.drop();
  });

  test("find the tasks that a search of all of them finds, page by page", async () => {
    const random = new RandomSource(2);
    let found = 0;
    for (let round = 0; round < 1500; round++) {
      const filter = randomTaskFilter(random);
      const order = random.pick(["created", "due", "ended"] as const);
      const limit = random.pick([1, 3, 100]);
      const first = await model.listTasks({ ...filter, order, limit });
      expect(await store.listTasks({ ...filter, order, limit }), JSON.stringify(filter)).toEqual(
        first,
      );
      found += first.length;
      const last = first.at(-1);
      if (last !== undefined) {
        const after = {
          at: momentOf(order, last),
          instanceId: last.instanceId,
          taskId: last.task.id,
        };
        const query = { ...filter, order, limit, after };
        expect(await store.listTasks(query)).toEqual(await model.listTasks(query));
      }
      expect(await store.countTasks(filter, 5)).toBe(await model.countTasks(filter, 5));
    }
    expect(found).toBeGreaterThan(1500);
  });

  test("find and count the instances that a search of all of them finds", async () => {
    const random = new RandomSource(3);
    let found = 0;
    for (let round = 0; round < 500; round++) {
      const filter = randomInstanceFilter(random);
      const query = { ...filter, newestFirst: random.chance(0.5), limit: random.pick([1, 3, 100]) };
      const first = await model.listInstances(query);
      expect(await store.listInstances(query), JSON.stringify(filter)).toEqual(first);
      found += first.length;
      const last = first.at(-1);
      if (last !== undefined) {
        const after = { startedAt: last.startedAt, instanceId: last.id };
        expect(await store.listInstances({ ...query, after })).toEqual(
          await model.listInstances({ ...query, after }),
        );
      }
      expect(await store.countInstances(filter)).toEqual(await model.countInstances(filter));
    }
    expect(found).toBeGreaterThan(500);
  });

  test("give the history of an instance, and of one of its tasks, page by page", async () => {
    for (const instanceId of instances.slice(0, 10)) {
      for (const taskId of [undefined, "1", "4"]) {
        const expected = await model.listActs({ instanceId, taskId, limit: 100 });
        const all = await store.listActs({ instanceId, taskId, limit: 100 });
        expect(all.map(({ act }) => act)).toEqual(expected.map(({ act }) => act));
        const after = all[0]?.number;
        expect(await store.listActs({ instanceId, taskId, limit: 2, after })).toEqual(
          after === undefined ? [] : all.slice(1, 3),
        );
      }
    }
  });

  test("measure what waits", async () => {
    for (const now of [0, 10, 50])
      expect(await store.measure(now)).toEqual(await model.measure(now));
  });

  test("remove the same ended instances, those that ended first before others", async () => {
    const random = new RandomSource(4);
    for (let round = 0; round < 60; round++) {
      const query = {
        workflow: maybe(random, workflows, 0.3),
        statuses: random.chance(0.3) ? random.some(ended, 0.5) : undefined,
        tenant: maybe(random, tenants, 0.2),
        endedBefore: 40 + random.below(22),
        limit: 100,
      };
      const removed = await store.removeEnded(query);
      expect([...removed].sort()).toEqual([...(await model.removeEnded(query))].sort());
    }
    const left = await model.countInstances({});
    expect(await store.countInstances({})).toEqual(left);
    expect(left.reduce((sum, { count }) => sum + count, 0)).toBeLessThan(instances.length);
    const tables = ["tasks", "task_audience", "history", "executions"];
    for (const table of tables.slice(0, 3)) {
      const lost = await database.query(
        `SELECT FROM tandem_${table} WHERE instance_id NOT IN (SELECT id FROM tandem_instances)`,
      );
      expect(lost).toHaveLength(0);
    }
  });
});
