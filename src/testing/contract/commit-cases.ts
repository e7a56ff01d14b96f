import assert from "node:assert/strict";
import type { Change } from "../../store/store.ts";
import type { CaseDefinition } from "./case.ts";
import {
  actRecord,
  answerOf,
  beatOnce,
  changeOf,
  commitOf,
  executionRecord,
  fullChange,
  instanceRecord,
  isKept,
  keep,
  loadAll,
  loadOne,
  messageOf,
  moment,
  signalRecord,
  taskRecord,
  timerRecord,
  tryCommit,
} from "./records.ts";

/** A change as the engine may give it: its lists are made when they are read. */
class GatheredChange implements Change {
  readonly instanceId = "order";
  readonly expectedVersion = 0;
  readonly at = moment;
  readonly owner = undefined;
  readonly isAnnounced = false;

  get instance() {
    return instanceRecord("order");
  }
  get executions() {
    return [executionRecord(1)];
  }
  get tasks() {
    return [taskRecord("1.1")];
  }
  get timers() {
    return [timerRecord("t")];
  }
  get clearedTimers() {
    return ["u"];
  }
  get signals() {
    return [signalRecord("s")];
  }
  get acts() {
    return [actRecord()];
  }
  get sent() {
    return [messageOf("1")];
  }
  get answers() {
    return [answerOf("2", { from: undefined, outcome: null })];
  }
}

