import assert from "node:assert/strict";
import type { CaseDefinition } from "./case.ts";
import {
  actRecord,
  answerOf,
  beatOnce,
  changeOf,
  executionRecord,
  instanceRecord,
  keep,
  loadOne,
  messageOf,
  scheduleRecord,
  signalRecord,
  taskRecord,
  timerRecord,
} from "./records.ts";

export const durabilityCases: readonly CaseDefinition[] = [
  {
    name: "S3: what was committed is in every later read of another store object",
    async run({ store, other }) {
      const second = await other();
      for (let version = 0; version < 20; version++) {
        const [writer, reader] = version % 2 === 0 ? [store, second] : [second, store];
        await keep(writer, [
          changeOf("order", version, {
            executions: [executionRecord(version + 1)],
            tasks: [taskRecord(`${version}.1`)],
          }),
        ]);
        const loaded = await loadOne(reader, "order");
        assert.deepEqual([loaded.version, loaded.executions.length], [version + 1, version + 1]);
        assert.equal((await reader.listTasks({ limit: 100 })).length, version + 1);
      }
    },
  },
  {
    name: "S3: what was committed is there after all was closed and opened again",
    needs: "persistence",
    async run({ store, restart }) {
      const instance = instanceRecord("order", { idempotencyKey: "key", reason: "x" });
      await store.beat({ id: "worker-a", beat: 1 });
      await keep(store, [
        changeOf("order", 0, {
          instance,
          owner: "worker-a",
          executions: [executionRecord(1, { result: { a: ["\u0000"] } })],
          tasks: [taskRecord("1.1")],
          timers: [timerRecord("t")],
          signals: [signalRecord("z"), signalRecord("a")],
          acts: [actRecord({ details: { text: "first" } })],
        }),
        changeOf("free", 0, { timers: [timerRecord("t")] }),
      ]);
      assert.equal(await store.keepSetting("schema", "one"), "one");
      assert.equal(await store.saveSchedule(scheduleRecord("daily")), true);
      const before = await loadOne(store, "order");
      const history = await store.listActs({ instanceId: "order", limit: 10 });
      const reopened = await restart();
      assert.deepEqual(await loadOne(reopened, "order"), before);
      assert.deepEqual(await reopened.listActs({ instanceId: "order", limit: 10 }), history);
      assert.equal(history.length, 1);
      assert.deepEqual(await reopened.listSchedules({ limit: 10 }), [scheduleRecord("daily")]);
      assert.equal(await reopened.findByIdempotencyKey("key"), "order");
      assert.equal((await reopened.listTasks({ limit: 10 })).length, 1);
      assert.equal((await reopened.listTimers({ workerId: "worker-b", limit: 10 })).length, 1);
      assert.equal(await reopened.keepSetting("schema", "two"), "one");
      await keep(reopened, [changeOf("order", 1)]);
    },
  },
  {
    name: "S3: messages, answers and workers are there after all was closed and opened again",
    needs: "persistence",
    async run({ store, restart }) {
      await beatOnce(store, "worker-a", "worker-b");
      await keep(store, [], { sent: ["3", "1", "2"].map((id) => messageOf(id)) });
      await keep(store, [], { answers: [answerOf("2", { outcome: [1] })] });
      await keep(store, [], { handedOn: [{ messageId: "1", by: "worker-b", to: "worker-a" }] });
      const before = [await store.receive("worker-a"), await store.receive("worker-b")];
      const reopened = await restart();
      const known = await reopened.beat({ id: "worker-c", beat: 1 });
      // Their store objects were closed without a word: a store may be sure that they are gone.
      assert.deepEqual(known.map(({ id, beat }) => `${id} ${beat}`).sort(), [
        "worker-a 1",
        "worker-b 1",
        "worker-c 1",
      ]);
      assert.deepEqual(await reopened.receive("worker-a"), before[0]);
      assert.deepEqual(await reopened.receive("worker-b"), before[1]);
    },
  },
  {
    name: "S5: what a worker owned before a restart can be claimed after it",
    needs: "persistence",
    async run({ store, restart }) {
      await store.beat({ id: "worker-a", beat: 1 });
      await keep(store, [changeOf("order", 0, { owner: "worker-a" }), changeOf("free", 0)]);
      const reopened = await restart();
      await reopened.beat({ id: "worker-b", beat: 1 });
      const claim = { workerId: "worker-b", gone: [{ id: "worker-a", beat: 1 }], limit: 10 };
      assert.deepEqual(await reopened.claim(claim), ["order"]);
      const { version, owner } = await loadOne(reopened, "order");
      assert.deepEqual([version, owner], [2, "worker-b"]);
    },
  },
  {
    name: "S3: the order of signals and messages goes on after a restart",
    needs: "persistence",
    async run({ store, restart }) {
      const signals = (...ids: readonly string[]) => ids.map((id) => signalRecord(id));
      const sent = (...ids: readonly string[]) => ids.map((id) => messageOf(id));
      await keep(store, [
        changeOf("order", 0, { signals: signals("z", "y"), sent: sent("z", "y") }),
      ]);
      const reopened = await restart();
      await keep(reopened, [
        changeOf("order", 1, { signals: signals("b", "a"), sent: sent("b", "a") }),
      ]);
      const { signals: loaded } = await loadOne(reopened, "order");
      const { messages } = await reopened.receive("worker-b");
      for (const records of [loaded, messages]) {
        assert.deepEqual(
          records.map(({ id }) => id),
          ["z", "y", "b", "a"],
        );
      }
    },
  },
];
