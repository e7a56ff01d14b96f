import assert from "node:assert/strict";
import type { StepStatus } from "../../definition/context.ts";
import type {
  ExecutionRecord,
  InstanceRecord,
  SignalRecord,
  TaskRecord,
  TaskStatus,
  TimerKind,
  WorkflowStatus,
} from "../../machine/index.ts";
import type { Store } from "../../store/store.ts";
import type { CaseDefinition } from "./case.ts";
import {
  assertRecords,
  changeOf,
  compareIds,
  executionRecord,
  instanceRecord,
  keep,
  loadAll,
  loadOne,
  moment,
  signalRecord,
  taskRecord,
  timerRecord,
} from "./records.ts";

const statuses: readonly WorkflowStatus[] = [
  "pending",
  "running",
  "waiting",
  "paused",
  "completed",
  "failed",
  "canceled",
];
const stepStatuses: readonly StepStatus[] = [
  "pending",
  "scheduled",
  "running",
  "waiting",
  "succeeded",
  "failed",
  "canceled",
  "skipped",
];
const taskStatuses: readonly TaskStatus[] = ["open", "completed", "withdrawn"];
const timerKinds: readonly TimerKind[] = [
  "timer",
  "retry",
  "timeout",
  "deadline",
  "reminder",
  "escalation",
];

/** Text as people write it and databases trip over it. */
const texts: readonly string[] = [
  "",
  " ",
  "null",
  "0",
  "{}",
  'it\'s "quoted"; drop table x; --',
  "back\\slash \\u0000 $1 ? :a %_",
  "two\nlines\r\n\tand a tab",
  "e\u0301 and é, 日本語, עברית, 👩‍👩‍👧, \u{10ffff}",
  "\u0001\u001f\u007f\u0085\u2028\ufeff",
  "long ".repeat(20_000),
];
/** What ids and names may be. */
const shortTexts = texts.filter((text) => text.length < 1_000);

/** The first and the last moment that a `Date` can be, and some between. */
const moments: readonly number[] = [-8.64e15, -1, 0, 1, 2 ** 31, 2 ** 32 + 1, moment, 8.64e15];

const error = {
  code: "GROUP_FAILED",
  message: "Two members failed: \u0000, \ud800 and 👍.",
  path: "notify",
  name: "TypeError",
  errors: [
    { code: "STEP_FAILED", message: "", path: "notify/send[1]" },
    { code: "own-code", message: "it's", errors: [] },
  ],
  cause: { code: "STEP_TIMEOUT", message: "late", cause: { code: "x", message: "y" } },
};

