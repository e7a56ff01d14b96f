import assert from "node:assert/strict";
import type {
  Change,
  Store,
  StoredTask,
  TaskFilter,
  TaskOrder,
  TaskPlace,
  TaskQuery,
} from "../../store/store.ts";
import { audienceNames, audienceOf } from "../../store/task-audience.ts";
import type { CaseDefinition } from "./case.ts";
import { changeOf, instanceRecord, keep, moment, taskRecord } from "./records.ts";

const orders: readonly TaskOrder[] = ["created", "due", "ended"];

function nameOf({ instanceId, task }: StoredTask): string {
  return `${instanceId}/${task.id}`;
}

function momentOf({ task }: StoredTask, order: TaskOrder): number | undefined {
  if (order === "created") return task.createdAt;
  return order === "due" ? task.dueAt : task.endedAt;
}

/** All that a query finds, page by page. */
async function pages(store: Store, query: Omit<TaskQuery, "limit">, limit: number) {
  const { order = "created" } = query;
  const all: string[] = [];
  let after: TaskPlace | undefined;
  for (;;) {
    const page = await store.listTasks({ ...query, limit, after });
    assert.ok(page.length <= limit, `a page has ${page.length} tasks, and the limit is ${limit}`);
    assert.ok(all.length < 1_000, "the pages come to an end");
    all.push(...page.map(nameOf));
    const last = page.at(-1);
    if (last === undefined || page.length < limit) return all;
    const at = momentOf(last, order);
    assert.ok(at !== undefined, "who stands in an order has its moment");
    after = { at, instanceId: last.instanceId, taskId: last.task.id };
  }
}

/** A few tasks of everything that can be asked for, many of them of the same moments. */
function crowd(): Change[] {
  return Array.from({ length: 24 }, (_, index) => {
    const id = `order-${index}`;
    const instance = instanceRecord(id, {
      workflow: index % 4 === 0 ? "contracts" : "orders",
      tenant: ["acme", "ACME", undefined][index % 3],
      businessKey: index % 5 === 0 ? "ORD-1" : index % 5 === 1 ? `ORD-${index}` : undefined,
    });
    const tasks = ["1.1", "2.1", "10.1"].map((taskId, place) => {
      const number = index * 3 + place;
      const status = (["open", "open", "completed", "withdrawn"] as const)[number % 4] ?? "open";
      return taskRecord(taskId, {
        status,
        path: place === 0 ? "sign" : "approve",
        createdAt: moment + (number % 5),
        dueAt: number % 3 === 0 ? undefined : moment + (number % 4),
        endedAt: status === "open" ? undefined : moment + (number % 7),
        endedBy: status === "completed" ? ["ada", "bob"][index % 2] : undefined,
        assignee: number % 6 === 0 ? ["ada", "bob"][index % 2] : undefined,
        candidateUsers: number % 6 === 1 ? ["ada", "bob"] : undefined,
        candidateGroups: number % 6 === 2 ? ["sales", "support"] : undefined,
        excludeUsers: number % 7 === 0 ? ["ada"] : undefined,
      });
    });
    return changeOf(id, 0, { instance, tasks });
  });
}

function storedTasks(changes: readonly Change[]): StoredTask[] {
  return changes.flatMap(({ instanceId, instance, tasks }) =>
    tasks.map((task) => ({
      instanceId,
      workflow: instance?.workflow ?? "",
      workflowVersion: instance?.version ?? "",
      tenant: instance?.tenant,
      businessKey: instance?.businessKey,
      task,
    })),
  );
}

function expected(
  all: readonly StoredTask[],
  order: TaskOrder,
  isMeant: (stored: StoredTask) => boolean,
): string[] {
  const text = (a: string, b: string) => (a === b ? 0 : a < b ? -1 : 1);
  const direction = order === "ended" ? -1 : 1;
  return all
    .filter((stored) => isMeant(stored) && momentOf(stored, order) !== undefined)
    .sort(
      (a, b) =>
        direction *
        ((momentOf(a, order) ?? 0) - (momentOf(b, order) ?? 0) ||
          text(a.instanceId, b.instanceId) ||
          text(a.task.id, b.task.id)),
    )
    .map(nameOf);
}

const audience = audienceNames("ada", ["sales", "legal"]);