export const commitCases: readonly CaseDefinition[] = [
  {
    name: "S2: a new instance is expected at version 0 and has version 1",
    async run({ store }) {
      await keep(store, [changeOf("order", 0)]);
      assert.equal((await loadOne(store, "order")).version, 1);
    },
  },
  {
    name: "S2: each change raises the version by one",
    async run({ store }) {
      for (let version = 0; version < 5; version++) {
        await keep(store, [changeOf("order", version)]);
      }
      assert.equal((await loadOne(store, "order")).version, 5);
    },
  },
  {
    name: "S2: a change whose expected version is not the one kept is refused",
    async run({ store }) {
      await keep(store, [changeOf("order", 0, { sent: [messageOf("asked")] })]);
      await keep(store, [changeOf("order", 1)]);
      const before = await loadOne(store, "order");
      for (const stale of [1, 3, 100]) {
        assert.deepEqual(await tryCommit(store, [fullChange("order", stale)]), ["order"]);
      }
      assert.deepEqual(await loadOne(store, "order"), before);
    },
  },
  {
    name: "S2: a new instance whose id exists is refused",
    async run({ store }) {
      await keep(store, [changeOf("order", 0, { sent: [messageOf("asked")] })]);
      const before = await loadOne(store, "order");
      assert.deepEqual(await tryCommit(store, [fullChange("order", 0)]), ["order"]);
      assert.deepEqual(await loadOne(store, "order"), before);
    },
  },
  {
    name: "S2: a change of an instance that does not exist is refused",
    async run({ store }) {
      await keep(store, [], { sent: [messageOf("asked")] });
      assert.deepEqual(await tryCommit(store, [fullChange("order", 1)]), ["order"]);
      assert.equal(await isKept(store, "order"), false);
      await keep(store, [changeOf("order", 0)]);
      assert.deepEqual((await loadOne(store, "order")).executions, []);
    },
  },
  {
    name: "S2: refused changes do not touch the others of their commit",
    async run({ store }) {
      await keep(store, [changeOf("a", 0), changeOf("b", 0), changeOf("c", 0)]);
      const keyed = (id: string) => instanceRecord(id, { idempotencyKey: "key" });
      await keep(store, [
        changeOf("keyed", 0, { instance: keyed("keyed"), sent: [messageOf("asked")] }),
      ]);
      const refused = await tryCommit(store, [
        changeOf("a", 1, { executions: [executionRecord(1)] }),
        fullChange("b", 7),
        fullChange("c", 0),
        fullChange("taken", 0, { instance: keyed("taken") }),
        changeOf("new", 0, { executions: [executionRecord(1)] }),
        fullChange("missing", 3),
      ]);
      assert.deepEqual(refused, ["b", "c", "missing", "taken"]);
      const loaded = await loadAll(store, ["a", "b", "c", "taken", "new", "missing"]);
      assert.deepEqual(
        loaded.map(({ instance, version, executions }) => [
          instance.id,
          version,
          executions.map(({ path }) => path),
        ]),
        [
          ["a", 2, ["prepare"]],
          ["b", 1, []],
          ["c", 1, []],
          ["new", 1, ["prepare"]],
        ],
      );
    },
  },
  {
    name: "S1: a refused change leaves nothing behind: no record, message, answer, task, timer or act",
    async run({ store }) {
      await beatOnce(store, "worker-a", "worker-b");
      await keep(store, [
        changeOf("order", 0, { timers: [timerRecord("kept")], sent: [messageOf("asked")] }),
      ]);
      const before = await loadOne(store, "order");
      for (const refused of [fullChange("order", 0), fullChange("order", 2)]) {
        await tryCommit(store, [refused, changeOf(`beside-${refused.expectedVersion}`, 0)]);
      }
      assert.deepEqual(await loadOne(store, "order"), before);
      assert.deepEqual(await store.listTasks({ limit: 10 }), []);
      assert.deepEqual(await store.listActs({ instanceId: "order", limit: 10 }), []);
      const timers = await store.listTimers({ workerId: "worker-x", limit: 10 });
      assert.deepEqual(
        timers.map(({ timer }) => timer.id),
        ["kept"],
      );
      const { messages } = await store.receive("worker-b");
      assert.deepEqual(
        messages.map(({ id }) => id),
        ["asked"],
      );
      assert.deepEqual((await store.receive("worker-a")).answers, []);
    },
  },
  {
    name: "S1: a change that was refused can be kept once its version is right",
    async run({ store }) {
      await keep(store, [changeOf("order", 0, { sent: [messageOf("asked")] })]);
      await tryCommit(store, [fullChange("order", 2)]);
      await keep(store, [fullChange("order", 1)]);
      const { executions, version } = await loadOne(store, "order");
      assert.equal(version, 2);
      assert.deepEqual(executions, [executionRecord(1, { path: "refused" })]);
    },
  },
  {
    name: "messages and answers that belong to no change are kept when changes are refused",
    async run({ store }) {
      await beatOnce(store, "worker-a");
      await keep(store, [changeOf("order", 0)], { sent: [messageOf("first")] });
      const refused = await tryCommit(store, [changeOf("order", 0)], {
        sent: [messageOf("second")],
        answers: [answerOf("first")],
      });
      assert.deepEqual(refused, ["order"]);
      assert.deepEqual((await store.receive("worker-b")).messages, [messageOf("second")]);
      assert.equal((await store.receive("worker-a")).answers.length, 1);
    },
  },
  {
    name: "a commit of nothing is kept",
    async run({ store }) {
      await keep(store, []);
      await keep(store, [changeOf("order", 0)]);
      await keep(store, [changeOf("order", 1)]);
      assert.equal((await loadOne(store, "order")).version, 2);
    },
  },
  {
    name: "a change may be an object whose properties are getters",
    async run({ store }) {
      await keep(store, [], { sent: [messageOf("2")] });
      assert.deepEqual(await store.commit(commitOf([new GatheredChange()])), []);
      const { instance, executions, tasks, timers, signals } = await loadOne(store, "order");
      assert.deepEqual(
        { instance, executions, tasks, timers, signals },
        {
          instance: instanceRecord("order"),
          executions: [executionRecord(1)],
          tasks: [taskRecord("1.1")],
          timers: [timerRecord("t")],
          signals: [signalRecord("s")],
        },
      );
      const acts = await store.listActs({ instanceId: "order", limit: 10 });
      assert.deepEqual(
        acts.map(({ act }) => act),
        [actRecord()],
      );
      assert.deepEqual((await store.receive("worker-b")).messages, [messageOf("1")]);
    },
  },
  {
    name: "one commit changes several instances",
    async run({ store }) {
      await keep(store, [
        changeOf("a", 0, { executions: [executionRecord(1, { path: "of-a" })] }),
        changeOf("b", 0, { executions: [executionRecord(1, { path: "of-b" })] }),
      ]);
      await keep(store, [
        changeOf("b", 1, { executions: [executionRecord(2, { path: "of-b" })] }),
        changeOf("a", 1, { executions: [executionRecord(1, { path: "again" })] }),
      ]);
      const loaded = await loadAll(store, ["a", "b"]);
      assert.deepEqual(
        loaded.map(({ version, executions }) => [version, executions.map(({ path }) => path)]),
        [
          [2, ["again"]],
          [2, ["of-b", "of-b"]],
        ],
      );
    },
  },
  {
    name: "an idempotency key finds its instance, and no other instance starts with it",
    async run({ store }) {
      const keyed = (id: string, key: string) =>
        changeOf(id, 0, { instance: instanceRecord(id, { idempotencyKey: key }) });
      await keep(store, [keyed("a", "key-a"), keyed("b", "key-b"), changeOf("c", 0)]);
      assert.deepEqual(await tryCommit(store, [keyed("d", "key-a")]), ["d"]);
      assert.equal(await store.findByIdempotencyKey("key-a"), "a");
      assert.equal(await store.findByIdempotencyKey("key-b"), "b");
      assert.equal(await store.findByIdempotencyKey("KEY-A"), undefined);
      assert.equal(await store.findByIdempotencyKey("key"), undefined);
      assert.equal(await isKept(store, "d"), false);
    },
  },
  {
    name: "an idempotency key of a refused change is free",
    async run({ store }) {
      const keyed = (id: string) =>
        changeOf(id, 0, { instance: instanceRecord(id, { idempotencyKey: "key" }) });
      await keep(store, [changeOf("a", 0)]);
      assert.deepEqual(await tryCommit(store, [keyed("a")]), ["a"]);
      assert.equal(await store.findByIdempotencyKey("key"), undefined);
      await keep(store, [keyed("b")]);
      assert.equal(await store.findByIdempotencyKey("key"), "b");
    },
  },
  {
    name: "of two new instances with one idempotency key in one commit, one is kept",
    async run({ store }) {
      const keyed = (id: string) =>
        changeOf(id, 0, { instance: instanceRecord(id, { idempotencyKey: "key" }) });
      const refused = await tryCommit(store, [keyed("a"), keyed("b"), changeOf("c", 0)]);
      assert.equal(refused.length, 1, "one of the two is refused");
      const kept = refused[0] === "a" ? "b" : "a";
      assert.equal(await store.findByIdempotencyKey("key"), kept);
      assert.deepEqual(
        (await loadAll(store, ["a", "b", "c"])).map(({ instance }) => instance.id),
        [kept, "c"],
      );
    },
  },
  {
    name: "idempotency keys may have any characters",
    async run({ store }) {
      const keys = [
        "",
        " ",
        "a b",
        "a\nb\t",
        "'; drop table x; --",
        'say "yes"',
        "back\\slash \\u0000",
        "%_*?",
        "$1 :a @b",
        "{a,b}",
        "null",
        "1e3",
        "ünïcödé",
        "e\u0301",
        "é",
        "日本語",
        "👩‍👩‍👧",
        "\u{10ffff}",
        "\u0001\u001f\u007f\u0085\u2028\ufeff",
        "k".repeat(1_000),
      ];
      const idOf = (index: number) => `order-${index}`;
      for (const [index, idempotencyKey] of keys.entries()) {
        const id = idOf(index);
        await keep(store, [changeOf(id, 0, { instance: instanceRecord(id, { idempotencyKey }) })]);
      }
      for (const [index, key] of keys.entries()) {
        assert.equal(await store.findByIdempotencyKey(key), idOf(index), JSON.stringify(key));
        assert.equal((await loadOne(store, idOf(index))).instance.idempotencyKey, key);
      }
    },
  },
];
