-- The tables of Tandem on PostgreSQL. Moments are milliseconds since 1970-01-01 UTC. Lists,
-- objects and values of data are JSON, kept as text: the order of keys counts, and jsonb would
-- refuse NUL characters. Ids are compared by their bytes.
--
-- While an instance runs, its row changes with each of its steps, and the row of an execution once
-- or twice, when it grows. New rows leave room in their pages for that, and no index has a column
-- that changes while steps run: so a change stays in its page and touches no index (a HOT update).
-- Their columns stand in an order that leaves no gaps between values.

CREATE TABLE tandem_migrations (
  number integer PRIMARY KEY
);

CREATE TABLE tandem_instances (
  number bigint NOT NULL GENERATED ALWAYS AS IDENTITY (CACHE 100),
  state_version bigint NOT NULL,
  started_at bigint NOT NULL,
  changed_at bigint NOT NULL,
  ended_at bigint,
  parent_execution integer,
  id text COLLATE "C" PRIMARY KEY,
  owner text COLLATE "C",
  workflow text COLLATE "C" NOT NULL,
  workflow_version text COLLATE "C" NOT NULL,
  status text COLLATE "C" NOT NULL,
  user_id text COLLATE "C",
  tenant text COLLATE "C",
  idempotency_key text COLLATE "C",
  business_key text COLLATE "C",
  tags jsonb,
  traceparent text,
  initial_data json NOT NULL,
  error json,
  reason text,
  compensating text,
  parent_instance_id text COLLATE "C"
) WITH (fillfactor = 30);

CREATE UNIQUE INDEX tandem_instances_by_idempotency_key
ON tandem_instances (idempotency_key)
WHERE idempotency_key IS NOT NULL;

CREATE INDEX tandem_instances_by_owner
ON tandem_instances (owner)
WHERE owner IS NOT NULL;

-- For searches. A list without a workflow or status goes through those that there are, from one to
-- the next in the index, and takes a page of each: there are few, and so one index serves for all.
CREATE INDEX tandem_instances_by_workflow
ON tandem_instances (workflow, status, started_at, id) INCLUDE (workflow_version);

CREATE INDEX tandem_instances_by_tenant
ON tandem_instances (tenant, workflow, status, started_at, id) INCLUDE (workflow_version)
WHERE tenant IS NOT NULL;

CREATE INDEX tandem_instances_by_business_key
ON tandem_instances (business_key, started_at, id)
WHERE business_key IS NOT NULL;

CREATE INDEX tandem_instances_by_user
ON tandem_instances (user_id, workflow, status, started_at, id)
WHERE user_id IS NOT NULL;

CREATE INDEX tandem_instances_by_parent
ON tandem_instances (parent_instance_id, started_at, id)
WHERE parent_instance_id IS NOT NULL;

CREATE INDEX tandem_instances_by_tags
ON tandem_instances USING gin (tags jsonb_path_ops)
WHERE tags IS NOT NULL;

CREATE INDEX tandem_instances_ended
ON tandem_instances (workflow, status, ended_at, id)
WHERE ended_at IS NOT NULL;

CREATE TABLE tandem_executions (
  instance_number bigint NOT NULL,
  last_attempt bigint NOT NULL,
  started_at bigint,
  ended_at bigint,
  number integer NOT NULL,
  node integer NOT NULL,
  attempt integer NOT NULL,
  iteration integer NOT NULL,
  position integer NOT NULL,
  event_number integer NOT NULL,
  parent integer,
  compensates integer,
  round_open boolean NOT NULL,
  path text NOT NULL,
  status text NOT NULL,
  arrived_edges json,
  taken_edges json,
  result json,
  writes json,
  error json,
  map json,
  vote text,
  reduced_writes json,
  PRIMARY KEY (instance_number, number)
) WITH (fillfactor = 40);

CREATE VIEW tandem_instance_executions AS
SELECT
  i.id AS instance_id,
  e.number,
  e.path,
  e.status,
  e.attempt,
  e.iteration,
  to_timestamp(e.started_at / 1000.0) AS started_at,
  to_timestamp(e.ended_at / 1000.0) AS ended_at,
  e.result,
  e.writes,
  e.error,
  e.parent,
  e.position
FROM tandem_instances i
JOIN tandem_executions e ON e.instance_number = i.number;

