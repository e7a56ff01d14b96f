import assert from "node:assert/strict";
import type { TaskRecord } from "../../machine/index.ts";
import type { Change, Store, StoredTask, TaskPlace, TaskQuery } from "../../store/store.ts";
import { audienceNames } from "../../store/task-audience.ts";
import type { CaseDefinition } from "./case.ts";
import { changeOf, instanceRecord, keep, moment, taskRecord } from "./records.ts";

/** `instanceId/taskId` of the tasks that a query finds, in their order. */
async function listed(store: Store, query: Partial<TaskQuery> = {}): Promise<string[]> {
  const tasks = await store.listTasks({ limit: 1_000, ...query });
  return tasks.map(({ instanceId, task }) => `${instanceId}/${task.id}`);
}

/** Tasks found by somebody, as the engine asks for them. */
function listedFor(store: Store, user: string | undefined, groups: readonly string[] = []) {
  return listed(store, { audience: audienceNames(user, groups), userId: user });
}

function placeOf({ instanceId, task }: StoredTask): TaskPlace {
  return { at: task.createdAt, instanceId, taskId: task.id };
}

/** All pages of a query, each `limit` tasks long at most. */
async function pages(store: Store, query: Partial<TaskQuery>, limit: number) {
  const all: StoredTask[][] = [];
  let after: TaskPlace | undefined;
  for (;;) {
    const page = await store.listTasks({ ...query, limit, after });
    if (page.length === 0) return all;
    assert.ok(page.length <= limit, `a page has ${page.length} tasks, and the limit is ${limit}`);
    assert.ok(all.length < 1_000, "the pages come to an end");
    all.push([...page]);
    after = placeOf(page.at(-1) as StoredTask);
  }
}

/** Tasks of several instances, most of them made at the same moment as others. */
function crowd(): Change[] {
  const ids = ["b", "a", "B", "A", "a-1", "a_1", "a1", "10", "9", "a.b", "é", "日"];
  return ids.map((id, index) =>
    changeOf(id, 0, {
      tasks: ["1.1", "10.1", "2.1", "1.10", "1.2"].map((taskId, place) =>
        taskRecord(taskId, {
          createdAt: moment + ((index + place) % 3) - 1,
          candidateGroups: place % 2 === 0 ? ["sales", "support"] : undefined,
          excludeUsers: place === 4 ? ["ada"] : undefined,
        }),
      ),
    }),
  );
}

function inOrder(changes: readonly Change[], isMeant: (task: TaskRecord) => boolean): string[] {
  const text = (a: string, b: string) => (a === b ? 0 : a < b ? -1 : 1);
  return changes
    .flatMap(({ instanceId, tasks }) => tasks.map((task) => ({ instanceId, task })))
    .filter(({ task }) => isMeant(task))
    .sort(
      (a, b) =>
        a.task.createdAt - b.task.createdAt ||
        text(a.instanceId, b.instanceId) ||
        text(a.task.id, b.task.id),
    )
    .map(({ instanceId, task }) => `${instanceId}/${task.id}`);
}

