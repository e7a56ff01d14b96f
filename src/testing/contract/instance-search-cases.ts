import assert from "node:assert/strict";
import type { InstanceRecord, WorkflowStatus } from "../../machine/index.ts";
import type { InstanceFilter, InstancePlace, InstanceQuery, Store } from "../../store/store.ts";
import type { CaseDefinition } from "./case.ts";
import { changeOf, instanceRecord, keep, moment } from "./records.ts";

async function keepAll(store: Store, instances: readonly InstanceRecord[]): Promise<void> {
  await keep(
    store,
    instances.map((instance) => changeOf(instance.id, 0, { instance })),
  );
}

/** The ids of the instances that a query finds, in their order. */
async function listed(store: Store, query: Partial<InstanceQuery> = {}): Promise<string[]> {
  const found = await store.listInstances({ newestFirst: false, limit: 1_000, ...query });
  return found.map(({ id }) => id);
}

/** All that a query finds, page by page. */
async function pages(
  store: Store,
  query: Omit<InstanceQuery, "limit">,
  limit: number,
): Promise<string[]> {
  const all: string[] = [];
  let after: InstancePlace | undefined;
  for (;;) {
    const page = await store.listInstances({ ...query, limit, after });
    assert.ok(page.length <= limit, `a page has ${page.length} of ${limit} instances`);
    assert.ok(all.length < 1_000, "the pages come to an end");
    all.push(...page.map(({ id }) => id));
    const last = page.at(-1);
    if (last === undefined || page.length < limit) return all;
    after = { startedAt: last.startedAt, instanceId: last.id };
  }
}

const statuses: readonly WorkflowStatus[] = ["running", "waiting", "completed", "failed"];

/** A few instances of everything that can be asked for, many of them of the same moments. */
const crowd = Array.from({ length: 60 }, (_, index) =>
  instanceRecord(`${["order", "Order", "é"][index % 3]}-${index}`, {
    workflow: index % 4 === 0 ? "contracts" : "orders",
    version: index % 3 === 0 ? "1.0.0" : "1.1.0",
    status: statuses[index % 4] ?? "running",
    startedAt: moment + (index % 5),
    endedAt: index % 4 > 1 ? moment + 9 : undefined,
    businessKey: index % 5 === 0 ? "ORD-1" : undefined,
    tenant: ["acme", "ACME", undefined][index % 3],
    user: index % 7 === 0 ? "ada" : undefined,
    tags: [["urgent"], ["eu", "urgent"], ["EU", "b"], []][index % 4] ?? [],
    parent: index % 6 === 0 ? { instanceId: "parent", executionId: index } : undefined,
  }),
);

/** Filters, and which instances each of them finds. */
const filters: readonly (readonly [InstanceFilter, (each: InstanceRecord) => boolean])[] = [
  [{}, () => true],
  [{ workflow: "contracts" }, ({ workflow }) => workflow === "contracts"],
  [{ workflow: "Contracts" }, () => false],
  [{ version: "1.0.0" }, ({ version }) => version === "1.0.0"],
  [
    { workflow: "orders", version: "1.1.0" },
    ({ workflow, version }) => workflow === "orders" && version === "1.1.0",
  ],
  [{ statuses: ["failed"] }, ({ status }) => status === "failed"],
  [
    { statuses: ["waiting", "completed", "paused"] },
    ({ status }) => status === "waiting" || status === "completed",
  ],
  [{ statuses: [] }, () => false],
  [
    { workflow: "orders", statuses: ["failed", "waiting"] },
    ({ workflow, status }) =>
      workflow === "orders" && (status === "failed" || status === "waiting"),
  ],
  [{ businessKey: "ORD-1" }, ({ businessKey }) => businessKey === "ORD-1"],
  [{ tenant: "acme" }, ({ tenant }) => tenant === "acme"],
  [
    { tenant: "acme", statuses: ["failed"] },
    ({ tenant, status }) => tenant === "acme" && status === "failed",
  ],
  [{ user: "ada" }, ({ user }) => user === "ada"],
  [{ tags: [] }, () => true],
  [{ tags: ["urgent"] }, ({ tags }) => tags.includes("urgent")],
  [{ tags: ["urgent", "eu"] }, ({ tags }) => tags.includes("urgent") && tags.includes("eu")],
  [{ tags: ["urgent", "b"] }, () => false],
  [{ tags: ["Urgent"] }, () => false],
  [{ startedFrom: moment + 2 }, ({ startedAt }) => startedAt >= moment + 2],
  [{ startedBefore: moment + 2 }, ({ startedAt }) => startedAt < moment + 2],
  [
    { startedFrom: moment + 1, startedBefore: moment + 2, tags: ["urgent"] },
    ({ startedAt, tags }) => startedAt === moment + 1 && tags.includes("urgent"),
  ],
  [{ parentId: "parent" }, ({ parent }) => parent !== undefined],
  [{ parentId: "order-0" }, () => false],
];

function compare(a: InstanceRecord, b: InstanceRecord): number {
  return a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1);
}

