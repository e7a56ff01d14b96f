import assert from "node:assert/strict";
import type { CaseDefinition } from "./case.ts";
import {
  actRecord,
  answerIds,
  answerOf,
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
  tryCommit,
} from "./records.ts";

const ids = Array.from({ length: 20 }, (_, index) => `order-${index}`);

export const concurrencyCases: readonly CaseDefinition[] = [
  {
    name: "a store says whether several processes may use it",
    async run({ store, lacks }) {
      assert.equal(store.isShared, lacks.sharing === undefined);
    },
  },
  {
    name: "S2: of two changes with the same expected version at the same moment, one is kept",
    async run({ store, other }) {
      const second = await other();
      await keep(
        store,
        ids.map((id) => changeOf(id, 0)),
      );
      for (let version = 1; version <= 5; version++) {
        const commits = ids.flatMap((id) =>
          [store, second].map((on, side) =>
            tryCommit(on, [
              changeOf(id, version, {
                instance: instanceRecord(id, { reason: `side ${side}` }),
                executions: [executionRecord(version, { path: `side ${side}` })],
                tasks: [taskRecord(`${version}.${side}`)],
              }),
            ]),
          ),
        );
        const refused = (await Promise.all(commits)).map(({ length }) => length);
        const loaded = await loadAll(store, ids);
        for (const [index, id] of ids.entries()) {
          const sides = refused.slice(2 * index, 2 * index + 2);
          assert.deepEqual([...sides].sort(), [0, 1], `of "${id}" one is refused`);
          const winner = `side ${sides.indexOf(0)}`;
          const { instance, executions, tasks } = loaded[index] as (typeof loaded)[number];
          assert.equal(instance.reason, winner);
          assert.equal(executions.at(-1)?.path, winner);
          assert.equal(tasks.length, version);
          assert.equal(loaded[index]?.version, version + 1);
        }
      }
    },
  },
  {
    name: "S2: commits of the same instances in opposite orders do not block each other",
    async run({ store, other }) {
      const second = await other();
      await keep(
        store,
        ids.map((id) => changeOf(id, 0)),
      );
      for (let version = 1; version <= 10; version++) {
        const all = await Promise.all(
          [ids, ids.toReversed(), ids, ids.toReversed()].map((order, side) =>
            tryCommit(
              side % 2 === 0 ? store : second,
              order.map((id) =>
                changeOf(id, version, {
                  executions: [executionRecord(version, { path: `side ${side}` })],
                }),
              ),
            ),
          ),
        );
        for (const { instance, version: reached, executions } of await loadAll(second, ids)) {
          assert.equal(reached, version + 1);
          const winners = all.flatMap((refused, side) =>
            refused.includes(instance.id) ? [] : [`side ${side}`],
          );
          assert.deepEqual(winners, [executions.at(-1)?.path]);
        }
      }
    },
  },
  {
    name: "S2: of new instances with one id or one key at the same moment, one is kept",
    async run({ store, other }) {
      const second = await other();
      const stores = [store, second, store, second];
      const sameId = await Promise.all(
        stores.map((on, side) =>
          tryCommit(on, [
            changeOf("same", 0, { instance: instanceRecord("same", { reason: `${side}` }) }),
          ]),
        ),
      );
      const winner = sameId.findIndex((refused) => refused.length === 0);
      assert.equal(sameId.filter((refused) => refused.length === 0).length, 1);
      assert.equal((await loadOne(store, "same")).instance.reason, `${winner}`);
      const sameKey = await Promise.all(
        stores.map((on, side) =>
          tryCommit(on, [
            changeOf(`keyed-${side}`, 0, {
              instance: instanceRecord(`keyed-${side}`, { idempotencyKey: "key" }),
            }),
            changeOf(`beside-${side}`, 0),
          ]),
        ),
      );
      const kept = await loadAll(store, ["keyed-0", "keyed-1", "keyed-2", "keyed-3"]);
      assert.equal(kept.length, 1);
      assert.equal(await second.findByIdempotencyKey("key"), kept[0]?.instance.id);
      for (const [side, refused] of sameKey.entries()) {
        const isKept = kept[0]?.instance.id === `keyed-${side}`;
        assert.deepEqual(refused, isKept ? [] : [`keyed-${side}`]);
        assert.equal((await loadOne(second, `beside-${side}`)).version, 1);
      }
    },
  },
  {
    name: "commits that hand on, answer and dismiss the same messages do not block each other",
    async run({ store, other }) {
      const second = await other();
      await beatOnce(store, "worker-a", "worker-b", "worker-c");
      for (let round = 0; round < 10; round++) {
        const sent = ids.map((id) => messageOf(`${id}/${round}`));
        const all = sent.map(({ id }) => id);
        await Promise.all([
          keep(store, [], { sent: sent.slice(10) }),
          keep(second, [], { sent: sent.slice(0, 10) }),
        ]);
        const handedOn = all.map((messageId) => ({ messageId, by: "worker-b", to: "worker-c" }));
        await Promise.all([
          keep(store, [], { handedOn }),
          keep(second, [], { handedOn: handedOn.toReversed() }),
        ]);
        assert.equal((await store.receive("worker-c")).messages.length, ids.length);
        const answers = all.map((id) => answerOf(id, { by: "worker-c" }));
        await Promise.all([
          keep(store, [], { answers }),
          keep(second, [], { answers: answers.toReversed() }),
        ]);
        assert.deepEqual(await second.receive("worker-c"), { messages: [], answers: [] });
        assert.deepEqual(await answerIds(second, "worker-a"), [...all].sort());
        await Promise.all([
          keep(store, [], { dismissed: all }),
          keep(second, [], { dismissed: all.toReversed() }),
        ]);
        assert.deepEqual(await store.receive("worker-a"), { messages: [], answers: [] });
      }
    },
  },
  {
    name: "of claims at the same moment, one takes each message over",
    async run({ store, other }) {
      const second = await other();
      await store.beat({ id: "worker-a", beat: 1 });
      await store.beat({ id: "worker-b", beat: 1 });
      await keep(store, [], { sent: ids.map((id) => messageOf(id, { to: "gone" })) });
      await Promise.all([
        store.claim({ workerId: "worker-a", gone: [{ id: "gone", beat: 1 }], limit: 1 }),
        second.claim({ workerId: "worker-b", gone: [{ id: "gone", beat: 1 }], limit: 1 }),
      ]);
      const forA = (await second.receive("worker-a")).messages;
      const forB = (await store.receive("worker-b")).messages;
      assert.deepEqual([...forA, ...forB].map(({ id }) => id).sort(), [...ids].sort());
    },
  },
  {
    name: "signs of life, claims and departures at the same moment do not block each other",
    async run({ store, other }) {
      const second = await other();
      const workers = ["w1", "w2", "w3", "w4", "w5", "w6"];
      for (let round = 0; round < 5; round++) {
        await keep(
          store,
          ids.map((id) => changeOf(`${id}/${round}`, 0, { owner: "gone" })),
        );
        const claims = await Promise.all(
          workers.map(async (workerId, index) => {
            const on = index % 2 === 0 ? store : second;
            await on.beat({ id: workerId, beat: 1 });
            const claimed = await on.claim({ workerId, gone: [{ id: "gone", beat: 1 }], limit: 2 });
            if (index < 2) await on.retire(workerId);
            else await on.beat({ id: workerId, beat: 2 });
            return claimed;
          }),
        );
        const known = await store.beat({ id: "w6", beat: 3 });
        assert.deepEqual(known.map(({ id }) => id).sort(), ["w3", "w4", "w5", "w6"]);
        // What a worker had that retired may have been claimed once more at once.
        for (const workerId of ["w3", "w4", "w5", "w6"]) {
          const kept = claims[workers.indexOf(workerId)] ?? [];
          const loaded = await loadAll(store, kept);
          assert.ok(loaded.every(({ owner }) => owner === workerId));
        }
      }
    },
  },
  {
    name: "S1: nobody reads half of a change",
    async run({ store, other }) {
      const second = await other();
      const change = (mark: number) => {
        const text = `mark ${mark}`;
        return changeOf("order", mark - 1, {
          owner: text,
          instance: instanceRecord("order", { reason: text }),
          executions: Array.from({ length: 200 }, (_, index) =>
            executionRecord(index + 1, { path: text }),
          ),
          tasks: [1, 2, 3].map((id) => taskRecord(`${id}`, { title: text })),
          timers: [1, 2].map((id) => timerRecord(`${id}`, { fireAt: moment + mark })),
          signals: [1, 2].map((id) => signalRecord(`${id}`, { name: text })),
          acts: [actRecord({ path: text })],
        });
      };
      await keep(store, [change(1)]);
      let isDone = false;
      const read = async () => {
        do {
          const { version, owner, instance, ...rows } = await loadOne(second, "order");
          const text = `mark ${version}`;
          const marks = new Set([
            owner,
            instance.reason,
            ...rows.executions.map(({ path }) => path),
            ...rows.tasks.map(({ title }) => title),
            ...rows.timers.map(({ fireAt }) => `mark ${fireAt - moment}`),
            ...rows.signals.map(({ name }) => name),
          ]);
          assert.deepEqual([...marks], [text]);
          assert.equal(rows.executions.length, 200);
          const acts = await second.listActs({ instanceId: "order", limit: 100 });
          assert.ok(acts.length >= version, `${version} changes have added ${acts.length} acts`);
        } while (!isDone);
      };
      const write = async () => {
        try {
          for (let mark = 2; mark <= 20; mark++) await keep(store, [change(mark)]);
        } finally {
          isDone = true;
        }
      };
      await Promise.all([write(), read(), read()]);
    },
  },
  {
    name: "S5: of a claim and a commit of the owner at the same moment, one comes first",
    async run({ store, other }) {
      const second = await other();
      await store.beat({ id: "worker-a", beat: 1 });
      await keep(
        store,
        ids.map((id) => changeOf(id, 0, { owner: "gone" })),
      );
      const [claimed, ...refusals] = await Promise.all([
        second.claim({ workerId: "worker-a", gone: [{ id: "gone", beat: 1 }], limit: 100 }),
        ...ids.map((id) =>
          tryCommit(store, [changeOf(id, 1, { executions: [executionRecord(1)] })]),
        ),
      ]);
      for (const [index, { instance, version, owner, executions }] of (
        await loadAll(store, ids)
      ).entries()) {
        const isClaimed = claimed.includes(instance.id);
        assert.equal(refusals[index]?.length, isClaimed ? 1 : 0, instance.id);
        assert.deepEqual(
          [version, owner, executions.length],
          isClaimed ? [2, "worker-a", 0] : [2, undefined, 1],
        );
      }
    },
  },
];