CREATE TABLE tandem_tasks (
  created_at bigint NOT NULL,
  due_at bigint,
  claimed_at bigint,
  ended_at bigint,
  execution integer NOT NULL,
  priority integer NOT NULL,
  reminded integer NOT NULL,
  escalated integer NOT NULL,
  instance_id text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  workflow text COLLATE "C" NOT NULL,
  tenant text COLLATE "C",
  business_key text COLLATE "C",
  path text COLLATE "C" NOT NULL,
  status text COLLATE "C" NOT NULL,
  title text NOT NULL,
  description text,
  shown json,
  assignee text COLLATE "C",
  owner text,
  proposal json,
  candidate_users json,
  candidate_groups json,
  exclude_users json,
  ended_by text COLLATE "C",
  reason text,
  PRIMARY KEY (instance_id, id)
);

CREATE INDEX tandem_tasks_by_creation
ON tandem_tasks (status, workflow, created_at, instance_id, id);

CREATE INDEX tandem_tasks_by_due_date
ON tandem_tasks (status, workflow, due_at, instance_id, id)
WHERE due_at IS NOT NULL;

CREATE INDEX tandem_tasks_by_end
ON tandem_tasks (status, workflow, ended_at, instance_id, id)
WHERE ended_at IS NOT NULL;

CREATE INDEX tandem_tasks_of_tenant_by_creation
ON tandem_tasks (tenant, status, workflow, created_at, instance_id, id)
WHERE tenant IS NOT NULL;

CREATE INDEX tandem_tasks_of_tenant_by_due_date
ON tandem_tasks (tenant, status, workflow, due_at, instance_id, id)
WHERE tenant IS NOT NULL AND due_at IS NOT NULL;

CREATE INDEX tandem_tasks_of_tenant_by_end
ON tandem_tasks (tenant, status, workflow, ended_at, instance_id, id)
WHERE tenant IS NOT NULL AND ended_at IS NOT NULL;

CREATE INDEX tandem_tasks_by_business_key
ON tandem_tasks (business_key, status, created_at, instance_id, id)
WHERE business_key IS NOT NULL;

CREATE INDEX tandem_tasks_by_who_ended_it
ON tandem_tasks (ended_by, ended_at, instance_id, id)
WHERE ended_by IS NOT NULL;

CREATE TABLE tandem_task_audience (
  created_at bigint NOT NULL,
  due_at bigint,
  audience text COLLATE "C" NOT NULL,
  instance_id text COLLATE "C" NOT NULL,
  task_id text COLLATE "C" NOT NULL,
  workflow text COLLATE "C" NOT NULL,
  tenant text COLLATE "C",
  exclude_users json,
  PRIMARY KEY (instance_id, task_id, audience)
);

CREATE INDEX tandem_task_audience_by_creation
ON tandem_task_audience (audience, created_at, instance_id, task_id);

CREATE INDEX tandem_task_audience_of_workflow_by_creation
ON tandem_task_audience (audience, workflow, created_at, instance_id, task_id);

CREATE INDEX tandem_task_audience_of_workflow_by_due_date
ON tandem_task_audience (audience, workflow, due_at, instance_id, task_id)
WHERE due_at IS NOT NULL;

CREATE INDEX tandem_task_audience_of_tenant_by_creation
ON tandem_task_audience (audience, tenant, workflow, created_at, instance_id, task_id)
WHERE tenant IS NOT NULL;

CREATE INDEX tandem_task_audience_of_tenant_by_due_date
ON tandem_task_audience (audience, tenant, workflow, due_at, instance_id, task_id)
WHERE tenant IS NOT NULL AND due_at IS NOT NULL;

CREATE TABLE tandem_timers (
  instance_id text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  kind text NOT NULL,
  execution integer NOT NULL,
  fire_at bigint NOT NULL,
  PRIMARY KEY (instance_id, id)
);

CREATE INDEX tandem_timers_by_time ON tandem_timers (fire_at);

CREATE TABLE tandem_signals (
  number bigint GENERATED ALWAYS AS IDENTITY,
  instance_id text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  name text NOT NULL,
  data json NOT NULL,
  used_by integer,
  PRIMARY KEY (instance_id, id)
);

CREATE TABLE tandem_history (
  number bigint GENERATED ALWAYS AS IDENTITY,
  at bigint NOT NULL,
  instance_id text COLLATE "C" NOT NULL,
  type text NOT NULL,
  user_id text,
  on_behalf_of text,
  through text,
  path text,
  task_id text COLLATE "C",
  details json,
  PRIMARY KEY (instance_id, number)
);

