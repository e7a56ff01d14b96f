import assert from "node:assert/strict";
import type { Store } from "../../store/store.ts";
import type { CaseDefinition } from "./case.ts";
import {
  answerIds,
  answerOf,
  beatOnce,
  changeOf,
  executionRecord,
  fullChange,
  instanceRecord,
  isKept,
  keep,
  loadAll,
  loadOne,
  mailOf,
  messageIds,
  messageOf,
  timerRecord,
  tryCommit,
} from "./records.ts";

const workers = ["worker-a", "worker-b", "worker-c"];

/** How the message "asked" ceases to be worker-b's before worker-b answers it. */
const losses: Readonly<Record<string, (store: Store) => Promise<void>>> = {
  "was answered already": (store) => keep(store, [], { answers: [answerOf("asked")] }),
  "was handed on": (store) =>
    keep(store, [], { handedOn: [{ messageId: "asked", by: "worker-b", to: "worker-c" }] }),
  "passed to a claimant": async (store) => {
    await store.claim({ workerId: "worker-a", gone: [{ id: "worker-b", beat: 1 }], limit: 10 });
  },
};

/** What a refused change of "order" could have left somewhere. */
async function traces(store: Store) {
  return {
    loaded: await loadAll(store, ["order"]),
    versions: await store.versions(["order"]),
    tasks: await store.listTasks({ limit: 10 }),
    timers: await store.listTimers({ workerId: "worker-x", limit: 10 }),
    mail: await mailOf(store, workers),
    byKey: await store.findByIdempotencyKey("key"),
  };
}

const lossCases: readonly CaseDefinition[] = Object.entries(losses).flatMap(([loss, lose]) => [
  {
    name: `S6: a change whose message ${loss} is refused and leaves nothing behind`,
    async run({ store, other }) {
      const second = await other();
      await beatOnce(store, ...workers);
      await keep(store, [
        changeOf("order", 0, { timers: [timerRecord("kept")], sent: [messageOf("asked")] }),
        changeOf("beside", 0),
      ]);
      await lose(second);
      const before = await traces(store);
      const refused = await tryCommit(store, [
        changeOf("new", 0),
        fullChange("order", 1),
        changeOf("beside", 1, { executions: [executionRecord(1)] }),
      ]);
      assert.deepEqual(refused, ["order"]);
      assert.deepEqual(await traces(store), before);
      assert.deepEqual(await traces(second), before);
      const beside = await loadAll(second, ["new", "beside"]);
      assert.deepEqual(
        beside.map(({ version, executions }) => [version, executions.length]),
        [
          [1, 0],
          [2, 1],
        ],
      );
      await keep(store, [changeOf("order", 1)]);
    },
  },
  {
    name: `S6: a new instance whose message ${loss} is refused, and its id and key stay free`,
    async run({ store, other }) {
      const second = await other();
      await beatOnce(store, ...workers);
      await keep(store, [], { sent: [messageOf("asked")] });
      await lose(second);
      const before = await traces(store);
      const instance = instanceRecord("order", { idempotencyKey: "key" });
      const refused = await tryCommit(store, [
        fullChange("order", 0, { instance }),
        changeOf("beside", 0),
      ]);
      assert.deepEqual(refused, ["order"]);
      assert.deepEqual(await traces(second), before);
      assert.equal(await isKept(second, "beside"), true);
      await keep(second, [
        changeOf("keyed", 0, { instance: instanceRecord("keyed", { idempotencyKey: "key" }) }),
        changeOf("order", 0),
      ]);
      await keep(store, [changeOf("order", 1)]);
    },
  },
  {
    name: `an answer or a handover of no change whose message ${loss} has no effect`,
    async run({ store, other }) {
      const second = await other();
      await beatOnce(store, ...workers);
      await keep(store, [], { sent: [messageOf("asked")] });
      await lose(second);
      const before = await mailOf(store, workers);
      await keep(store, [changeOf("order", 0)], {
        answers: [answerOf("asked", { outcome: "late" })],
      });
      assert.deepEqual(await mailOf(second, workers), before);
      for (const to of workers) {
        await keep(store, [changeOf(`to-${to}`, 0)], {
          handedOn: [{ messageId: "asked", by: "worker-b", to }],
        });
        assert.deepEqual(await mailOf(second, workers), before);
      }
      assert.equal(await isKept(second, "order"), true);
    },
  },
]);

