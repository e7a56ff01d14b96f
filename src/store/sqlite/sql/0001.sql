-- Moments are milliseconds since 1970-01-01 UTC. Lists, objects and values of data are JSON.
-- What is said inside of a statement is kept in the database and shown with its schema.

CREATE TABLE tandem_instances (
  -- Given by the database. An execution's id is made of it.
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  workflow TEXT NOT NULL,
  workflow_version TEXT NOT NULL,
  -- pending, running, waiting, paused, completed, failed or canceled
  status TEXT NOT NULL,
  -- Counts the changes of the instance: whoever writes names the one that it has seen.
  state_version INTEGER NOT NULL,
  -- The worker that runs its code; NULL while nothing runs.
  owner TEXT,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  changed_at INTEGER NOT NULL,
  user_id TEXT,
  tenant TEXT,
  idempotency_key TEXT,
  -- What the application knows it by; several may share one.
  business_key TEXT,
  -- NULL for none.
  tags TEXT,
  -- The trace that it was started in.
  traceparent TEXT,
  -- Why it failed: an object with code, message, path and more.
  error TEXT,
  -- Why it was cancelled.
  reason TEXT,
  -- failed or canceled: how it will end when its compensation is done.
  compensating TEXT,
  -- The execution that waits for this child instance.
  parent_instance_id TEXT,
  parent_execution INTEGER,
  -- The last column: it may be long, and lists read the others.
  initial_data TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX tandem_instances_by_idempotency_key
ON tandem_instances (idempotency_key)
WHERE idempotency_key IS NOT NULL;

-- What is owned, and what goes on.
CREATE INDEX tandem_instances_live
ON tandem_instances (owner, status, started_at, id, workflow, workflow_version)
WHERE status NOT IN ('completed', 'failed', 'canceled') OR owner IS NOT NULL;

CREATE INDEX tandem_instances_ended
ON tandem_instances (ended_at, status, workflow, workflow_version, started_at)
WHERE status IN ('completed', 'failed', 'canceled');

CREATE INDEX tandem_instances_by_start ON tandem_instances (started_at, id, workflow);

CREATE INDEX tandem_instances_failed
ON tandem_instances (status, started_at, id)
WHERE status IN ('failed', 'canceled');

CREATE INDEX tandem_instances_by_business_key
ON tandem_instances (business_key, started_at, id)
WHERE business_key IS NOT NULL;

CREATE INDEX tandem_instances_by_tenant
ON tandem_instances (tenant, started_at, id, workflow)
WHERE tenant IS NOT NULL;

CREATE INDEX tandem_instances_by_user
ON tandem_instances (user_id, started_at, id)
WHERE user_id IS NOT NULL;

CREATE INDEX tandem_instances_by_parent
ON tandem_instances (parent_instance_id, started_at, id)
WHERE parent_instance_id IS NOT NULL;

CREATE TABLE tandem_instance_tags (
  -- Which instances have a tag.
  tag TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  instance_id TEXT NOT NULL,
  PRIMARY KEY (tag, started_at, instance_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE tandem_executions (
  -- One row for each visit to a step or group.
  -- The instance's number times 4194304 (2^22), plus the number of the execution in its instance,
  -- which counts from 1: the rows of an instance stand together, and no other index is needed.
  -- tandem_instance_executions shows both numbers.
  id INTEGER PRIMARY KEY,
  -- The step's or group's place in the compiled definition, and its name with those around it.
  node INTEGER NOT NULL,
  path TEXT NOT NULL,
  -- pending, scheduled, running, waiting, succeeded, failed, canceled or skipped
  status TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  last_attempt INTEGER NOT NULL,
  iteration INTEGER NOT NULL,
  -- The number of the group's execution that this is a member of, and its place among the members:
  -- -1 for the callback.
  parent INTEGER,
  position INTEGER NOT NULL,
  -- Edges whose arrival it used, and edges taken at its end: numbers of the compiled definition.
  arrived_edges TEXT,
  taken_edges TEXT,
  -- When the current attempt started, and when the execution ended.
  started_at INTEGER,
  ended_at INTEGER,
  -- Numbers what happens in an instance: the order in which writes became visible.
  event_number INTEGER NOT NULL,
  result TEXT,
  -- What it set in the data: a list of [key, value].
  writes TEXT,
  error TEXT,
  -- 1: a join that counts arrivals still takes some in.
  round_open INTEGER NOT NULL DEFAULT 0,
  -- Of a map: its items, and whether it was closed early.
  map TEXT,
  -- Of a member of a quorum: counts, veto or other.
  vote TEXT,
  -- What custom reducers made of its writes.
  reduced_writes TEXT,
  -- Of a compensation: the number of the execution that it undoes.
  compensates INTEGER
) STRICT;

CREATE VIEW tandem_instance_executions AS
-- The executions with the ids of their instances, for people.
SELECT
  i.id AS instance_id,
  e.id & 4194303 AS number,
  e.path,
  e.status,
  e.attempt,
  e.iteration,
  strftime('%Y-%m-%d %H:%M:%f', e.started_at / 1000.0, 'unixepoch') AS started_at,
  strftime('%Y-%m-%d %H:%M:%f', e.ended_at / 1000.0, 'unixepoch') AS ended_at,
  e.result,
  e.writes,
  e.error,
  e.parent,
  e.position
FROM tandem_instances i
JOIN tandem_executions e ON e.id BETWEEN i.number * 4194304 AND i.number * 4194304 + 4194303;

CREATE TABLE tandem_tasks (
  -- Work for people.
  instance_id TEXT NOT NULL,
  -- Unique in the instance.
  id TEXT NOT NULL,
  -- The number of the execution that waits for it.
  execution INTEGER NOT NULL,
  path TEXT NOT NULL,
  -- open, completed or withdrawn
  status TEXT NOT NULL,
  title TEXT NOT NULL,
  description TEXT,
  -- What the decision is about, as it was: an object.
  shown TEXT,
  -- From 0 to 100, the most urgent.
  priority INTEGER NOT NULL,
  due_at INTEGER,
  -- Whose task it is; else those who may take it; else it is anybody's.
  assignee TEXT,
  -- When the assignee claimed it.
  claimed_at INTEGER,
  -- Who delegated it to the assignee, and what the delegate answered: an object.
  owner TEXT,
  proposal TEXT,
  candidate_users TEXT,
  candidate_groups TEXT,
  exclude_users TEXT,
  -- How many reminders and escalations have fired.
  reminded INTEGER NOT NULL,
  escalated INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  ended_at INTEGER,
  ended_by TEXT,
  -- Why it was withdrawn.
  reason TEXT,
  -- Those of its instance, which never change.
  workflow TEXT NOT NULL,
  tenant TEXT,
  business_key TEXT,
  PRIMARY KEY (instance_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX tandem_tasks_by_creation
ON tandem_tasks (status, created_at, instance_id, id, workflow, tenant);

CREATE INDEX tandem_tasks_by_due_date
ON tandem_tasks (due_at, instance_id, id, workflow, tenant)
WHERE status = 'open' AND due_at IS NOT NULL;

CREATE INDEX tandem_tasks_by_end
ON tandem_tasks (status, ended_at, instance_id, id, workflow, tenant)
WHERE ended_at IS NOT NULL;

CREATE INDEX tandem_tasks_by_ended_by
ON tandem_tasks (ended_by, ended_at, instance_id, id)
WHERE ended_by IS NOT NULL;

CREATE INDEX tandem_tasks_by_assignee
ON tandem_tasks (assignee, status, created_at, instance_id, id)
WHERE assignee IS NOT NULL;

CREATE INDEX tandem_tasks_by_business_key
ON tandem_tasks (business_key, status, created_at, instance_id, id)
WHERE business_key IS NOT NULL;

CREATE TABLE tandem_task_audience (
  -- Who finds which open task: user:<name>, group:<name> or everybody.
  audience TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  instance_id TEXT NOT NULL,
  task_id TEXT NOT NULL,
  -- Those of the task.
  due_at INTEGER,
  workflow TEXT NOT NULL,
  tenant TEXT,
  PRIMARY KEY (audience, created_at, instance_id, task_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX tandem_task_audience_by_due_date
ON tandem_task_audience (audience, due_at, instance_id, task_id, workflow, tenant)
WHERE due_at IS NOT NULL;

CREATE INDEX tandem_task_audience_by_tenant
ON tandem_task_audience (audience, tenant, created_at, instance_id, task_id, workflow)
WHERE tenant IS NOT NULL;

CREATE TABLE tandem_timers (
  -- What is due at a time.
  instance_id TEXT NOT NULL,
  -- Unique in the instance.
  id TEXT NOT NULL,
  -- timer, retry, timeout, deadline, reminder or escalation
  kind TEXT NOT NULL,
  execution INTEGER NOT NULL,
  fire_at INTEGER NOT NULL,
  PRIMARY KEY (instance_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX tandem_timers_by_time ON tandem_timers (fire_at);

CREATE TABLE tandem_signals (
  -- Signals that arrived.
  -- Counts all signals: the order in which they arrived.
  number INTEGER PRIMARY KEY,
  instance_id TEXT NOT NULL,
  -- Unique in the instance.
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  data TEXT NOT NULL,
  -- The number of the execution that used it; NULL while none has.
  used_by INTEGER,
  UNIQUE (instance_id, id)
) STRICT;

CREATE TABLE tandem_acts (
  -- What was done to instances by people, operators and the timers of tasks.
  -- Counts all acts: the order in which they were added.
  number INTEGER PRIMARY KEY,
  instance_id TEXT NOT NULL,
  type TEXT NOT NULL,
  at INTEGER NOT NULL,
  -- Who did it, for whom an administrator acted, and by which way it came in.
  user_id TEXT,
  on_behalf_of TEXT,
  through TEXT,
  -- The step and the task that it concerns.
  path TEXT,
  task_id TEXT,
  -- What else belongs to it: an object.
  details TEXT
) STRICT;

CREATE INDEX tandem_acts_by_instance ON tandem_acts (instance_id, number);

CREATE TABLE tandem_schedules (
  -- Start instances again and again.
  id TEXT PRIMARY KEY,
  -- Counts how often it was saved.
  revision INTEGER NOT NULL,
  workflow TEXT NOT NULL,
  -- NULL: the latest.
  workflow_version TEXT,
  cron TEXT NOT NULL,
  timezone TEXT NOT NULL,
  initial_data TEXT NOT NULL,
  user_id TEXT,
  tenant TEXT,
  business_key TEXT,
  tags TEXT,
  -- What becomes of moments that passed while no process ran: once or skip
  missed TEXT NOT NULL,
  -- 1: it starts nothing until it is resumed.
  is_paused INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  -- When it starts the next instance; NULL: never.
  next_at INTEGER,
  last_at INTEGER,
  last_instance_id TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX tandem_schedules_by_time
ON tandem_schedules (next_at, id)
WHERE is_paused = 0 AND next_at IS NOT NULL;

CREATE TABLE tandem_workers (
  -- The engines that work on this database.
  id TEXT PRIMARY KEY,
  -- Counts its signs of life.
  beat INTEGER NOT NULL,
  -- Where it runs: others on the same host see whether its process has ended.
  host TEXT NOT NULL,
  process_id INTEGER NOT NULL,
  thread_id INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tandem_messages (
  -- Commands that one worker has for an instance of another.
  -- Counts all messages: the order in which they were sent.
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  instance_id TEXT NOT NULL,
  recipient TEXT NOT NULL,
  -- The worker that waits for the answer.
  sender TEXT,
  sent_at INTEGER NOT NULL,
  command TEXT NOT NULL
) STRICT;

CREATE INDEX tandem_messages_by_recipient ON tandem_messages (recipient, sent_at, number);

CREATE TABLE tandem_answers (
  -- Answers that their recipient has not read yet.
  message_id TEXT PRIMARY KEY,
  recipient TEXT NOT NULL,
  outcome TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX tandem_answers_by_recipient ON tandem_answers (recipient);

CREATE TABLE tandem_settings (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
