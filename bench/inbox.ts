/**
 * A page of an inbox among very many open tasks, as the engine asks the store for it, wherever in
 * the list it is; and the same with each of the usual filters. `TANDEM_BENCH_TASKS` sets how many
 * tasks there are.
 */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Client } from "pg";
import type { Change, Store, TaskQuery } from "tandem-workflows";
import { changeOf, commitOf, instanceRecord, taskRecord } from "../src/testing/contract/records.ts";
import { temporaryFolder } from "./disk.ts";
import { type Afterwards, figure, percentile, type Round, timesOf } from "./figure.ts";
import { openPostgres, openSqlite, startPostgres } from "./stores.ts";
import { TASK_GROUPS, TASK_PAGE } from "./waiting.ts";

const DURATION_MS = 1000;
const TASKS_OF_INSTANCE = 4;
const WORKFLOWS = 20;
const TENANTS = 50;
const USERS = 1000;
const INSTANCES_AT_ONCE = 1000;
/** Filling takes a minute, and every page is another one. */
const ROUNDS = { rounds: 5, warmups: 1 } as const;

interface Inbox {
  readonly store: Store;
  readonly count: number;
  /** Reads one task by its key, with the database's own client. */
  readRow(instanceId: string): unknown;
}

type OpenInbox = (count: number, afterwards: Afterwards) => Promise<Inbox>;

function inboxFigures(database: string, usual: number, open: OpenInbox): void {
  const count = Number(process.env.TANDEM_BENCH_TASKS ?? usual);
  const limit = `${database}.inbox-row`;
  figure(limit, { unit: "ms", ...ROUNDS }, async (afterwards) => {
    const inbox = await open(count, afterwards);
    const read = async () => void (await inbox.readRow(instanceOf(below(count))));
    return async () => percentile(await timesOf(DURATION_MS, read), 0.5);
  });
  figure(`${database}.inbox`, { unit: "ms", limit, ...ROUNDS }, async (afterwards) =>
    pagesOf(await open(count, afterwards), {}),
  );
  // How long the slowest of them takes.
  figure(`${database}.inbox.filters`, { unit: "ms", limit, ...ROUNDS }, async (afterwards) => {
    const inbox = await open(count, afterwards);
    const rounds = Object.values(filtersOf(count)).map((filter) => pagesOf(inbox, filter));
    return async () => {
      let slowest = 0;
      for (const round of rounds) slowest = Math.max(slowest, await round());
      return slowest;
    };
  });
}

/** Pages that begin anywhere in the list of a user with three groups: the median. */
function pagesOf(
  { store, count }: Pick<Inbox, "store" | "count">,
  filter: Partial<TaskQuery>,
): Round {
  const nextPage = async () => {
    const groups = [0, 1, 2].map(() => `group:group_${below(TASK_GROUPS)}`);
    const user = `user_${below(USERS)}`;
    await store.listTasks({
      audience: ["everybody", `user:${user}`, ...groups],
      userId: user,
      limit: TASK_PAGE,
      after: { at: momentOf(below(count)), instanceId: "", taskId: "" },
      ...filter,
    });
  };
  return async () => percentile(await timesOf(DURATION_MS, nextPage), 0.5);
}

/** One of each, that finds a part of the tasks. */
function filtersOf(count: number): Record<string, Partial<TaskQuery>> {
  const user = `user_${USERS / 2}`;
  return {
    workflow: { workflow: "workflow_3" },
    tenant: { tenant: "tenant_7" },
    tenantAndWorkflow: { tenant: "tenant_7", workflow: "workflow_7" },
    dueSoon: { order: "due", dueBefore: momentOf(count) },
    dueOnOneDay: { dueFrom: momentOf(count / 2), dueBefore: momentOf(count / 2 + count / 1000) },
    businessKey: { businessKey: `key-${Math.floor(count / 2 / TASKS_OF_INSTANCE)}` },
    assignee: { assignee: user, audience: [`user:${user}`], userId: user },
    unassigned: { isAssigned: false },
  };
}

// ------------------------------------------------------------------------------------- the tasks

const firstMoment = Date.UTC(2030, 0, 1);

/** Tasks are made a second after one another, and half of them are due a thousand seconds later. */
function momentOf(task: number): number {
  return firstMoment + Math.floor(task) * 1000;
}

