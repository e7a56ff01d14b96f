import type {
  ActQuery,
  Change,
  Commit,
  InstanceFilter,
  InstanceQuery,
  RetentionQuery,
  ScheduleQuery,
  ScheduleRecord,
  StoredAct,
  TaskFilter,
  TaskQuery,
} from "tandem-workflows";
import { type Defects, findDefects } from "../support/broken-stores.ts";
import { nextTurn, RemoteStore } from "../support/remote-store.ts";

// Stores with a defect in what people and operators need.

const listsTasks = (spoil: (query: TaskQuery) => TaskQuery) =>
  class extends RemoteStore {
    override listTasks(query: TaskQuery) {
      return super.listTasks(spoil(query));
    }
  };

const listsInstances = (spoil: (query: InstanceQuery) => InstanceQuery) =>
  class extends RemoteStore {
    override listInstances(query: InstanceQuery) {
      return super.listInstances(spoil(query));
    }
  };

const listsActs = (spoil: (query: ActQuery) => ActQuery) =>
  class extends RemoteStore {
    override listActs(query: ActQuery) {
      return super.listActs(spoil(query));
    }
  };

const keepsChanges = (spoil: (change: Change) => Change) =>
  class extends RemoteStore {
    override commit(commit: Commit) {
      return super.commit({ ...commit, changes: commit.changes.map(spoil) });
    }
  };

const removes = (spoil: (query: RetentionQuery) => RetentionQuery) =>
  class extends RemoteStore {
    override removeEnded(query: RetentionQuery) {
      return super.removeEnded(spoil(query));
    }
  };

const tasks: Defects = {
  "forgets what people were shown": [
    keepsChanges((change) => ({
      ...change,
      tasks: change.tasks.map((task) => ({ ...task, shown: undefined })),
    })),
    /tasks come back as they were given/,
    /what people are shown/,
  ],
  "knows no due date": [
    listsTasks(({ dueFrom: _, ...query }) => query),
    /tasks are found by each filter/,
  ],
  "lists tasks that are due at the moment itself": [
    listsTasks(({ dueBefore, ...query }) => ({
      ...query,
      dueBefore: dueBefore === undefined ? undefined : dueBefore + 1,
    })),
    /tasks are found by each filter/,
  ],
  "orders tasks that have ended like others": [
    class extends RemoteStore {
      override async listTasks(query: TaskQuery) {
        const found = await super.listTasks(query);
        return query.order === "ended" ? found.toReversed() : found;
      }
    },
    /tasks are found by each filter/,
    /pages of tasks in each order/,
  ],
  "goes on after a moment, and not after a task": [
    listsTasks(({ after, ...query }) => ({
      ...query,
      after: after && { ...after, instanceId: "", taskId: "" },
    })),
    /pages of tasks in each order/,
  ],
  "forgets the second of two filters": [
    listsTasks((query) => {
      const isForTwo = query.tenant !== undefined && query.workflow !== undefined;
      return isForTwo ? { ...query, tenant: undefined } : query;
    }),
    /tasks are found by two filters/,
  ],
  "lists what has no due date among what has one": [
    listsTasks((query) => (query.order === "due" ? { ...query, order: "created" } : query)),
    /tasks are found by each filter/,
  ],
  "counts all tasks": [
    class extends RemoteStore {
      override countTasks(filter: TaskFilter) {
        return super.countTasks(filter, Number.MAX_SAFE_INTEGER);
      }
    },
    /tasks are counted/,
  ],
  "counts a task once for each name": [
    class extends RemoteStore {
      override async countTasks(filter: TaskFilter, atMost: number) {
        const names = filter.audience ?? [];
        if (names.length === 0) return super.countTasks(filter, atMost);
        let count = 0;
        for (const name of names) {
          count += await super.countTasks({ ...filter, audience: [name] }, atMost);
        }
        return Math.min(count, atMost);
      }
    },
    /a task that somebody finds under several names is counted once/,
  ],
};

