import assert from "node:assert/strict";
import type { ScheduleQuery, ScheduleRecord, Store } from "../../store/store.ts";
import type { CaseDefinition } from "./case.ts";
import { moment, scheduleRecord } from "./records.ts";

/** The ids of the schedules that a query finds, in their order. */
async function listed(store: Store, query: Partial<ScheduleQuery> = {}): Promise<string[]> {
  return (await store.listSchedules({ limit: 1_000, ...query })).map(({ id }) => id);
}

async function save(store: Store, ...schedules: readonly ScheduleRecord[]): Promise<void> {
  for (const schedule of schedules) {
    assert.equal(await store.saveSchedule(schedule), true, `"${schedule.id}" is kept`);
  }
}

export const scheduleCases: readonly CaseDefinition[] = [
  {
    name: "schedules come back as they were given",
    async run({ store, other }) {
      const text = 'it\'s "odd": \\u0000 %_ ünï 👍\n';
      const full = {
        ...{ workflow: text, version: "1.0.0", cron: text, timezone: "Europe/Berlin" },
        ...{ user: text, tenant: text, businessKey: text, tags: ["b", "a", text] },
        ...{ initialData: { order: { lines: [1, 2] } }, isPaused: true, missed: "skip" as const },
        ...{ createdAt: -8.64e15, nextAt: 8.64e15, lastAt: 0, lastInstanceId: text },
      };
      const schedules = [
        scheduleRecord("a"),
        scheduleRecord("b", full),
        scheduleRecord("c", { nextAt: undefined }),
        scheduleRecord(text, { user: "", tenant: "", businessKey: "", version: "" }),
      ];
      await save(store, ...schedules);
      const second = await other();
      assert.deepEqual(await second.listSchedules({ limit: 10 }), schedules);
    },
  },
  {
    name: "a schedule is kept if nobody has saved it since it was read",
    async run({ store, other }) {
      const second = await other();
      const revision = (number: number, cron: string) =>
        scheduleRecord("daily", { revision: number, cron });
      assert.equal(await store.saveSchedule(revision(2, "early")), false);
      assert.deepEqual(await listed(store), []);
      await save(store, revision(1, "first"));
      for (const stale of [0, 1, 3]) {
        assert.equal(await second.saveSchedule(revision(stale, "refused")), false);
      }
      await save(second, revision(2, "second"));
      assert.equal(await store.saveSchedule(revision(2, "late")), false);
      await save(store, revision(3, "third"), scheduleRecord("other"));
      assert.deepEqual(await second.listSchedules({ limit: 1 }), [revision(3, "third")]);
    },
  },
  {
    name: "of those who save a schedule at the same moment, one does",
    async run({ store, other }) {
      const second = await other();
      for (let revision = 1; revision <= 10; revision++) {
        const saved = await Promise.all(
          Array.from({ length: 6 }, (_, index) =>
            (index % 2 === 0 ? store : second).saveSchedule(
              scheduleRecord("daily", { revision, cron: `${index}` }),
            ),
          ),
        );
        assert.equal(saved.filter(Boolean).length, 1, `one of ${saved.length} is kept`);
        const [kept] = await second.listSchedules({ limit: 1 });
        assert.deepEqual([kept?.revision, kept?.cron], [revision, `${saved.indexOf(true)}`]);
      }
    },
  },
  {
    name: "schedules are listed by id, in pages, by workflow and tenant",
    async run({ store }) {
      const ids = ["b", "a", "B", "10", "9", "é", "a-1"];
      await save(
        store,
        ...ids.map((id, index) =>
          scheduleRecord(id, {
            workflow: index % 2 === 0 ? "orders" : "contracts",
            tenant: index < 3 ? "acme" : undefined,
          }),
        ),
      );
      const sorted = ["10", "9", "B", "a", "a-1", "b", "é"];
      assert.deepEqual(await listed(store), sorted);
      assert.deepEqual(await listed(store, { limit: 3 }), sorted.slice(0, 3));
      assert.deepEqual(await listed(store, { limit: 3, after: "B" }), sorted.slice(3, 6));
      assert.deepEqual(await listed(store, { after: "b " }), ["é"]);
      assert.deepEqual(await listed(store, { workflow: "contracts" }), ["10", "a", "é"]);
      assert.deepEqual(await listed(store, { tenant: "acme" }), ["B", "a", "b"]);
      assert.deepEqual(await listed(store, { tenant: "acme", workflow: "orders", after: "B" }), [
        "b",
      ]);
      assert.deepEqual(await listed(store, { tenant: "Acme" }), []);
      assert.deepEqual(await listed(store, { id: "a" }), ["a"]);
      assert.deepEqual(await listed(store, { id: "a", workflow: "orders" }), []);
      assert.deepEqual(await listed(store, { id: "A" }), []);
    },
  },
  {
    name: "schedules that are due are listed by when they fire",
    async run({ store }) {
      const at = (id: string, nextAt: number | undefined, isPaused = false) =>
        scheduleRecord(id, { nextAt, isPaused, workflow: id.startsWith("c") ? "c" : "orders" });
      await save(
        store,
        ...[at("a", moment + 2), at("b", moment), at("c", moment - 5), at("d", moment)],
        ...[at("e", undefined), at("f", moment - 9, true), at("g", moment + 1)],
      );
      assert.deepEqual(await listed(store, { dueBefore: moment + 2 }), ["c", "b", "d", "g"]);
      assert.deepEqual(await listed(store, { dueBefore: moment + 2, limit: 2 }), ["c", "b"]);
      assert.deepEqual(await listed(store, { dueBefore: moment }), ["c"]);
      const orders = { dueBefore: moment + 1, workflow: "orders" };
      assert.deepEqual(await listed(store, orders), ["b", "d"]);
      await save(
        store,
        { ...at("f", moment - 9), revision: 2 },
        { ...at("c", 0, true), revision: 2 },
      );
      assert.deepEqual(await listed(store, { dueBefore: moment + 1 }), ["f", "b", "d"]);
    },
  },
  {
    name: "a schedule that was removed is gone, and can be saved anew",
    async run({ store, other }) {
      const second = await other();
      assert.equal(await store.removeSchedule("daily"), false);
      await save(store, scheduleRecord("daily"), scheduleRecord("hourly"));
      await save(store, scheduleRecord("daily", { revision: 2 }));
      assert.equal(await second.removeSchedule("daily"), true);
      assert.equal(await store.removeSchedule("daily"), false);
      assert.deepEqual(await listed(store), ["hourly"]);
      assert.equal(await store.saveSchedule(scheduleRecord("daily", { revision: 3 })), false);
      await save(store, scheduleRecord("daily"));
    },
  },
];
