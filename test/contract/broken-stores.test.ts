import type {
  Change,
  Claim,
  Commit,
  Store,
  StoredInstance,
  TaskQuery,
  TimerQuery,
} from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { casesOf, type Defects, findDefects } from "../support/broken-stores.ts";
import { nextTurn, RemoteStore } from "../support/remote-store.ts";

describe("a store that several objects share", () => {
  for (const { name, skipped, run } of casesOf(RemoteStore)) {
    test(name, async () => {
      expect(skipped).toBeUndefined();
      await run();
    });
  }
});

// ----------------------------------------------------------------------------- stores with a defect

type Rows = StoredInstance["rows"];

/** Spoils what is loaded. */
const loadsRows = (spoil: (rows: Rows) => Rows) =>
  class extends RemoteStore {
    override async load(instanceIds: readonly string[]) {
      const loaded = await super.load(instanceIds);
      return loaded.map((stored) => ({ ...stored, rows: spoil(stored.rows) }));
    }
  };

/** Spoils the JSON text of the executions on its way. */
const loadsText = (spoil: (text: string) => string) =>
  loadsRows((rows) => ({
    ...rows,
    executions: rows.executions.map((execution) => ({
      ...execution,
      ...JSON.parse(spoil(JSON.stringify({ result: execution.result ?? null }))),
    })),
  }));

const keepsChanges = (spoil: (change: Change) => Change) =>
  class extends RemoteStore {
    override commit(commit: Commit) {
      return super.commit({ ...commit, changes: commit.changes.map(spoil) });
    }
  };

const listsTasks = (list: (store: Store, query: TaskQuery) => ReturnType<Store["listTasks"]>) =>
  class extends RemoteStore {
    override async listTasks(query: TaskQuery) {
      return list(this.home, query);
    }
  };

const listsTimers = (list: (store: Store, query: TimerQuery) => ReturnType<Store["listTimers"]>) =>
  class extends RemoteStore {
    override async listTimers(query: TimerQuery) {
      return list(this.home, query);
    }
  };

const sortedById = <R extends { readonly id: string }>(records: Iterable<R>) =>
  [...records].sort((a, b) => (a.id < b.id ? -1 : 1));