/** Draws that are the same each time. */
let drawn = 1;
function below(bound: number): number {
  drawn = (Math.imul(drawn, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((drawn / 2 ** 32) * bound);
}

function instanceOf(task: number): string {
  return `order-${Math.floor(task / TASKS_OF_INSTANCE) * TASKS_OF_INSTANCE}`;
}

// Of five tasks one belongs to a user; the others are for one or two groups.

async function openPostgresInbox(count: number, afterwards: Afterwards): Promise<Inbox> {
  const url = await startPostgres(afterwards);
  const store = await openPostgres(url);
  afterwards(() => store.close());
  await store.versions(["none"]);
  const client = new Client({ connectionString: url });
  await client.connect();
  afterwards(() => client.end());
  await client.query(`
    INSERT INTO tandem_instances (
      id, workflow, workflow_version, status, state_version, started_at, changed_at, initial_data,
      tenant, business_key
    )
    SELECT 'order-' || i * ${TASKS_OF_INSTANCE}, 'workflow_' || i % ${WORKFLOWS}, '1.0.0',
      'waiting', 1, m, m, '{}', 'tenant_' || i % ${TENANTS}, 'key-' || i
    FROM generate_series(0, ${Math.ceil(count / TASKS_OF_INSTANCE) - 1}) AS i,
      LATERAL (SELECT ${firstMoment} + i * ${TASKS_OF_INSTANCE}::bigint * 1000 AS m) AS m;
    INSERT INTO tandem_tasks (
      instance_id, id, execution, path, status, title, created_at, due_at, priority, reminded,
      escalated, workflow, tenant, business_key, assignee, candidate_groups
    )
    SELECT i.id, n || '.1', n, 'approve', 'open', 'Approve', m,
      CASE n % 2 WHEN 0 THEN m + 1000000 END,
      50, 0, 0,
      i.workflow, i.tenant, i.business_key,
      CASE WHEN t % 5 = 0 THEN 'user_' || t / 5 % ${USERS} END,
      json_build_array('group_' || t % ${TASK_GROUPS}, 'group_' || t * 7 / 3 % ${TASK_GROUPS})
    FROM tandem_instances AS i, generate_series(1, ${TASKS_OF_INSTANCE}) AS n,
      LATERAL (
        SELECT substr(i.id, 7)::integer + n - 1 AS t, i.started_at + (n - 1) * 1000 AS m
      ) AS t;
    INSERT INTO tandem_task_audience (
      audience, created_at, due_at, instance_id, task_id, workflow, tenant, has_exclusions
    )
    SELECT a.name, t.created_at, t.due_at, t.instance_id, t.id, t.workflow, t.tenant, false
    FROM tandem_tasks AS t, LATERAL (
      SELECT 'user:' || t.assignee AS name WHERE t.assignee IS NOT NULL
      UNION
      SELECT 'group:' || e FROM json_array_elements_text(t.candidate_groups) AS e
      WHERE t.assignee IS NULL
    ) AS a;
  `);
  // As the server does by itself when a table has changed much.
  await client.query("VACUUM ANALYZE");
  const text = "SELECT * FROM tandem_tasks WHERE instance_id = $1 AND id = '1.1'";
  return {
    store,
    count,
    readRow: (id) => client.query({ name: "row", text, values: [id] }),
  };
}

async function openSqliteInbox(count: number, afterwards: Afterwards): Promise<Inbox> {
  const file = join(temporaryFolder(afterwards), "bench.db");
  const store = await openSqlite(file);
  afterwards(() => store.close());
  const instances = Math.ceil(count / TASKS_OF_INSTANCE);
  for (let first = 0; first < instances; first += INSTANCES_AT_ONCE) {
    const amount = Math.min(INSTANCES_AT_ONCE, instances - first);
    const changes = Array.from({ length: amount }, (_, index) => changeFor(first + index));
    await store.commit(commitOf(changes));
  }
  const database = new DatabaseSync(file, { readOnly: true });
  afterwards(() => database.close());
  const text = "SELECT * FROM tandem_tasks WHERE instance_id = ? AND id = '1.1'";
  const statement = database.prepare(text);
  return { store, count, readRow: (id) => void statement.get(id) };
}

function changeFor(index: number): Change {
  const firstTask = index * TASKS_OF_INSTANCE;
  const id = instanceOf(firstTask);
  const facts = {
    workflow: `workflow_${index % WORKFLOWS}`,
    tenant: `tenant_${index % TENANTS}`,
    businessKey: `key-${index}`,
  };
  const startedAt = momentOf(firstTask);
  const tasks = Array.from({ length: TASKS_OF_INSTANCE }, (_, place) => {
    const task = firstTask + place;
    const groups = [task, Math.floor((task * 7) / 3)].map((n) => `group_${n % TASK_GROUPS}`);
    return taskRecord(`${place + 1}.1`, {
      createdAt: momentOf(task),
      dueAt: place % 2 === 1 ? momentOf(task + 1000) : undefined,
      assignee: task % 5 === 0 ? `user_${(task / 5) % USERS}` : undefined,
      candidateGroups: groups,
    });
  });
  const instance = instanceRecord(id, { ...facts, status: "waiting", startedAt });
  return changeOf(id, 0, { instance, tasks });
}

inboxFigures("postgres", 1_000_000, openPostgresInbox);
inboxFigures("sqlite", 100_000, openSqliteInbox);