/** Instances, and messages to worker-b that ask something of them, under the same ids. */
const ids = Array.from({ length: 20 }, (_, index) => `order-${index}`);

async function keepAsked(store: Store): Promise<void> {
  await beatOnce(store, ...workers);
  const changes = ids.map((id) => changeOf(id, 0, { sent: [messageOf(id)] }));
  await keep(store, changes);
}

/** Instances that worker-b starts because of the messages. */
const startOf = (id: string) => changeOf(`${id}/started`, 0, { answers: [answerOf(id)] });

const started = (store: Store) =>
  loadAll(
    store,
    ids.map((id) => `${id}/started`),
  );

const raceCases: readonly CaseDefinition[] = [
  {
    name: "S6: of changes that answer one message at the same moment, one is kept",
    async run({ store, other }) {
      const second = await other();
      await keepAsked(store);
      const changeAt = (id: string) => changeOf(id, 1, { answers: [answerOf(id)] });
      // Of other instances, so that no version tells who came first, and in the opposite order.
      const [refused, alsoRefused] = await Promise.all([
        tryCommit(store, ids.map(changeAt)),
        tryCommit(second, ids.toReversed().map(startOf)),
      ]);
      for (const id of ids) {
        const sides = [refused.includes(id), alsoRefused.includes(`${id}/started`)];
        assert.deepEqual([...sides].sort(), [false, true], `of two for "${id}" one is refused`);
        assert.deepEqual(await store.versions([id, `${id}/started`]), sides[0] ? [1, 1] : [2, 0]);
      }
      assert.deepEqual(await messageIds(store, "worker-b"), []);
      assert.deepEqual(await answerIds(store, "worker-a"), [...ids].sort());
    },
  },
  {
    name: "S6: of commits of one change each that answer one message, one is kept",
    async run({ store, other }) {
      const second = await other();
      await keepAsked(store);
      for (const id of ids) {
        const outcomes = await Promise.all(
          [store, second, store, second].map((on, side) =>
            tryCommit(on, [changeOf(`${id}/${side}`, 0, { answers: [answerOf(id)] })]),
          ),
        );
        assert.equal(outcomes.filter(({ length }) => length === 0).length, 1, id);
        const kept = await second.versions([0, 1, 2, 3].map((side) => `${id}/${side}`));
        assert.deepEqual(
          kept,
          outcomes.map(({ length }) => 1 - length),
        );
      }
    },
  },
  {
    name: "S6: of a handover and a change that answers at the same moment, one comes first",
    async run({ store, other }) {
      const second = await other();
      await keepAsked(store);
      const handedOn = ids.map((messageId) => ({ messageId, by: "worker-b", to: "worker-c" }));
      await Promise.all([
        ...ids.slice(0, 10).map((id) => tryCommit(store, [startOf(id)])),
        keep(second, [], { handedOn: handedOn.toReversed() }),
        ...ids.slice(10).map((id) => tryCommit(store, [startOf(id)])),
      ]);
      const answered = (await started(store)).map(({ instance }) => instance.id.split("/")[0]);
      assert.deepEqual(await messageIds(store, "worker-b"), []);
      assert.deepEqual(await answerIds(store, "worker-a"), [...answered].sort());
      // They were sent by changes of one commit, which have no order.
      assert.deepEqual(
        (await messageIds(store, "worker-c")).sort(),
        ids.filter((id) => !answered.includes(id)).sort(),
      );
    },
  },
  {
    name: "S6: what a worker and the one who takes it for gone answer is kept once",
    async run({ store, other }) {
      const second = await other();
      await keepAsked(store);
      const takeOver = async () => {
        await second.claim({ workerId: "worker-c", gone: [{ id: "worker-b", beat: 1 }], limit: 1 });
        const answers = (id: string) => [answerOf(id, { by: "worker-c" })];
        const changes = ids.map((id) => changeOf(id, 1, { answers: answers(id) }));
        return tryCommit(second, changes);
      };
      const early = ids.slice(0, 10).map((id) => tryCommit(store, [startOf(id)]));
      const takenOver = takeOver();
      const late = ids.slice(10).map((id) => tryCommit(store, [startOf(id)]));
      const [refused] = await Promise.all([takenOver, ...early, ...late]);
      const byB = (await started(second)).map(({ instance }) => instance.id.split("/")[0]);
      assert.deepEqual(refused, [...byB].sort());
      assert.deepEqual(await mailOf(store, ["worker-b", "worker-c"]), [
        { messages: [], answers: [] },
        { messages: [], answers: [] },
      ]);
      assert.deepEqual(await answerIds(store, "worker-a"), [...ids].sort());
    },
  },
];

