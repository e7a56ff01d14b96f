import assert from "node:assert/strict";
import type { ActRecord, ActType } from "../../machine/index.ts";
import type { ActQuery, Store, StoredAct } from "../../store/store.ts";
import type { CaseDefinition } from "./case.ts";
import { actRecord, changeOf, keep, moment, tryCommit } from "./records.ts";

const types: readonly ActType[] = [
  "started",
  "signaled",
  "item-added",
  "map-closed",
  "step-canceled",
  "canceled",
  "paused",
  "resumed",
  "retried",
  "upgraded",
  "task-claimed",
  "task-released",
  "task-reassigned",
  "task-delegated",
  "task-answered",
  "task-commented",
  "task-completed",
  "task-reminded",
  "task-escalated",
];

async function history(store: Store, query: Partial<ActQuery> = {}): Promise<readonly StoredAct[]> {
  return store.listActs({ instanceId: "order", limit: 1_000, ...query });
}

/** What the acts that a query finds are about, in their order. */
async function paths(store: Store, query: Partial<ActQuery> = {}) {
  return (await history(store, query)).map(({ act }) => act.path);
}

/** Acts that are told apart by their paths. */
const acts = (...names: readonly string[]): ActRecord[] => names.map((path) => actRecord({ path }));

export const actCases: readonly CaseDefinition[] = [
  {
    name: "acts come back as they were given, of every type",
    async run({ store }) {
      const text = 'it\'s "odd": \\u0000 %_ ünï 👍\n';
      const given = [
        ...types.map((type) => actRecord({ type })),
        ...[-8.64e15, 0, 8.64e15].map((at) => actRecord({ at })),
        ...["", text].map((each) =>
          actRecord({
            ...{ user: each, onBehalfOf: each, through: each, path: each, taskId: each },
            details: { text: each, to: { users: ["ada"], groups: [] } },
          }),
        ),
        actRecord({ details: {} }),
      ];
      await keep(store, [changeOf("order", 0, { acts: given })]);
      const kept = await history(store);
      assert.deepEqual(
        kept.map(({ act }) => act),
        given,
      );
    },
  },
  {
    name: "acts are added in their order, and their numbers rise",
    async run({ store, other }) {
      const second = await other();
      assert.deepEqual(await history(store), []);
      await keep(store, [
        changeOf("order", 0, { acts: acts("c", "a") }),
        changeOf("beside", 0, { acts: acts("x") }),
      ]);
      await keep(second, [changeOf("order", 1)]);
      await keep(second, [
        changeOf("beside", 1, { acts: acts("y") }),
        changeOf("order", 2, { acts: [...acts("b"), actRecord({ path: "c", at: moment - 9 })] }),
      ]);
      await keep(store, [changeOf("order", 3, { acts: acts("a") })]);
      assert.deepEqual(await paths(second), ["c", "a", "b", "c", "a"]);
      assert.deepEqual(await paths(store, { instanceId: "beside" }), ["x", "y"]);
      assert.deepEqual(await paths(store, { instanceId: "ORDER" }), []);
      const numbers = (await history(store)).map(({ number }) => number);
      assert.deepEqual(
        numbers,
        [...new Set(numbers)].sort((a, b) => a - b),
      );
    },
  },
  {
    name: "acts of a task are listed alone when it is asked for",
    async run({ store }) {
      const ofTask = (taskId: string | undefined, path: string) => actRecord({ taskId, path });
      await keep(store, [
        changeOf("order", 0, {
          acts: [ofTask("1.1", "a"), ofTask(undefined, "b"), ofTask("11", "c")],
        }),
        changeOf("beside", 0, { acts: [ofTask("1.1", "x")] }),
      ]);
      await keep(store, [changeOf("order", 1, { acts: [ofTask("1.2", "d"), ofTask("1.1", "e")] })]);
      assert.deepEqual(await paths(store, { taskId: "1.1" }), ["a", "e"]);
      assert.deepEqual(await paths(store, { taskId: "1.1", limit: 1 }), ["a"]);
      const [first] = await history(store, { taskId: "1.1" });
      assert.deepEqual(await paths(store, { taskId: "1.1", after: first?.number }), ["e"]);
      assert.deepEqual(await paths(store, { taskId: "1" }), []);
      assert.deepEqual(await paths(store), ["a", "b", "c", "d", "e"]);
    },
  },
  {
    name: "pages of acts have no gap and no repeat, also when more are added meanwhile",
    async run({ store }) {
      const all = Array.from({ length: 25 }, (_, index) => `${index}`);
      await keep(store, [changeOf("order", 0, { acts: acts(...all.slice(0, 20)) })]);
      const found: (string | undefined)[] = [];
      let after: number | undefined;
      for (let page = 0; ; page++) {
        const next = await history(store, { limit: 5, after });
        if (page === 1) await keep(store, [changeOf("order", 1, { acts: acts(...all.slice(20)) })]);
        if (next.length === 0) break;
        found.push(...next.map(({ act }) => act.path));
        after = next.at(-1)?.number;
      }
      assert.deepEqual(found, all);
    },
  },
  {
    name: "S1: acts are kept with their change, or not at all",
    async run({ store }) {
      await keep(store, [changeOf("order", 0, { acts: acts("first") })]);
      const refused = await tryCommit(store, [
        changeOf("order", 0, { acts: acts("refused") }),
        changeOf("beside", 0, { acts: acts("kept") }),
      ]);
      assert.deepEqual(refused, ["order"]);
      await tryCommit(store, [changeOf("missing", 3, { acts: acts("refused") })]);
      assert.deepEqual(await paths(store), ["first"]);
      assert.deepEqual(await paths(store, { instanceId: "missing" }), []);
      assert.deepEqual(await paths(store, { instanceId: "beside" }), ["kept"]);
    },
  },
];