const isFor = (names: readonly string[]) => (stored: StoredTask) =>
  audienceOf(stored.task).some((name) => names.includes(name));

const isDue = (from: number, before: number) => (stored: StoredTask) => {
  const { dueAt } = stored.task;
  return dueAt !== undefined && dueAt >= from && dueAt < before;
};

/** Filters, and which tasks each of them finds. */
const filters: readonly (readonly [TaskFilter, (stored: StoredTask) => boolean])[] = [
  [{}, () => true],
  [{ audience }, isFor(audience)],
  [{ audience: ["user:bob"] }, isFor(["user:bob"])],
  [{ audience: [] }, () => false],
  [{ userId: "ada" }, ({ task }) => task.excludeUsers === undefined],
  [{ userId: "bob" }, () => true],
  [{ assignee: "ada" }, ({ task }) => task.assignee === "ada"],
  [{ assignee: "Ada" }, () => false],
  [{ isAssigned: true }, ({ task }) => task.assignee !== undefined],
  [{ isAssigned: false }, ({ task }) => task.assignee === undefined],
  [{ endedBy: "bob" }, ({ task }) => task.endedBy === "bob"],
  [{ instanceId: "order-7" }, ({ instanceId }) => instanceId === "order-7"],
  [{ instanceId: "order" }, () => false],
  [{ workflow: "contracts" }, ({ workflow }) => workflow === "contracts"],
  [{ path: "sign" }, ({ task }) => task.path === "sign"],
  [{ tenant: "acme" }, ({ tenant }) => tenant === "acme"],
  [{ businessKey: "ORD-1" }, ({ businessKey }) => businessKey === "ORD-1"],
  [{ dueFrom: moment + 2 }, isDue(moment + 2, Number.POSITIVE_INFINITY)],
  [{ dueBefore: moment + 2 }, isDue(0, moment + 2)],
  [{ dueFrom: moment + 1, dueBefore: moment + 2 }, isDue(moment + 1, moment + 2)],
  [{ dueFrom: moment + 2, dueBefore: moment + 1 }, () => false],
];

/** Filters that are often asked for together. */
const pairs: readonly (readonly [number, number])[] = filters.flatMap((_, a) =>
  filters.slice(a + 1).map((_, b) => [a, a + 1 + b] as const),
);