export const taskCases: readonly CaseDefinition[] = [
  {
    name: "tasks are listed by creation, instance id and task id, compared by their characters",
    async run({ store }) {
      const changes = crowd();
      await keep(store, changes);
      assert.deepEqual(
        await listed(store),
        inOrder(changes, () => true),
      );
    },
  },
  {
    name: "pages of tasks have no gap and no repeat, also among tasks of the same moment",
    async run({ store }) {
      const changes = crowd();
      await keep(store, changes);
      const all = inOrder(changes, () => true);
      for (const limit of [1, 7, 59, 60, 61]) {
        const found = await pages(store, {}, limit);
        assert.deepEqual(
          found.flat().map(({ instanceId, task }) => `${instanceId}/${task.id}`),
          all,
        );
        assert.equal(found.length, Math.ceil(all.length / limit));
      }
    },
  },
  {
    name: "pages of tasks for an audience have no gap and no repeat",
    async run({ store }) {
      const changes = crowd();
      await keep(store, changes);
      const query = { audience: audienceNames("ada", ["support", "sales"]), userId: "ada" };
      const meant = inOrder(changes, ({ excludeUsers }) => excludeUsers === undefined);
      const found = await pages(store, query, 5);
      assert.deepEqual(
        found.flat().map(({ instanceId, task }) => `${instanceId}/${task.id}`),
        meant,
      );
      assert.equal(found.length, Math.ceil(meant.length / 5), "all pages but the last are full");
    },
  },
  {
    name: "a page goes on where the last one ended, also when that task is gone meanwhile",
    async run({ store }) {
      const tasks = ["1.1", "2.1", "3.1", "4.1"].map((id) => taskRecord(id));
      await keep(store, [changeOf("order", 0, { tasks })]);
      const first = await store.listTasks({ limit: 2 });
      await keep(store, [
        changeOf("order", 1, { tasks: [taskRecord("2.1", { status: "completed" })] }),
        changeOf("earlier", 0, { tasks: [taskRecord("9.1", { createdAt: moment - 1 })] }),
      ]);
      const after = placeOf(first[1] as StoredTask);
      assert.deepEqual(await listed(store, { after }), ["order/3.1", "order/4.1"]);
    },
  },
  {
    name: "pages of tasks hold for instance ids of any script",
    async run({ store }) {
      const ids = ["z", "Z", "ß", "ss", "ı", "I", "i", "\u{1f600}", "\uffee", "עב", "e\u0301", "é"];
      await keep(
        store,
        ids.map((id) => changeOf(id, 0, { tasks: [taskRecord("1.1")] })),
      );
      const found = await pages(store, {}, 1);
      assert.deepEqual(
        found
          .flat()
          .map(({ instanceId }) => instanceId)
          .sort(),
        [...ids].sort(),
      );
    },
  },
  {
    name: "a task is listed with what its instance was started with",
    async run({ store }) {
      const tasks = [taskRecord("1.1", { title: "Sign", candidateUsers: ["ada"] })];
      const facts = { workflow: "contracts", tenant: "acme", businessKey: "ORD-123" };
      const instance = instanceRecord("order", { ...facts, version: "2.0.0" });
      await keep(store, [changeOf("order", 0, { instance, tasks })]);
      await keep(store, [changeOf("plain", 0, { tasks })]);
      const none = { workflow: "orders", tenant: undefined, businessKey: undefined };
      assert.deepEqual(await store.listTasks({ limit: 2 }), [
        { instanceId: "order", ...facts, workflowVersion: "2.0.0", task: tasks[0] },
        { instanceId: "plain", ...none, workflowVersion: "1.0.0", task: tasks[0] },
      ]);
      const upgraded = { ...instance, version: "3.0.0" };
      await keep(store, [changeOf("order", 1, { instance: upgraded })]);
      const [task] = await store.listTasks({ limit: 1 });
      assert.equal(task?.workflowVersion, "3.0.0");
    },
  },
  {
    name: "a task is found by its assignee alone, or by its candidates, or by everybody",
    async run({ store }) {
      await keep(store, [
        changeOf("order", 0, {
          tasks: [
            taskRecord("1", { assignee: "ada" }),
            taskRecord("2", {
              assignee: "ada",
              candidateUsers: ["bob"],
              candidateGroups: ["sales"],
            }),
            taskRecord("3", { candidateUsers: ["ada", "bob"] }),
            taskRecord("4", { candidateGroups: ["sales", "support"] }),
            taskRecord("5", { candidateUsers: ["cyd"], candidateGroups: ["sales"] }),
            taskRecord("6"),
            taskRecord("7", { candidateUsers: [] }),
            taskRecord("8", { candidateGroups: [] }),
            taskRecord("9", { assignee: "" }),
          ],
        }),
      ]);
      const ids = (...numbers: number[]) => numbers.map((number) => `order/${number}`);
      assert.deepEqual(await listedFor(store, "ada"), ids(1, 2, 3, 6));
      assert.deepEqual(await listedFor(store, "bob"), ids(3, 6));
      assert.deepEqual(await listedFor(store, "bob", ["sales"]), ids(3, 4, 5, 6));
      assert.deepEqual(await listedFor(store, "cyd", ["support", "legal"]), ids(4, 5, 6));
      assert.deepEqual(await listedFor(store, "ADA", ["Sales"]), ids(6));
      assert.deepEqual(await listedFor(store, undefined), ids(6));
      assert.deepEqual(await listedFor(store, "sales", ["ada"]), ids(6));
      assert.deepEqual(await listedFor(store, ""), ids(6, 9));
      assert.deepEqual(await listed(store, { audience: [] }), []);
      assert.deepEqual(await listed(store), ids(1, 2, 3, 4, 5, 6, 7, 8, 9));
    },
  },
  {
    name: "a task that somebody finds under several names is listed once",
    async run({ store }) {
      const task = taskRecord("1", {
        candidateUsers: ["ada", "ada"],
        candidateGroups: ["sales", "support"],
      });
      await keep(store, [changeOf("order", 0, { tasks: [task] })]);
      assert.deepEqual(await listedFor(store, "ada", ["sales", "support", "sales"]), ["order/1"]);
    },
  },
  {
    name: "who is excluded from a task does not find it",
    async run({ store }) {
      await keep(store, [
        changeOf("order", 0, {
          tasks: [
            taskRecord("1", { excludeUsers: ["ada", "bob"] }),
            taskRecord("2", { excludeUsers: ["bob"], candidateGroups: ["sales"] }),
            taskRecord("3", { excludeUsers: ["ada"], assignee: "ada" }),
            taskRecord("4", { excludeUsers: [] }),
          ],
        }),
      ]);
      assert.deepEqual(await listedFor(store, "ada", ["sales"]), ["order/2", "order/4"]);
      assert.deepEqual(await listedFor(store, "bob", ["sales"]), ["order/4"]);
      assert.deepEqual(await listedFor(store, "ad", ["sales"]), ["order/1", "order/2", "order/4"]);
      assert.deepEqual(await listed(store, { userId: "bob" }), ["order/3", "order/4"]);
    },
  },
  {
    name: "names of people and groups may have any characters",
    async run({ store }) {
      const names = [
        "a b",
        "a,b",
        '"a"',
        "{a}",
        "a\\",
        "%",
        "NULL",
        "it's",
        "日本",
        "👍",
        "group:a",
        ":",
      ];
      await keep(store, [
        changeOf("order", 0, {
          tasks: names.flatMap((name, index) => [
            taskRecord(`${index}:user`, { candidateUsers: [name] }),
            taskRecord(`${index}:group`, { candidateGroups: [name] }),
            taskRecord(`${index}:without`, { candidateUsers: ["x"], excludeUsers: [name] }),
          ]),
        }),
      ]);
      for (const [index, name] of names.entries()) {
        assert.deepEqual(await listedFor(store, name), [`order/${index}:user`], name);
        assert.deepEqual(await listedFor(store, undefined, [name]), [`order/${index}:group`], name);
        const { length } = await listed(store, { audience: ["user:x"], userId: name });
        assert.equal(length, names.length - 1, name);
      }
    },
  },
  {
    name: "tasks that were completed or withdrawn are not listed any more",
    async run({ store }) {
      const tasks = ["1", "2", "3"].map((id) => taskRecord(id));
      await keep(store, [changeOf("order", 0, { tasks })]);
      await keep(store, [
        changeOf("order", 1, {
          tasks: [
            taskRecord("1", { status: "completed", endedAt: moment, endedBy: "ada" }),
            taskRecord("3", { status: "withdrawn", endedAt: moment }),
            taskRecord("4", { status: "completed" }),
          ],
        }),
      ]);
      assert.deepEqual(await listed(store), ["order/2"]);
      assert.deepEqual(await listedFor(store, "ada"), ["order/2"]);
      await keep(store, [
        changeOf("order", 2, { tasks: [taskRecord("2", { status: "withdrawn" })] }),
      ]);
      assert.deepEqual(await listed(store), []);
    },
  },
  {
    name: "a task that is replaced is found by its new audience only",
    async run({ store }) {
      await keep(store, [
        changeOf("order", 0, {
          tasks: [taskRecord("1", { candidateUsers: ["ada", "bob"], candidateGroups: ["sales"] })],
        }),
      ]);
      await keep(store, [
        changeOf("order", 1, {
          tasks: [
            taskRecord("1", {
              assignee: "cyd",
              candidateUsers: ["ada", "bob"],
              excludeUsers: ["bob"],
              createdAt: moment + 5,
            }),
          ],
        }),
      ]);
      assert.deepEqual(await listedFor(store, "ada", ["sales"]), []);
      assert.deepEqual(await listedFor(store, "cyd"), ["order/1"]);
      const [found] = await store.listTasks({ limit: 1 });
      assert.equal(found?.task.createdAt, moment + 5);
    },
  },
];