const defects: Defects = {
  "refuses a whole commit": [
    class extends RemoteStore {
      override async commit(commit: Commit) {
        const ids = commit.changes.map(({ instanceId }) => instanceId);
        const versions = await this.home.versions(ids);
        const isStale = commit.changes.some(
          (change, at) => change.expectedVersion !== versions[at],
        );
        return isStale ? ids : super.commit(commit);
      }
    },
    /refused changes do not touch the others/,
  ],
  "sends what refused changes send": [
    class extends RemoteStore {
      override commit({ changes, sent, ...rest }: Commit) {
        return super.commit({
          ...rest,
          sent: [...sent, ...changes.flatMap((change) => change.sent)],
          changes: changes.map((change) => ({ ...change, sent: [] })),
        });
      }
    },
    /leaves nothing behind: no record/,
    /a change whose message was handed on is refused/,
    /S5: a claim raises versions/,
  ],
  "looks at versions, and writes later": [
    class extends RemoteStore {
      override async commit(commit: Commit) {
        const ids = commit.changes.map(({ instanceId }) => instanceId);
        const versions = await super.versions(ids);
        const isStale = (change: Change, at: number) => change.expectedVersion !== versions[at];
        const changes = commit.changes.filter((change, at) => !isStale(change, at));
        const now = await this.home.versions(changes.map(({ instanceId }) => instanceId));
        await super.commit({
          ...commit,
          changes: changes.map((change, at) => ({ ...change, expectedVersion: now[at] ?? 0 })),
        });
        return commit.changes.filter(isStale).map(({ instanceId }) => instanceId);
      }
    },
    /of two changes with the same expected version/,
    /of new instances with one id/,
  ],
  "reads an instance in two statements": [
    class extends RemoteStore {
      override async load(instanceIds: readonly string[]) {
        const first = await this.home.load(instanceIds);
        await nextTurn();
        const second = await this.home.load(instanceIds);
        return first.map((stored, at) => ({
          ...stored,
          rows: { ...stored.rows, tasks: second[at]?.rows.tasks ?? [] },
        }));
      }
    },
    /nobody reads half of a change/,
  ],
  "gives back what it holds": [
    class extends RemoteStore {
      readonly #held = new Map<string, StoredInstance>();

      override async load(instanceIds: readonly string[]) {
        for (const stored of await super.load(instanceIds)) {
          const { id } = stored.rows.instance;
          if (this.#held.get(id)?.version !== stored.version) this.#held.set(id, stored);
        }
        return instanceIds.flatMap((id) => this.#held.get(id) ?? []);
      }
    },
    /nobody changes what is kept/,
  ],
  "forgets the order of the ids that were asked for": [
    class extends RemoteStore {
      override async load(instanceIds: readonly string[]) {
        return super.load([...instanceIds].sort());
      }
    },
    /load gives instances in the order asked for/,
  ],
  "copies changes without their getters": [
    keepsChanges((change) => ({ ...({ sent: [], answers: [] } as object), ...change })),
    /properties are getters/,
  ],
  "gives null for undefined": [
    loadsRows((rows) => ({ ...rows, instance: { ...rows.instance, user: undefined as never } })),
    /an instance comes back as it was given/,
  ],
  "leaves undefined properties out": [
    loadsRows((rows) => ({ ...rows, instance: JSON.parse(JSON.stringify(rows.instance)) })),
    /an instance comes back as it was given/,
  ],
  "loses NUL": [loadsText((text) => text.replaceAll(/(?<!\\)\\u0000/g, "")), /results keep every/],
  "loses lone surrogates": [
    loadsText((text) => text.replaceAll(/\\ud8../g, "\ufffd")),
    /results keep every/,
  ],
  "keeps JSON as a database that sorts keys": [
    loadsRows((rows) => ({
      ...rows,
      executions: rows.executions.map((execution) => ({
        ...execution,
        result: sortKeys(execution.result),
      })),
    })),
    /results keep every/,
  ],
  "keeps numbers with 15 digits": [
    loadsText((text) => text.replaceAll(/\d\.\d{15,}/g, (digits) => digits.slice(0, 17))),
    /results keep every/,
  ],
  "keeps writes as an object": [
    keepsChanges((change) => ({
      ...change,
      executions: change.executions.map((execution) => ({
        ...execution,
        writes: execution.writes && Object.entries(Object.fromEntries(execution.writes)),
      })),
    })),
    /writes keep every JSON value/,
  ],
  "loads signals by id": [
    loadsRows((rows) => ({ ...rows, signals: sortedById(rows.signals) })),
    /signals come back/,
    /order of signals and messages goes on/,
    /10,000 signals/,
  ],
  "pages tasks by their moment alone": [
    listsTasks(async (store, { after, ...query }) => {
      const all = await store.listTasks({ ...query, limit: 1_000 });
      const isAfter = (createdAt: number) => after === undefined || createdAt > after.at;
      return all.filter(({ task }) => isAfter(task.createdAt)).slice(0, query.limit);
    }),
    /pages of tasks have no gap/,
    /pages of tasks for an audience/,
  ],
  "sorts text as a language does": [
    listsTasks(async (store, query) => {
      const tasks = await store.listTasks(query);
      return [...tasks].sort(
        (a, b) =>
          a.task.createdAt - b.task.createdAt || a.instanceId.localeCompare(b.instanceId, "en"),
      );
    }),
    /tasks are listed by creation/,
  ],
  "finds a task by its candidates though it has an assignee": [
    keepsChanges((change) => ({
      ...change,
      tasks: change.tasks.map((task) => ({
        ...task,
        assignee: task.candidateUsers === undefined ? task.assignee : undefined,
      })),
    })),
    /found by its assignee alone/,
  ],
  "shows tasks to people who are excluded": [
    listsTasks((store, { userId: _, ...query }) => store.listTasks(query)),
    /who is excluded/,
    /names of people and groups/,
  ],
  "filters a page after it was cut": [
    listsTasks(async (store, query) => {
      const { audience, userId, ...rest } = query;
      const page = await store.listTasks(rest);
      const mine = await store.listTasks({ audience, userId, limit: 1_000 });
      const ids = new Set(mine.map(({ instanceId, task }) => `${instanceId}/${task.id}`));
      return page.filter(({ instanceId, task }) => ids.has(`${instanceId}/${task.id}`));
    }),
    /pages of tasks for an audience/,
  ],
  "lists timers of other workers' instances": [
    listsTimers(async (store, query) => {
      const lists = ["worker-a", "worker-b"].map((workerId) =>
        store.listTimers({ ...query, workerId }),
      );
      const all = new Map<string, Awaited<(typeof lists)[number]>[number]>();
      for (const found of (await Promise.all(lists)).flat()) {
        all.set(`${found.instanceId}/${found.timer.id}`, found);
      }
      return [...all.values()];
    }),
    /another worker owns/,
  ],
  "lists timers that fire at the moment itself": [
    listsTimers((store, { before, ...query }) =>
      store.listTimers({ ...query, before: before === undefined ? undefined : before + 1 }),
    ),
    /only timers that fire before a moment/,
  ],
  "claims more than it may": [
    class extends RemoteStore {
      override claim(claim: Claim) {
        return super.claim({ ...claim, limit: claim.limit + 1 });
      }
    },
    /no more than its limit/,
  ],
  "claims twice what two want at the same moment": [
    class extends RemoteStore {
      override async claim(claim: Claim) {
        const known = await this.home.beat({ id: claim.workerId, beat: 2 });
        const ids = Array.from({ length: 40 }, (_, index) => `gone-${index}`);
        const before = await this.home.load(ids);
        await nextTurn();
        const orphans = before.filter(
          ({ owner }) => owner !== undefined && !known.some(({ id }) => id === owner),
        );
        await super.claim(claim);
        return orphans.slice(0, claim.limit).map(({ rows }) => rows.instance.id);
      }
    },
    /what two workers claim at the same moment/,
  ],
  "keeps the last setting": [
    class extends RemoteStore {
      override async keepSetting(key: string, value: string) {
        await super.keepSetting(key, value);
        return value;
      }
    },
    /the first value stays/,
    /given at the same moment/,
  ],
  "compares keys without their case": [
    class extends RemoteStore {
      override findByIdempotencyKey(key: string) {
        return super.findByIdempotencyKey(key.toLowerCase());
      }
    },
    /an idempotency key finds its instance/,
  ],
  "gives messages by id": [
    class extends RemoteStore {
      override async receive(workerId: string) {
        const mail = await super.receive(workerId);
        return { ...mail, messages: sortedById(mail.messages) };
      }
    },
    /messages are received oldest first/,
  ],
  "announces nothing": [
    keepsChanges((change) => ({ ...change, isAnnounced: false })),
    /who listens is told of instances/,
  ],
};

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sortKeys(Reflect.get(value, key))]),
  );
}

findDefects("the contract finds a store that", defects);
