import assert from "node:assert/strict";
import type { Change, KnownWorker, Store } from "../../store/store.ts";
import type { CaseDefinition } from "./case.ts";
import {
  beatOnce,
  changeOf,
  executionRecord,
  keep,
  loadAll,
  loadOne,
  messageOf,
  taskRecord,
  tryCommit,
} from "./records.ts";

function byId(workers: readonly KnownWorker[]): KnownWorker[] {
  return [...workers].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** New instances that a worker owns. */
function owned(owner: string, amount: number): { ids: string[]; changes: Change[] } {
  const ids = Array.from({ length: amount }, (_, index) => `${owner}-${index}`);
  return { ids, changes: ids.map((id) => changeOf(id, 0, { owner })) };
}

const atFirstBeat = (id: string) => ({ id, beat: 1 });

/** Claims until nothing is left. */
async function claimAll(store: Store, workerId: string, gone: readonly string[], limit: number) {
  const all: string[] = [];
  for (;;) {
    const claimed = await store.claim({ workerId, gone: gone.map(atFirstBeat), limit });
    assert.ok(claimed.length <= limit, `${claimed.length} were claimed, and the limit is ${limit}`);
    if (claimed.length === 0) return all.sort();
    all.push(...claimed);
  }
}

export const workerCases: readonly CaseDefinition[] = [
  {
    name: "the first sign of life makes a worker known, later ones count",
    async run({ store, other }) {
      const second = await other();
      const known = (id: string, beat: number) => ({ id, beat, isGone: false });
      assert.deepEqual(await store.beat({ id: "worker-a", beat: 1 }), [known("worker-a", 1)]);
      assert.deepEqual(byId(await second.beat({ id: "worker-b", beat: 1 })), [
        known("worker-a", 1),
        known("worker-b", 1),
      ]);
      await store.beat({ id: "worker-a", beat: 2 });
      await store.beat({ id: "worker-a", beat: 3 });
      assert.deepEqual(byId(await second.beat({ id: "worker-b", beat: 2 })), [
        known("worker-a", 3),
        known("worker-b", 2),
      ]);
    },
  },
  {
    name: "a later sign of life of a worker that is not known changes nothing",
    async run({ store, other }) {
      const second = await other();
      await beatOnce(store, "worker-a");
      const onlyA = [{ id: "worker-a", beat: 1, isGone: false }];
      assert.deepEqual(await second.beat({ id: "worker-b", beat: 2 }), onlyA);
      await beatOnce(second, "worker-b");
      await store.claim({ workerId: "worker-a", gone: [{ id: "worker-b", beat: 1 }], limit: 10 });
      assert.deepEqual(await second.beat({ id: "worker-b", beat: 2 }), onlyA);
      assert.deepEqual(await store.beat({ id: "worker-a", beat: 1 }), onlyA);
    },
  },
  {
    name: "a worker that was forgotten can become known again, and has lost what it had",
    async run({ store, other }) {
      const second = await other();
      await beatOnce(store, "worker-a", "worker-b");
      await keep(second, [changeOf("order", 0, { owner: "worker-b" })]);
      await store.claim({ workerId: "worker-a", gone: [{ id: "worker-b", beat: 1 }], limit: 10 });
      assert.deepEqual(byId(await second.beat({ id: "worker-b", beat: 1 })), [
        { id: "worker-a", beat: 1, isGone: false },
        { id: "worker-b", beat: 1, isGone: false },
      ]);
      assert.equal((await loadOne(second, "order")).owner, "worker-a");
      await keep(second, [changeOf("new", 0, { owner: "worker-b" })]);
      assert.deepEqual(await claimAll(store, "worker-a", [], 10), []);
    },
  },
  {
    name: "forgetting a worker twice, or one that was never known, does no harm",
    async run({ store }) {
      await beatOnce(store, "worker-a", "worker-b");
      await store.retire("worker-b");
      await store.retire("worker-b");
      await store.retire("never-known");
      const claim = {
        workerId: "worker-a",
        gone: ["worker-b", "never-known"].map(atFirstBeat),
        limit: 10,
      };
      assert.deepEqual(await store.claim(claim), []);
      assert.equal((await store.beat({ id: "worker-a", beat: 2 })).length, 1);
    },
  },
  {
    name: "a worker that has given a sign of life since it was looked at is not gone",
    async run({ store, other }) {
      const second = await other();
      await beatOnce(store, "worker-a");
      await beatOnce(second, "worker-b");
      const { ids, changes } = owned("worker-b", 2);
      await keep(second, changes);
      await second.beat({ id: "worker-b", beat: 2 });
      assert.deepEqual(await claimAll(store, "worker-a", ["worker-b"], 10), []);
      assert.deepEqual([...(await store.owned("worker-b"))].sort(), ids);
      const claim = { workerId: "worker-a", gone: [{ id: "worker-b", beat: 2 }], limit: 10 };
      assert.deepEqual([...(await store.claim(claim))].sort(), ids);
      assert.deepEqual(await second.owned("worker-b"), []);
      assert.deepEqual([...(await second.owned("worker-a"))].sort(), ids);
    },
  },
  {
    name: "a worker that retires is known no more, and its instances can be claimed at once",
    async run({ store, other }) {
      const second = await other();
      await beatOnce(store, "worker-a");
      await beatOnce(second, "worker-b");
      const { ids, changes } = owned("worker-b", 3);
      await keep(second, changes);
      assert.deepEqual(await claimAll(store, "worker-a", [], 10), []);
      await second.retire("worker-b");
      assert.deepEqual(await claimAll(store, "worker-a", [], 10), ids);
      assert.deepEqual(await store.beat({ id: "worker-a", beat: 2 }), [
        { id: "worker-a", beat: 2, isGone: false },
      ]);
    },
  },
  {
    name: "a claim takes what belonged to workers that are gone, and nothing else",
    async run({ store, other }) {
      const second = await other();
      await beatOnce(store, "worker-a", "worker-b", "gone");
      const gone = owned("gone", 5);
      const unknown = owned("never-known", 2);
      await keep(second, [
        ...gone.changes,
        ...unknown.changes,
        ...owned("worker-a", 2).changes,
        ...owned("worker-b", 2).changes,
        changeOf("free", 0),
      ]);
      assert.deepEqual(await claimAll(second, "worker-b", [], 10), unknown.ids);
      assert.deepEqual(await claimAll(store, "worker-a", ["gone"], 10), gone.ids);
      assert.deepEqual(await claimAll(second, "worker-b", [], 10), []);
      const loaded = await loadAll(second, [...gone.ids, "worker-a-0", "worker-b-1", "free"]);
      assert.deepEqual(
        loaded.map(({ owner, version }) => [owner, version]),
        [...gone.ids.map(() => ["worker-a", 2]), ["worker-a", 1], ["worker-b", 1], [undefined, 1]],
      );
    },
  },
  {
    name: "a claim takes no more than its limit",
    async run({ store }) {
      await beatOnce(store, "worker-a");
      const { ids, changes } = owned("gone", 10);
      await keep(store, changes);
      const first = await store.claim({ workerId: "worker-a", gone: [], limit: 4 });
      assert.equal(first.length, 4);
      const owners = (await loadAll(store, ids)).map(({ owner }) => owner);
      assert.equal(owners.filter((owner) => owner === "worker-a").length, 4);
      const rest = await claimAll(store, "worker-a", [], 4);
      assert.deepEqual([...first, ...rest].sort(), ids);
    },
  },
  {
    name: "S5: a claim raises versions, so what the owner before still writes is refused",
    async run({ store, other }) {
      const second = await other();
      await beatOnce(store, "worker-a", "worker-b");
      await keep(store, [changeOf("order", 0, { owner: "worker-b" })]);
      const claimed = await second.claim({
        workerId: "worker-a",
        gone: [{ id: "worker-b", beat: 1 }],
        limit: 10,
      });
      assert.deepEqual(claimed, ["order"]);
      const before = await loadOne(second, "order");
      assert.deepEqual([before.version, before.owner], [2, "worker-a"]);
      const stale = changeOf("order", 1, {
        owner: "worker-b",
        executions: [executionRecord(1)],
        tasks: [taskRecord("1.1")],
        sent: [messageOf("stale", { to: "worker-a" })],
      });
      assert.deepEqual(await tryCommit(store, [stale, changeOf("new", 0)]), ["order"]);
      assert.deepEqual(await loadOne(store, "order"), before);
      assert.deepEqual(await store.listTasks({ limit: 10 }), []);
      assert.deepEqual((await store.receive("worker-a")).messages, []);
      await keep(second, [changeOf("order", 2, { owner: "worker-a" })]);
    },
  },
  {
    name: "an instance that is claimed keeps its records",
    async run({ store }) {
      await beatOnce(store, "worker-a");
      const parts = { executions: [executionRecord(1)], tasks: [taskRecord("1.1")] };
      await keep(store, [changeOf("order", 0, { owner: "gone", ...parts })]);
      const before = await loadOne(store, "order");
      await store.claim({ workerId: "worker-a", gone: [], limit: 10 });
      assert.deepEqual(await loadOne(store, "order"), {
        ...before,
        version: 2,
        owner: "worker-a",
      });
    },
  },
  {
    name: "what two workers claim at the same moment is spread, and given to one of them only",
    async run({ store, other }) {
      const second = await other();
      await beatOnce(store, "worker-a", "worker-b");
      const { ids, changes } = owned("gone", 40);
      await keep(store, changes);
      const [first, more] = await Promise.all([
        store.claim({ workerId: "worker-a", gone: [{ id: "gone", beat: 1 }], limit: 20 }),
        second.claim({ workerId: "worker-b", gone: [{ id: "gone", beat: 1 }], limit: 20 }),
      ]);
      assert.ok(first.length > 0 && more.length > 0, "both get some");
      const [rest, moreRest] = await Promise.all([
        claimAll(store, "worker-a", ["gone"], 7),
        claimAll(second, "worker-b", ["gone"], 7),
      ]);
      const ofA = [...first, ...rest];
      const ofB = [...more, ...moreRest];
      assert.deepEqual([...ofA, ...ofB].sort(), [...ids].sort());
      for (const { instance, owner, version } of await loadAll(store, ids)) {
        assert.equal(owner, ofA.includes(instance.id) ? "worker-a" : "worker-b");
        assert.equal(version, 2);
      }
    },
  },
  {
    name: "settings: the first value stays",
    async run({ store, other }) {
      const second = await other();
      assert.equal(await store.keepSetting("secret", "one"), "one");
      assert.equal(await second.keepSetting("secret", "two"), "one");
      assert.equal(await store.keepSetting("secret", "three"), "one");
      assert.equal(await store.keepSetting("Secret", "four"), "four");
      assert.equal(await store.keepSetting("empty", ""), "");
      assert.equal(await second.keepSetting("empty", "five"), "");
      const odd = 'it\'s "odd": \\u0000 %_ ünï 👍\n'.repeat(1_000);
      assert.equal(await store.keepSetting("it's odd", odd), odd);
      assert.equal(await second.keepSetting("it's odd", "six"), odd);
    },
  },
  {
    name: "settings: a value that replaces another is kept if the other one was",
    async run({ store, other }) {
      const second = await other();
      assert.equal(await store.keepSetting("key", "one", "none"), "one");
      assert.equal(await second.keepSetting("key", "two", "none"), "one");
      assert.equal(await second.keepSetting("key", "two", "ONE"), "one");
      assert.equal(await second.keepSetting("key", "two", "one"), "two");
      assert.equal(await store.keepSetting("key", "three", "one"), "two");
      assert.equal(await store.keepSetting("key", "two", "two"), "two");
      assert.equal(await store.keepSetting("key", "", "two"), "");
      assert.equal(await second.keepSetting("key", "four"), "");
      assert.equal(await second.keepSetting("key", "four", ""), "four");
      assert.equal(await store.keepSetting("other", "five"), "five");
    },
  },
  {
    name: "settings: of those who replace one value at the same moment, one does",
    async run({ store, other }) {
      const second = await other();
      await store.keepSetting("key", "0");
      for (let round = 1; round <= 10; round++) {
        const told = await Promise.all(
          Array.from({ length: 8 }, (_, index) =>
            (index % 2 === 0 ? store : second).keepSetting(
              "key",
              `${round}/${index}`,
              round === 1 ? "0" : `${round - 1}`,
            ),
          ),
        );
        assert.equal(new Set(told).size, 1, `all are told the same: ${told}`);
        const [kept = ""] = told;
        assert.ok(kept.startsWith(`${round}/`), `"${kept}" is of round ${round}`);
        assert.equal(await second.keepSetting("key", `${round}`, kept), `${round}`);
      }
    },
  },
  {
    name: "settings: of values given at the same moment, all are told the one that is kept",
    async run({ store, other }) {
      const second = await other();
      for (const key of ["a", "b", "c", "d", "e"]) {
        const told = await Promise.all(
          Array.from({ length: 8 }, (_, index) =>
            (index % 2 === 0 ? store : second).keepSetting(key, `value-${index}`),
          ),
        );
        assert.equal(new Set(told).size, 1, `all are told the same: ${told}`);
        assert.equal(await second.keepSetting(key, "late"), told[0]);
      }
    },
  },
];