export const instanceSearchCases: readonly CaseDefinition[] = [
  {
    name: "instances are found by each filter, the oldest first or the newest",
    async run({ store }) {
      await keepAll(store, crowd);
      for (const [filter, isMeant] of filters) {
        const meant = crowd.filter(isMeant).sort(compare);
        const ids = meant.map(({ id }) => id);
        assert.deepEqual(await listed(store, filter), ids, JSON.stringify(filter));
        const newest = await listed(store, { ...filter, newestFirst: true });
        assert.deepEqual(newest, ids.toReversed(), JSON.stringify(filter));
      }
    },
  },
  {
    name: "pages of instances together give everything once, by every filter, in both directions",
    async run({ store }) {
      await keepAll(store, crowd);
      for (const [filter, isMeant] of filters) {
        const ids = crowd
          .filter(isMeant)
          .sort(compare)
          .map(({ id }) => id);
        for (const limit of [1, 7, 60]) {
          const oldest = await pages(store, { ...filter, newestFirst: false }, limit);
          assert.deepEqual(oldest, ids, JSON.stringify(filter));
          const newest = await pages(store, { ...filter, newestFirst: true }, limit);
          assert.deepEqual(newest, ids.toReversed(), JSON.stringify(filter));
        }
      }
    },
  },
  {
    name: "an instance is listed as it is kept, but for its data",
    async run({ store }) {
      const plain = instanceRecord("a", { initialData: { large: "x".repeat(10_000) } });
      const full = instanceRecord("b", {
        ...{ status: "failed", endedAt: moment, user: "ada", tenant: "acme", reason: "x" },
        ...{ businessKey: "ORD-1", tags: ["b", "a"], traceparent: "00-1-2-01" },
        ...{ idempotencyKey: "key", error: { code: "x", message: "\u0000\ud800" } },
        ...{ compensating: "failed", parent: { instanceId: "p", executionId: 3 } },
      });
      await keepAll(store, [plain, full]);
      const summaries = [plain, full].map(({ initialData: _data, ...summary }) => summary);
      const query = { newestFirst: false, limit: 10, workflow: undefined, statuses: undefined };
      assert.deepEqual(await store.listInstances(query), summaries);
    },
  },
  {
    name: "instances are found by what they became, and not by what they were",
    async run({ store, other }) {
      const second = await other();
      const instance = instanceRecord("order", { tags: ["a"], tenant: "acme" });
      await keepAll(store, [instance]);
      await keep(store, [
        changeOf("order", 1, {
          instance: { ...instance, version: "2.0.0", status: "failed", endedAt: moment },
        }),
      ]);
      const statuses = ["running"] as const;
      assert.deepEqual(await listed(second, { statuses }), []);
      assert.deepEqual(await listed(second, { tenant: "acme", statuses }), []);
      assert.deepEqual(await listed(second, { version: "1.0.0" }), []);
      const found = { statuses: ["failed"], version: "2.0.0", tags: ["a"] } as const;
      assert.deepEqual(await listed(second, found), ["order"]);
      assert.deepEqual(await second.countInstances({ tags: ["a"] }), [
        {
          ...{ workflow: "orders", version: "2.0.0", status: "failed" },
          ...{ count: 1, oldestStartedAt: moment },
        },
      ]);
    },
  },
  {
    name: "tags, keys and names of instances may have any characters",
    async run({ store }) {
      const texts = [
        "",
        " ",
        "a,b",
        '"a"',
        "{a}",
        "a\\",
        "%",
        "NULL",
        "it's",
        "日本",
        "👍",
        "A",
        "a",
      ];
      const parts = texts.map((text, index) => ({
        id: `order-${100 + index}`,
        ...{ workflow: text, version: text, businessKey: text, tenant: text, user: text },
        ...{ tags: [text, `${text}!`], parent: { instanceId: text, executionId: 1 } },
      }));
      await keepAll(
        store,
        parts.map(({ id, ...rest }) => instanceRecord(id, rest)),
      );
      for (const [index, text] of texts.entries()) {
        const ids = [`order-${100 + index}`];
        for (const key of ["workflow", "version", "businessKey", "tenant", "user", "parentId"]) {
          assert.deepEqual(await listed(store, { [key]: text }), ids, `${key} ${text}`);
        }
        assert.deepEqual(await listed(store, { tags: [text, `${text}!`] }), ids, `tag ${text}`);
      }
    },
  },
  {
    name: "instances are counted by workflow, version and status, by each filter",
    async run({ store }) {
      assert.deepEqual(await store.countInstances({}), []);
      await keepAll(store, crowd);
      const text = (a: string, b: string) => (a === b ? 0 : a < b ? -1 : 1);
      for (const [filter, isMeant] of filters) {
        const meant = crowd.filter(isMeant).sort(compare);
        const groups = Map.groupBy(meant, (each) =>
          [each.workflow, each.version, each.status].join(" "),
        );
        const counts = [...groups.values()].map((group) => {
          const [oldest] = group as [InstanceRecord, ...InstanceRecord[]];
          const { workflow, version, status, startedAt } = oldest;
          return { workflow, version, status, count: group.length, oldestStartedAt: startedAt };
        });
        counts.sort(
          (a, b) =>
            text(a.workflow, b.workflow) || text(a.version, b.version) || text(a.status, b.status),
        );
        assert.deepEqual(await store.countInstances(filter), counts, JSON.stringify(filter));
      }
    },
  },
];