CREATE TABLE tandem_schedules (
  id text COLLATE "C" PRIMARY KEY,
  revision integer NOT NULL,
  workflow text COLLATE "C" NOT NULL,
  workflow_version text,
  cron text NOT NULL,
  timezone text NOT NULL,
  initial_data json NOT NULL,
  user_id text,
  tenant text COLLATE "C",
  business_key text,
  tags json,
  missed text NOT NULL,
  is_paused boolean NOT NULL,
  created_at bigint NOT NULL,
  next_at bigint,
  last_at bigint,
  last_instance_id text
);

CREATE INDEX tandem_schedules_by_time
ON tandem_schedules (next_at, id)
WHERE next_at IS NOT NULL AND NOT is_paused;

CREATE TABLE tandem_workers (
  id text COLLATE "C" PRIMARY KEY,
  beat bigint NOT NULL
);

CREATE TABLE tandem_messages (
  number bigint GENERATED ALWAYS AS IDENTITY,
  id text COLLATE "C" PRIMARY KEY,
  instance_id text NOT NULL,
  recipient text COLLATE "C" NOT NULL,
  sender text COLLATE "C",
  sent_at bigint NOT NULL,
  command json NOT NULL
);

CREATE INDEX tandem_messages_by_recipient
ON tandem_messages (recipient, sent_at, number);

CREATE TABLE tandem_answers (
  message_id text COLLATE "C" PRIMARY KEY,
  recipient text COLLATE "C" NOT NULL,
  outcome json NOT NULL
);

CREATE INDEX tandem_answers_by_recipient ON tandem_answers (recipient);

CREATE TABLE tandem_settings (
  key text COLLATE "C" PRIMARY KEY,
  value text NOT NULL
);

COMMENT ON TABLE tandem_migrations IS 'The numbered changes that made this schema.';
COMMENT ON TABLE tandem_instances IS 'Workflows that were started.';
COMMENT ON COLUMN tandem_instances.number IS
  'Given by the database; executions refer to it because it is short.';
COMMENT ON COLUMN tandem_instances.status IS
  'pending, running, waiting, paused, completed, failed or canceled';
COMMENT ON COLUMN tandem_instances.state_version IS
  'Counts the changes of the instance: whoever writes names the one that it has seen.';
COMMENT ON COLUMN tandem_instances.owner IS
  'The worker that runs its code; null while nothing runs.';
COMMENT ON COLUMN tandem_instances.business_key IS
  'What the application knows it by; several may share one.';
COMMENT ON COLUMN tandem_instances.tags IS 'A list of texts; null for none.';
COMMENT ON COLUMN tandem_instances.traceparent IS
  'The trace that it was started in, as W3C traceparent.';
COMMENT ON COLUMN tandem_instances.error IS
  'Why it failed: an object with code, message, path and more.';
COMMENT ON COLUMN tandem_instances.reason IS 'Why it was cancelled.';
COMMENT ON COLUMN tandem_instances.compensating IS
  'failed or canceled: how it will end when its compensation is done.';
COMMENT ON COLUMN tandem_instances.parent_execution IS
  'The number of the execution that waits for this child instance.';

COMMENT ON TABLE tandem_executions IS 'One row for each visit to a step or group.';
COMMENT ON COLUMN tandem_executions.number IS
  'Counts the executions of the instance, from 1.';
COMMENT ON COLUMN tandem_executions.node IS
  'The place of the step or group in the compiled definition.';
COMMENT ON COLUMN tandem_executions.path IS
  'The name of the step or group, after those of the groups around it.';
COMMENT ON COLUMN tandem_executions.status IS
  'pending, scheduled, running, waiting, succeeded, failed, canceled or skipped';
COMMENT ON COLUMN tandem_executions.parent IS
  'The number of the execution of the group that this is a member of.';
COMMENT ON COLUMN tandem_executions.position IS
  'The place among the members of the group; -1 for its callback.';
COMMENT ON COLUMN tandem_executions.arrived_edges IS
  'Edges whose arrival it used: numbers of the compiled definition.';
COMMENT ON COLUMN tandem_executions.taken_edges IS
  'Edges taken at its end: numbers of the compiled definition.';
COMMENT ON COLUMN tandem_executions.started_at IS 'When the current attempt started.';
COMMENT ON COLUMN tandem_executions.event_number IS
  'Numbers what happens in an instance: the order in which writes became visible.';
COMMENT ON COLUMN tandem_executions.writes IS
  'What it set in the data: a list of [key, value].';
COMMENT ON COLUMN tandem_executions.round_open IS
  'Whether a join that counts arrivals still takes some in.';