export const taskSearchCases: readonly CaseDefinition[] = [
  {
    name: "tasks are found by each filter, in every status and order",
    async run({ store }) {
      const changes = crowd();
      await keep(store, changes);
      const all = storedTasks(changes);
      for (const [filter, isMeant] of filters) {
        for (const status of ["open", "completed", "withdrawn"] as const) {
          for (const order of orders) {
            const query = { ...filter, status, order };
            const found = await store.listTasks({ ...query, limit: 1_000 });
            assert.deepEqual(
              found.map(nameOf),
              expected(all, order, (stored) => stored.task.status === status && isMeant(stored)),
              JSON.stringify(query),
            );
          }
        }
      }
    },
  },
  {
    name: "tasks are found by two filters together",
    async run({ store }) {
      const changes = crowd();
      await keep(store, changes);
      const all = storedTasks(changes);
      for (const [index, [a, b]] of pairs.entries()) {
        const [first, isFirst] = filters[a] ?? [{}, () => true];
        const [second, isSecond] = filters[b] ?? [{}, () => true];
        if (Object.keys(first).some((key) => key in second)) continue;
        const order = index % 2 === 0 ? "created" : "due";
        const query = { ...first, ...second, order } as const;
        const isMeant = (stored: StoredTask) =>
          stored.task.status === "open" && isFirst(stored) && isSecond(stored);
        const wanted = expected(all, order, isMeant);
        const found = await store.listTasks({ ...query, limit: 1_000 });
        assert.deepEqual(found.map(nameOf), wanted, JSON.stringify(query));
      }
    },
  },
  {
    name: "a property of a query that is undefined does not matter",
    async run({ store }) {
      await keep(store, [changeOf("order", 0, { tasks: [taskRecord("1.1")] })]);
      const query = {
        ...{ status: undefined, audience: undefined, userId: undefined, assignee: undefined },
        ...{ isAssigned: undefined, endedBy: undefined, instanceId: undefined },
        ...{ workflow: undefined, path: undefined, tenant: undefined, businessKey: undefined },
        ...{ dueFrom: undefined, dueBefore: undefined },
      };
      const found = await store.listTasks({
        ...query,
        order: undefined,
        after: undefined,
        limit: 5,
      });
      assert.deepEqual(found.map(nameOf), ["order/1.1"]);
      assert.equal(await store.countTasks(query, 5), 1);
    },
  },
  {
    name: "pages of tasks in each order together give everything once, by every filter",
    async run({ store }) {
      const changes = crowd();
      await keep(store, changes);
      const all = storedTasks(changes);
      for (const order of orders) {
        const status = order === "ended" ? "completed" : "open";
        for (const [filter, isMeant] of filters) {
          const wanted = expected(
            all,
            order,
            (stored) => stored.task.status === status && isMeant(stored),
          );
          for (const limit of [1, 5]) {
            const query = { ...filter, status, order } as const;
            assert.deepEqual(await pages(store, query, limit), wanted, JSON.stringify(query));
          }
        }
      }
    },
  },
  {
    name: "tasks are found by what they became, and not by what they were",
    async run({ store }) {
      const before = taskRecord("1.1", {
        ...{ path: "sign", dueAt: moment, assignee: "ada", createdAt: moment - 1 },
      });
      const after = taskRecord("1.1", { path: "approve", dueAt: moment + 5, assignee: "bob" });
      await keep(store, [changeOf("order", 0, { tasks: [before] })]);
      await keep(store, [changeOf("order", 1, { tasks: [after] })]);
      const find = async (query: Omit<TaskQuery, "limit">) =>
        (await store.listTasks({ ...query, limit: 10 })).map(nameOf);
      const gone = [{ path: "sign" }, { dueBefore: moment + 1 }, { assignee: "ada" }];
      const there = [{ path: "approve" }, { dueFrom: moment + 1 }, { assignee: "bob" }];
      for (const order of ["created", "due"] as const) {
        for (const filter of gone) assert.deepEqual(await find({ ...filter, order }), []);
        for (const filter of there) {
          assert.deepEqual(await find({ ...filter, order }), ["order/1.1"]);
        }
        assert.deepEqual(await find({ audience: ["user:ada"], order }), []);
        assert.deepEqual(await find({ audience: ["user:bob"], order }), ["order/1.1"]);
      }
      const ended = { ...after, status: "completed", endedAt: moment, endedBy: "cyd" } as const;
      await keep(store, [changeOf("order", 2, { tasks: [ended] })]);
      for (const filter of there) assert.deepEqual(await find(filter), []);
      const query = { status: "completed", endedBy: "cyd", order: "ended" } as const;
      assert.deepEqual(await find(query), ["order/1.1"]);
      assert.deepEqual(await find({ status: "completed", audience: ["user:bob"] }), ["order/1.1"]);
    },
  },
  {
    name: "tasks are counted by each filter, and no further than told",
    async run({ store }) {
      const changes = crowd();
      await keep(store, changes);
      const all = storedTasks(changes);
      for (const [filter, isMeant] of filters) {
        for (const status of ["open", "completed", "withdrawn"] as const) {
          const { length } = all.filter(
            (stored) => stored.task.status === status && isMeant(stored),
          );
          const query = { ...filter, status };
          for (const atMost of [1, 5, 1_000]) {
            const count = await store.countTasks(query, atMost);
            assert.equal(count, Math.min(length, atMost), JSON.stringify(query));
          }
        }
      }
      const open = all.filter(({ task }) => task.status === "open");
      assert.equal(await store.countTasks({}, 1_000), open.length);
    },
  },
  {
    name: "a task that somebody finds under several names is counted once",
    async run({ store }) {
      const parts = { candidateUsers: ["ada"], candidateGroups: ["sales", "support"] };
      const tasks = ["1", "2", "3"].map((id) => taskRecord(id, parts));
      await keep(store, [changeOf("order", 0, { tasks })]);
      const names = { audience: audienceNames("ada", ["sales", "support"]) };
      assert.equal(await store.countTasks(names, 10), 3);
      assert.equal(await store.countTasks(names, 2), 2);
      for (const order of ["created", "due"] as const) {
        const found = await store.listTasks({ ...names, order, limit: 10 });
        assert.equal(found.length, order === "created" ? 3 : 0);
      }
    },
  },
];