const history: Defects = {
  "adds acts of refused changes": [
    class extends RemoteStore {
      override async commit(commit: Commit) {
        const refused = await super.commit(commit);
        for (const { instanceId, acts } of commit.changes) {
          if (acts.length === 0 || !refused.includes(instanceId)) continue;
          const [expectedVersion = 0] = await this.home.versions([instanceId]);
          if (expectedVersion === 0) continue;
          const change = { ...emptyChange(instanceId, expectedVersion), acts };
          await super.commit({ ...commit, changes: [change] });
        }
        return refused;
      }
    },
    /S1: acts are kept with their change/,
    /S1: a refused change leaves nothing behind/,
  ],
  "adds the acts of a change in any order": [
    keepsChanges((change) => ({ ...change, acts: change.acts.toReversed() })),
    /acts are added in their order/,
  ],
  "sorts acts by their moment": [
    class extends RemoteStore {
      override async listActs(query: ActQuery) {
        const found = await super.listActs(query);
        return [...found].sort((a, b) => a.act.at - b.act.at);
      }
    },
    /acts are added in their order/,
  ],
  "lists the acts of all tasks": [
    listsActs((query) => ({ ...query, taskId: undefined })),
    /acts of a task are listed alone/,
  ],
  "repeats the last act of a page": [
    listsActs((query) => ({ ...query, after: query.after && query.after - 1 })),
    /acts of a task are listed alone/,
  ],
  "forgets who acted for whom": [
    keepsChanges((change) => ({
      ...change,
      acts: change.acts.map((act) => ({ ...act, onBehalfOf: undefined })),
    })),
    /acts come back as they were given/,
  ],
};

const instances: Defects = {
  "gives the data of instances in lists": [
    class extends RemoteStore {
      override async listInstances(query: InstanceQuery) {
        const found = await super.listInstances(query);
        return found.map((summary) => ({ ...summary, initialData: {} }));
      }
    },
    /an instance is listed as it is kept/,
  ],
  "finds instances that have one of the tags": [
    listsInstances(({ tags, ...query }) => ({ ...query, tags: tags?.slice(0, 1) })),
    /instances are found by each filter/,
  ],
  "takes no statuses for all": [
    listsInstances(({ statuses, ...query }) => ({
      ...query,
      statuses: statuses?.length === 0 ? undefined : statuses,
    })),
    /instances are found by each filter/,
  ],
  "goes on after a moment, and not after an instance": [
    listsInstances(({ after, ...query }) => ({
      ...query,
      after: after && { ...after, instanceId: "" },
    })),
    /pages of instances/,
  ],
  "orders instances of one moment alike in both directions": [
    class extends RemoteStore {
      override async listInstances(query: InstanceQuery) {
        const found = await super.listInstances(query);
        if (!query.newestFirst) return found;
        return [...found].sort((a, b) => b.startedAt - a.startedAt || (a.id < b.id ? -1 : 1));
      }
    },
    /instances are found by each filter/,
  ],
  "counts without the filter": [
    class extends RemoteStore {
      override countInstances(_filter: InstanceFilter) {
        return super.countInstances({});
      }
    },
    /instances are counted/,
  ],
  "measures timers of paused instances": [
    class extends RemoteStore {
      override async measure(now: number) {
        const measures = await super.measure(now);
        const paused = await this.home.listInstances({
          statuses: ["paused"],
          newestFirst: false,
          limit: 1,
        });
        return { ...measures, dueTimers: measures.dueTimers + paused.length };
      }
    },
    /timers of paused instances are not measured/,
  ],
};