export const recordCases: readonly CaseDefinition[] = [
  {
    name: "an instance comes back as it was given, in every status",
    async run({ store }) {
      const records = [
        ...statuses.map((status) => instanceRecord(status, { status })),
        instanceRecord("full", {
          workflow: "orders/ünï 'x'",
          version: "10.2.3-beta.1+build",
          initialData: { order: { lines: [1, 2] } },
          endedAt: moment + 1,
          user: "ada",
          tenant: "acme",
          idempotencyKey: "key",
          businessKey: "ORD-123",
          tags: ["urgent", "b", "a", "Urgent"],
          traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
          error,
          reason: "nobody wants it",
          parent: { instanceId: "parent", executionId: 12_345 },
        }),
        instanceRecord("failing", { compensating: "failed", error: { code: "x", message: "" } }),
        instanceRecord("canceling", { compensating: "canceled", reason: "" }),
        ...texts.map((text, index) =>
          instanceRecord(`text-${index}`, { tags: [text], traceparent: text, reason: text }),
        ),
        ...shortTexts.map((text, index) =>
          instanceRecord(`name-${index}`, {
            workflow: text,
            version: text,
            user: text,
            tenant: text,
            businessKey: text,
          }),
        ),
        ...moments.map((at, index) =>
          instanceRecord(`moment-${index}`, { startedAt: at, endedAt: at }),
        ),
      ];
      await keepInstances(store, records);
      for (const record of records) {
        assert.deepEqual((await loadOne(store, record.id)).instance, record);
      }
    },
  },
  {
    name: "instance ids may have any characters",
    async run({ store }) {
      const ids = [...shortTexts, "A", "a", "a ", "%", "i".repeat(500)];
      await keepInstances(
        store,
        ids.map((id) => instanceRecord(id, { reason: JSON.stringify(id) })),
      );
      const loaded = await loadAll(store, ids);
      assert.deepEqual(
        loaded.map(({ instance }) => [instance.id, instance.reason]),
        ids.map((id) => [id, JSON.stringify(id)]),
      );
    },
  },
  {
    name: "executions come back as they were given, by id, in every status",
    async run({ store }) {
      const parts: Partial<ExecutionRecord>[] = [
        ...stepStatuses.map((status) => ({ status })),
        ...(["counts", "veto", "other"] as const).map((vote) => ({ vote })),
        ...texts.map((path) => ({ path })),
        ...moments.map((at) => ({ startedAt: at, endedAt: at })),
        { startedAt: undefined, endedAt: undefined },
        { taken: [] },
        { taken: [0, 3, 3, 100_000] },
        { arrivals: [7, 7, 1] },
        { roundOpen: true },
        { writes: [] },
        { reduced: [] },
        { error },
        { map: { items: [], closed: false } },
        { map: { items: [1, "two", { three: null }], closed: true } },
        { position: -1, parent: 3, compensates: 2 },
        {
          node: 99_999,
          parent: 2 ** 31 - 1,
          position: 2 ** 31 - 1,
          iteration: 1_000_000,
          attempt: 2 ** 31 - 1,
          lastAttempt: Number.MAX_SAFE_INTEGER,
          order: 2 ** 31 - 1,
        },
      ];
      const executions = parts.map((part, index) => executionRecord(index + 1, part));
      await keep(store, [changeOf("order", 0, { executions })]);
      assertRecords((await loadOne(store, "order")).executions, executions);
    },
  },
  {
    name: "executions are given by id, in whatever order they were kept",
    async run({ store }) {
      const ids = [3, 1, 12, 2, 10, 11, 9, 8, 7, 6, 5, 4];
      await keep(store, [
        changeOf("order", 0, { executions: ids.map((id) => executionRecord(id)) }),
      ]);
      const { executions } = await loadOne(store, "order");
      assert.deepEqual(
        executions.map(({ id }) => id),
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
      );
    },
  },
  {
    name: "tasks come back as they were given, in every status",
    async run({ store }) {
      const parts: Partial<TaskRecord>[] = [
        ...taskStatuses.map((status) => ({ status })),
        ...texts.map((text) => ({ path: text, title: text, description: text, reason: text })),
        ...shortTexts.map((text) => ({
          assignee: text,
          candidateUsers: [text, "ada"],
          candidateGroups: ["sales", text],
          excludeUsers: [text],
          endedBy: text,
        })),
        ...texts.map((text) => ({ owner: text, shown: { [text]: text } })),
        ...moments.map((at) => ({ createdAt: at, endedAt: at, dueAt: at, claimedAt: at })),
        ...moments.map((at) => ({ proposal: { by: "bob", at, data: { approved: true } } })),
        { proposal: { by: "", at: 0, data: null }, shown: {} },
        { priority: 0 },
        { priority: 100, reminded: 3, escalated: 1_000 },
        { candidateUsers: [], candidateGroups: [], excludeUsers: [] },
        { candidateUsers: ["zoe", "ada", "ada"], candidateGroups: ["b", "a"] },
        { executionId: 2 ** 31 - 1 },
      ];
      const tasks = parts.map((part, index) => taskRecord(`${1_000 + index}.1`, part));
      await keep(store, [changeOf("order", 0, { tasks })]);
      assertRecords((await loadOne(store, "order")).tasks, tasks);
      const listed = await store.listTasks({ limit: 1_000 });
      for (const { task } of listed) {
        assert.deepEqual(
          task,
          tasks.find(({ id }) => id === task.id),
        );
      }
    },
  },
  {
    name: "timers come back as they were given, of every kind",
    async run({ store }) {
      const timers = [
        ...timerKinds.map((kind) =>
          timerRecord(`kind:${kind}`, { kind, executionId: 2 ** 31 - 1 }),
        ),
        ...moments.map((fireAt, index) => timerRecord(`moment:${index}`, { fireAt })),
        ...shortTexts.map((text, index) => timerRecord(`text:${index}:${text}`)),
      ];
      await keep(store, [changeOf("order", 0, { timers })]);
      assertRecords((await loadOne(store, "order")).timers, [...timers].sort(compareIds));
      const listed = await store.listTimers({ workerId: "worker-a", limit: 1_000 });
      assertRecords(
        listed.map(({ timer }) => timer).sort(compareIds),
        [...timers].sort(compareIds),
      );
    },
  },
  {
    name: "signals come back as they were given, in the order in which they were first kept",
    async run({ store }) {
      const first = ["z", "a", "10", "9", ...shortTexts].map((text, index) =>
        signalRecord(`${text}:${index}`, { name: text, data: { text }, usedBy: index % 2 }),
      );
      const second = [signalRecord("b"), signalRecord("B", { usedBy: 2 ** 31 - 1 })];
      await keep(store, [changeOf("order", 0, { signals: first })]);
      await keep(store, [changeOf("order", 1, { signals: second })]);
      const used: SignalRecord = { ...(first[0] as SignalRecord), usedBy: 7 };
      await keep(store, [changeOf("order", 2, { signals: [used, signalRecord("0")] })]);
      const expected = [used, ...first.slice(1), ...second, signalRecord("0")];
      assertRecords((await loadOne(store, "order")).signals, expected);
    },
  },
  {
    name: "records of one instance are not those of another",
    async run({ store }) {
      const parts = (name: string) => ({
        executions: [executionRecord(1, { path: name })],
        tasks: [taskRecord("1.1", { title: name })],
        timers: [timerRecord("timer:1", { fireAt: name.length })],
        signals: [signalRecord("paid:1", { name })],
      });
      const names = ["a", "aa", "aaa"];
      await keep(
        store,
        names.map((name) => changeOf(name, 0, parts(name))),
      );
      await keep(store, [changeOf("aa", 1, { clearedTimers: ["timer:1"] })]);
      for (const name of names) {
        const { executions, tasks, timers, signals } = await loadOne(store, name);
        const expected = parts(name);
        assert.deepEqual(
          { executions, tasks, timers, signals },
          name === "aa" ? { ...expected, timers: [] } : expected,
        );
      }
    },
  },
  {
    name: "a record replaces the whole one that was kept under its id",
    async run({ store }) {
      const full = {
        instance: instanceRecord("order", { error, reason: "x", status: "failed", endedAt: 1 }),
        executions: [
          executionRecord(1, { result: { a: 1 }, writes: [["a", 1]], error, taken: [1] }),
          executionRecord(2),
        ],
        tasks: [
          taskRecord("1.1", {
            ...{ assignee: "ada", candidateGroups: ["x"], excludeUsers: ["bob"], owner: "cyd" },
            ...{ dueAt: 1, claimedAt: 2, shown: { a: 1 }, priority: 1, reminded: 1, escalated: 1 },
            proposal: { by: "bob", at: 3, data: {} },
          }),
          taskRecord("2.1"),
        ],
        timers: [timerRecord("t"), timerRecord("u")],
        signals: [signalRecord("s", { data: { a: 1 }, name: "before" }), signalRecord("t")],
      };
      const bare = {
        instance: instanceRecord("order"),
        executions: [executionRecord(1)],
        tasks: [taskRecord("1.1")],
        timers: [timerRecord("t", { kind: "retry", executionId: 9, fireAt: moment + 5 })],
        signals: [signalRecord("s", { usedBy: 4 })],
      };
      await keep(store, [changeOf("order", 0, full)]);
      await keep(store, [changeOf("order", 1, bare)]);
      const { version, owner, ...rows } = await loadOne(store, "order");
      assert.deepEqual(rows, {
        instance: bare.instance,
        executions: [...bare.executions, full.executions[1]],
        tasks: [...bare.tasks, full.tasks[1]],
        timers: [...bare.timers, full.timers[1]],
        signals: [...bare.signals, full.signals[1]],
      });
      assert.deepEqual([version, owner], [2, undefined]);
    },
  },
  {
    name: "an instance's record that is left out stays as it was",
    async run({ store }) {
      const instance = instanceRecord("order", { reason: "first", status: "paused" });
      await keep(store, [changeOf("order", 0, { instance })]);
      await keep(store, [changeOf("order", 1, { executions: [executionRecord(1)] })]);
      assert.deepEqual((await loadOne(store, "order")).instance, instance);
    },
  },
  {
    name: "each change says who owns the instance from then on",
    async run({ store }) {
      const owners = ["worker-a", "worker-a", undefined, "worker-b", undefined];
      for (const [version, owner] of owners.entries()) {
        await keep(store, [changeOf("order", version, { owner })]);
        assert.equal((await loadOne(store, "order")).owner, owner);
      }
    },
  },
  {
    name: "load gives instances in the order asked for, without those that do not exist",
    async run({ store }) {
      await keepInstances(
        store,
        ["a", "b", "c", "d"].map((id) => instanceRecord(id)),
      );
      const asked = ["missing", "c", "a", "A", "d", "", "b", "d "];
      const loaded = await loadAll(store, asked);
      assert.deepEqual(
        loaded.map(({ instance }) => instance.id),
        ["c", "a", "d", "b"],
      );
      assert.deepEqual(await loadAll(store, []), []);
      assert.deepEqual(await loadAll(store, ["missing"]), []);
    },
  },
  {
    name: "versions are given in the order asked for, 0 for instances that do not exist",
    async run({ store, other }) {
      const second = await other();
      await keepInstances(store, [instanceRecord("a"), instanceRecord("b")]);
      await keep(store, [changeOf("b", 1)]);
      await keep(store, [changeOf("c", 0, { owner: "gone" })]);
      await store.claim({ workerId: "worker-a", gone: [], limit: 10 });
      assert.deepEqual(await second.versions(["missing", "c", "b", "a", "A"]), [0, 2, 2, 1, 0]);
      assert.deepEqual(await second.versions([]), []);
    },
  },
  {
    name: "nobody changes what is kept by changing what was loaded",
    async run({ store }) {
      const executions = [
        executionRecord(1, { result: { list: [1], deep: { a: 1 } }, writes: [["a", [1]]] }),
      ];
      const instance = instanceRecord("order", { initialData: { list: [1] } });
      await keep(store, [
        changeOf("order", 0, {
          instance,
          executions,
          tasks: [taskRecord("1.1", { candidateUsers: ["ada"] })],
          timers: [timerRecord("t")],
          signals: [signalRecord("s", { data: { a: 1 } })],
        }),
      ]);
      const before = structuredClone(await loadOne(store, "order"));
      const [stored] = await store.load(["order"]);
      assert.ok(stored);
      spoil({ ...stored.rows });
      spoil(await store.listTasks({ limit: 10 }));
      spoil(await store.listTimers({ workerId: "worker-a", limit: 10 }));
      assert.deepEqual(await loadOne(store, "order"), before);
      assert.equal((await store.listTasks({ limit: 10 })).length, 1);
    },
  },
];

async function keepInstances(store: Store, records: readonly InstanceRecord[]): Promise<void> {
  await keep(
    store,
    records.map((instance) => changeOf(instance.id, 0, { instance })),
  );
}

/** Empties a value and all that is in it, as far as it lets itself be changed. */
function spoil(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  if (value instanceof Map || value instanceof Set) {
    value.clear();
    return;
  }
  for (const inner of Object.values(value)) spoil(inner);
  for (const key of Object.keys(value)) Reflect.deleteProperty(value, key);
  Reflect.set(value, "spoilt", true);
}