COMMENT ON COLUMN tandem_executions.map IS
  'Of a map: its items, and whether it was closed early.';
COMMENT ON COLUMN tandem_executions.vote IS
  'Of a member of a quorum: counts, veto or other.';
COMMENT ON COLUMN tandem_executions.reduced_writes IS
  'What custom reducers made of its writes.';
COMMENT ON COLUMN tandem_executions.compensates IS
  'Of a compensation: the number of the execution that it undoes.';

COMMENT ON VIEW tandem_instance_executions IS
  'The executions with the ids of their instances, for people.';

COMMENT ON TABLE tandem_tasks IS 'Work for people.';
COMMENT ON COLUMN tandem_tasks.id IS 'Unique in the instance.';
COMMENT ON COLUMN tandem_tasks.execution IS
  'The number of the execution that waits for it.';
COMMENT ON COLUMN tandem_tasks.status IS 'open, completed or withdrawn';
COMMENT ON COLUMN tandem_tasks.workflow IS 'Like tenant and business_key: of its instance.';
COMMENT ON COLUMN tandem_tasks.shown IS 'What the decision is about, as people see it.';
COMMENT ON COLUMN tandem_tasks.priority IS 'From 0 to 100, the most urgent.';
COMMENT ON COLUMN tandem_tasks.assignee IS
  'Whose task it is; else those who may take it; else it is anybody''s.';
COMMENT ON COLUMN tandem_tasks.claimed_at IS 'When the assignee claimed it, if so.';
COMMENT ON COLUMN tandem_tasks.owner IS 'Who delegated it to the assignee, and gets the answer.';
COMMENT ON COLUMN tandem_tasks.proposal IS 'What a delegate answered: by, at and data.';
COMMENT ON COLUMN tandem_tasks.reminded IS 'How many of its reminders have fired.';
COMMENT ON COLUMN tandem_tasks.escalated IS 'How many of its escalations have fired.';
COMMENT ON COLUMN tandem_tasks.reason IS 'Why it was withdrawn.';

COMMENT ON TABLE tandem_task_audience IS
  'Who finds which open task: user:<name>, group:<name> or everybody.';

COMMENT ON TABLE tandem_timers IS 'What is due at a time.';
COMMENT ON COLUMN tandem_timers.id IS 'Unique in the instance.';
COMMENT ON COLUMN tandem_timers.kind IS
  'timer, retry, timeout, deadline, reminder or escalation';

COMMENT ON TABLE tandem_signals IS 'Signals that arrived.';
COMMENT ON COLUMN tandem_signals.number IS
  'Counts all signals: the order in which they arrived.';
COMMENT ON COLUMN tandem_signals.id IS 'Unique in the instance.';
COMMENT ON COLUMN tandem_signals.used_by IS
  'The number of the execution that used it; null while none has.';

COMMENT ON TABLE tandem_history IS 'Who did what to which instance. Rows are only ever added.';
COMMENT ON COLUMN tandem_history.number IS
  'Counts all entries: the order in which those of an instance were added.';
COMMENT ON COLUMN tandem_history.user_id IS 'Who did it; null for a timer.';
COMMENT ON COLUMN tandem_history.on_behalf_of IS 'For whom an administrator acted.';
COMMENT ON COLUMN tandem_history.through IS 'By which way it came in, such as http.';
COMMENT ON COLUMN tandem_history.details IS 'What else belongs to it, such as a reason.';

COMMENT ON TABLE tandem_schedules IS 'What is started again and again.';
COMMENT ON COLUMN tandem_schedules.revision IS 'Counts how often it was saved.';
COMMENT ON COLUMN tandem_schedules.missed IS
  'once or skip: what becomes of moments at which no process ran.';
COMMENT ON COLUMN tandem_schedules.next_at IS 'Null if it never fires again.';

COMMENT ON TABLE tandem_workers IS 'The engines that work on this database.';
COMMENT ON COLUMN tandem_workers.beat IS 'Counts its signs of life.';

COMMENT ON TABLE tandem_messages IS
  'Commands that one worker has for an instance of another.';
COMMENT ON COLUMN tandem_messages.number IS
  'Counts all messages: the order in which they were sent.';
COMMENT ON COLUMN tandem_messages.sender IS 'The worker that waits for the answer.';

COMMENT ON TABLE tandem_answers IS 'Answers that their recipient has not read yet.';

COMMENT ON TABLE tandem_settings IS 'What all workers share, such as the secret of webhook tokens.';