export const answerCases: readonly CaseDefinition[] = [
  ...lossCases,
  {
    name: "S6: a change that answers several messages is refused if one of them is gone",
    async run({ store }) {
      await beatOnce(store, ...workers);
      await keep(store, [changeOf("order", 0)], {
        sent: ["1", "2", "3"].map((id) => messageOf(id)),
      });
      await keep(store, [], { answers: [answerOf("2")] });
      const answers = ["1", "2", "3"].map((id) => answerOf(id));
      assert.deepEqual(await tryCommit(store, [changeOf("order", 1, { answers })]), ["order"]);
      assert.deepEqual(await messageIds(store, "worker-b"), ["1", "3"]);
      assert.deepEqual(await answerIds(store, "worker-a"), ["2"]);
      await keep(store, [changeOf("order", 1, { answers: [answerOf("1"), answerOf("3")] })]);
      assert.deepEqual(await answerIds(store, "worker-a"), ["1", "2", "3"]);
    },
  },
  {
    name: "S6: of two changes of one commit that answer one message, one is kept",
    async run({ store }) {
      await beatOnce(store, ...workers);
      await keep(store, [], { sent: [messageOf("1")] });
      const answers = [answerOf("1")];
      const refused = await tryCommit(store, [
        changeOf("a", 0, { answers }),
        changeOf("b", 0, { answers }),
        changeOf("c", 0),
      ]);
      assert.equal(refused.length, 1, "one of the two is refused");
      const kept = await loadAll(store, ["a", "b", "c"]);
      assert.deepEqual(
        kept.map(({ instance }) => instance.id),
        [refused[0] === "a" ? "b" : "a", "c"],
      );
      assert.deepEqual(await answerIds(store, "worker-a"), ["1"]);
    },
  },
  {
    name: "S6: a change that is refused for its version does not use its message up",
    async run({ store }) {
      await beatOnce(store, ...workers);
      await keep(store, [changeOf("stale", 0)], { sent: [messageOf("1")] });
      const answers = [answerOf("1")];
      const refused = await tryCommit(store, [
        changeOf("stale", 7, { answers }),
        changeOf("order", 0, { answers }),
      ]);
      assert.deepEqual(refused, ["stale"]);
      assert.deepEqual(await answerIds(store, "worker-a"), ["1"]);
    },
  },
  {
    name: "S6: a change that answers in a worker's place is refused",
    async run({ store }) {
      await beatOnce(store, ...workers);
      await keep(store, [], { sent: [messageOf("1")] });
      for (const by of ["worker-a", "worker-c", "never-known", "WORKER-B", ""]) {
        const change = changeOf("order", 0, { answers: [answerOf("1", { by })] });
        assert.deepEqual(await tryCommit(store, [change]), ["order"], by);
      }
      assert.equal(await isKept(store, "order"), false);
      assert.deepEqual(await messageIds(store, "worker-b"), ["1"]);
    },
  },
  {
    name: "S6: refused changes leave the owner and the version of an instance as they were",
    async run({ store, other }) {
      const second = await other();
      const answers = [answerOf("never-sent")];
      const refuse = async (version: number, owner: string | undefined) => {
        const change = changeOf("order", version, { owner, answers });
        assert.deepEqual(await tryCommit(store, [change]), ["order"]);
      };
      const keepOwner = async (version: number, owner: string | undefined) => {
        await keep(store, [changeOf("order", version, { owner })]);
        const { version: reached, owner: kept } = await loadOne(second, "order");
        assert.deepEqual([reached, kept], [version + 1, owner]);
      };
      await refuse(0, "worker-b");
      await keep(second, [changeOf("first", 0), changeOf("order", 0, { owner: "worker-c" })]);
      await keepOwner(1, "worker-b");
      await refuse(2, "worker-c");
      await keepOwner(2, "worker-c");
      await refuse(3, undefined);
      await keepOwner(3, "worker-c");
      await refuse(4, "worker-c");
      await keepOwner(4, undefined);
      await refuse(5, "worker-b");
      await keepOwner(5, undefined);
      assert.equal((await loadOne(store, "first")).version, 1);
    },
  },
  ...raceCases,
];
