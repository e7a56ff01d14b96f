import assert from "node:assert/strict";
import type { CaseDefinition } from "./case.ts";
import {
  actRecord,
  answerOf,
  assertRecords,
  beatOnce,
  changeOf,
  executionRecord,
  instanceRecord,
  keep,
  loadAll,
  loadOne,
  messageOf,
  moment,
  signalRecord,
  taskRecord,
  timerRecord,
} from "./records.ts";

/** More than what one statement of a database can have parameters for, whatever a row takes. */
const many = Array.from({ length: 10_000 }, (_, index) => `${100_000 + index}`);

export const sizeCases: readonly CaseDefinition[] = [
  {
    name: "one change keeps 10,000 executions",
    async run({ store }) {
      const executions = Array.from({ length: 10_000 }, (_, index) =>
        executionRecord(index + 1, { path: `member[${index}]`, position: index, result: index }),
      );
      await keep(store, [changeOf("order", 0, { executions })]);
      assertRecords((await loadOne(store, "order")).executions, executions);
      const ended = executions.map((execution) => ({ ...execution, status: "failed" as const }));
      await keep(store, [changeOf("order", 1, { executions: ended })]);
      assertRecords((await loadOne(store, "order")).executions, ended);
    },
  },
  {
    name: "one commit changes 1,000 instances, and one load gives them",
    async run({ store }) {
      const ids = Array.from({ length: 1_000 }, (_, index) => `order-${index}`);
      const changesAt = (version: number) =>
        ids.map((id) => changeOf(id, version, { executions: [executionRecord(version + 1)] }));
      await keep(store, changesAt(0));
      await keep(store, changesAt(1));
      const loaded = await loadAll(store, ids);
      assertRecords(
        loaded.map(({ instance }) => instance.id),
        ids,
      );
      for (const { version, executions } of loaded) {
        assert.equal(version, 2);
        assert.deepEqual(executions, [executionRecord(1), executionRecord(2)]);
      }
    },
  },
  {
    name: "one change keeps 10,000 tasks, which can be listed, completed and listed no more",
    async run({ store }) {
      const tasks = many.map((id) => taskRecord(id, { candidateGroups: ["sales", id] }));
      await keep(store, [changeOf("order", 0, { tasks })]);
      assertRecords((await loadOne(store, "order")).tasks, tasks);
      const listed = await store.listTasks({ limit: 20_000, audience: ["group:sales"] });
      assertRecords(
        listed.map(({ task }) => task.id),
        many,
      );
      const completed = tasks.map((task) => ({ ...task, status: "completed" as const }));
      await keep(store, [changeOf("order", 1, { tasks: completed })]);
      assertRecords((await loadOne(store, "order")).tasks, completed);
      assert.deepEqual(await store.listTasks({ limit: 1 }), []);
    },
  },
  {
    name: "one change sets 10,000 timers, and another clears them",
    async run({ store }) {
      const timers = many.map((id, index) => timerRecord(id, { fireAt: moment + index }));
      await keep(store, [changeOf("order", 0, { timers })]);
      assertRecords((await loadOne(store, "order")).timers, timers);
      const listed = await store.listTimers({ workerId: "worker-a", limit: 20_000 });
      assertRecords(
        listed.map(({ timer }) => timer),
        timers,
      );
      await keep(store, [changeOf("order", 1, { clearedTimers: many.slice(1) })]);
      assertRecords((await loadOne(store, "order")).timers, timers.slice(0, 1));
    },
  },
  {
    name: "one change keeps 10,000 signals in their order",
    async run({ store }) {
      const signals = many.toReversed().map((id) => signalRecord(id, { data: { id } }));
      await keep(store, [changeOf("order", 0, { signals })]);
      assertRecords((await loadOne(store, "order")).signals, signals);
    },
  },
  {
    name: "one change adds 10,000 acts, and an instance with many records is removed",
    async run({ store }) {
      const acts = many.map((path) => actRecord({ path }));
      const instance = instanceRecord("order", { status: "completed", endedAt: moment });
      const executions = many.map((_, index) => executionRecord(index + 1));
      await keep(store, [changeOf("order", 0, { instance, acts, executions })]);
      const history = await store.listActs({ instanceId: "order", limit: 20_000 });
      assertRecords(
        history.map(({ act }) => act),
        acts,
      );
      const query = { endedBefore: moment + 1, limit: 10 };
      assert.deepEqual(await store.removeEnded(query), ["order"]);
      assert.deepEqual(await store.listActs({ instanceId: "order", limit: 1 }), []);
    },
  },
  {
    name: "one commit sends 10,000 messages, others hand them on, answer and dismiss them",
    async run({ store }) {
      await beatOnce(store, "worker-a", "worker-b", "worker-c");
      const sent = many.map((id) => messageOf(id, { command: { id } }));
      await keep(store, [changeOf("order", 0, { sent: sent.slice(5_000) })], {
        sent: sent.slice(0, 5_000),
      });
      const { messages } = await store.receive("worker-b");
      assertRecords(messages.map(({ id }) => id).sort(), many);
      await keep(store, [], {
        handedOn: many.map((messageId) => ({ messageId, by: "worker-b", to: "worker-c" })),
      });
      assert.equal((await store.receive("worker-b")).messages.length, 0);
      assert.equal((await store.receive("worker-c")).messages.length, 10_000);
      const answers = many.map((id) => answerOf(id, { by: "worker-c", outcome: id }));
      await keep(store, [changeOf("order", 1, { answers: answers.slice(5_000) })], {
        answers: answers.slice(0, 5_000),
      });
      assert.equal((await store.receive("worker-c")).messages.length, 0);
      assert.equal((await store.receive("worker-a")).answers.length, 10_000);
      await keep(store, [], { dismissed: many });
      assert.equal((await store.receive("worker-a")).answers.length, 0);
    },
  },
  {
    name: "one claim takes 10,000 instances",
    async run({ store }) {
      await store.beat({ id: "worker-a", beat: 1 });
      await keep(
        store,
        many.map((id) => changeOf(id, 0, { owner: "gone" })),
      );
      const limit = Number.MAX_SAFE_INTEGER;
      const claimed = await store.claim({
        workerId: "worker-a",
        gone: [{ id: "gone", beat: 1 }],
        limit,
      });
      assertRecords([...claimed].sort(), many);
      assert.equal((await store.claim({ workerId: "worker-a", gone: [], limit })).length, 0);
    },
  },
];