const schedules: Defects = {
  "saves a schedule whatever its revision": [
    class extends RemoteStore {
      override async saveSchedule(schedule: ScheduleRecord) {
        await super.removeSchedule(schedule.id);
        for (let revision = 1; revision <= schedule.revision; revision++) {
          await super.saveSchedule({ ...schedule, revision });
        }
        return true;
      }
    },
    /a schedule is kept if nobody/,
  ],
  "looks at the revision before it saves": [
    class extends RemoteStore {
      override async saveSchedule(schedule: ScheduleRecord) {
        const all = await this.home.listSchedules({ limit: 100 });
        const before = all.find(({ id }) => id === schedule.id)?.revision ?? 0;
        await nextTurn();
        await super.saveSchedule(schedule);
        return before === schedule.revision - 1;
      }
    },
    /those who save a schedule at the same moment/,
  ],
  "fires paused schedules": [
    class extends RemoteStore {
      override saveSchedule(schedule: ScheduleRecord) {
        return super.saveSchedule({ ...schedule, isPaused: false });
      }
    },
    /schedules that are due/,
    /schedules come back/,
  ],
  "lists due schedules by id": [
    class extends RemoteStore {
      override async listSchedules(query: ScheduleQuery) {
        const found = await super.listSchedules(query);
        return [...found].sort((a, b) => (a.id < b.id ? -1 : 1));
      }
    },
    /schedules that are due/,
  ],
  "replaces any setting": [
    class extends RemoteStore {
      override async keepSetting(key: string, value: string, replacing?: string) {
        if (replacing === undefined) return super.keepSetting(key, value);
        const kept = await super.keepSetting(key, value);
        return super.keepSetting(key, value, kept);
      }
    },
    /a value that replaces another/,
  ],
  "looks at the setting before it replaces it": [
    class extends RemoteStore {
      override async keepSetting(key: string, value: string, replacing?: string) {
        const kept = await this.home.keepSetting(key, replacing ?? value);
        if (kept !== replacing) return kept;
        await nextTurn();
        const now = await this.home.keepSetting(key, value);
        return this.home.keepSetting(key, value, now);
      }
    },
    /those who replace one value/,
  ],
};

const retention: Defects = {
  "removes what ended at the moment itself": [
    removes((query) => ({ ...query, endedBefore: query.endedBefore + 1 })),
    /instances that ended before a moment/,
  ],
  "removes more than it may": [
    removes((query) => ({ ...query, limit: query.limit + 1 })),
    /instances that ended first/,
  ],
  "removes without the filter": [
    removes(({ endedBefore, limit }) => ({ endedBefore, limit })),
    /removed by workflow, status and tenant/,
  ],
  "removes children that their parents wait for": [
    class extends RemoteStore {
      override async commit(commit: Commit) {
        const changes = commit.changes.map((change) => ({
          ...change,
          instance: change.instance && { ...change.instance, parent: undefined },
        }));
        return super.commit({ ...commit, changes });
      }
    },
    /children of an instance that has not ended/,
  ],
  "says that it removed what somebody else did": [
    class extends RemoteStore {
      override async removeEnded(query: RetentionQuery) {
        const found = await this.home.listInstances({
          statuses: ["completed"],
          newestFirst: false,
          limit: query.limit,
        });
        await nextTurn();
        await super.removeEnded(query);
        return found.map(({ id }) => id);
      }
    },
    /of removals at the same moment/,
  ],
  "leaves the history of what it removed": [
    class extends RemoteStore {
      #left: readonly StoredAct[] = [];

      override async removeEnded(query: RetentionQuery) {
        this.#left = await super.listActs({ instanceId: "order", limit: 100 });
        return super.removeEnded(query);
      }

      override async listActs(query: ActQuery) {
        const found = await super.listActs(query);
        return query.instanceId === "order" ? [...this.#left, ...found] : found;
      }
    },
    /an instance with many records is removed/,
  ],
  "does not free the key of what it removed": [
    class extends RemoteStore {
      override async findByIdempotencyKey(key: string) {
        return (await super.findByIdempotencyKey(key)) ?? "order";
      }
    },
    /nothing is left of an instance that was removed/,
  ],
};

/** A change of nothing but the version. */
function emptyChange(instanceId: string, expectedVersion: number): Change {
  return {
    ...{ instanceId, expectedVersion, at: 0, owner: undefined, instance: undefined },
    ...{ executions: [], tasks: [], timers: [], clearedTimers: [], signals: [], acts: [] },
    ...{ sent: [], answers: [], isAnnounced: false },
  };
}

const found = { ...tasks, ...history, ...instances, ...schedules, ...retention };

findDefects("the contract finds a store that", found);
