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
  workflow text NOT NULL,
  workflow_version text NOT NULL,
  status text NOT NULL,
  user_id text,
  tenant text,
  idempotency_key text COLLATE "C",
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
  instance_id text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  execution integer NOT NULL,
  path text NOT NULL,
  status text NOT NULL,
  title text NOT NULL,
  description text,
  assignee text,
  candidate_users json,
  candidate_groups json,
  exclude_users json,
  created_at bigint NOT NULL,
  ended_at bigint,
  ended_by text,
  reason text,
  PRIMARY KEY (instance_id, id)
);

CREATE INDEX tandem_tasks_open
ON tandem_tasks (created_at, instance_id, id)
WHERE status = 'open';

CREATE TABLE tandem_task_audience (
  audience text COLLATE "C" NOT NULL,
  created_at bigint NOT NULL,
  instance_id text COLLATE "C" NOT NULL,
  task_id text COLLATE "C" NOT NULL,
  PRIMARY KEY (audience, created_at, instance_id, task_id)
);

CREATE INDEX tandem_task_audience_by_task
ON tandem_task_audience (instance_id, task_id);

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
COMMENT ON COLUMN tandem_tasks.assignee IS
  'Whose task it is; else those who may take it; else it is anybody''s.';
COMMENT ON COLUMN tandem_tasks.reason IS 'Why it was withdrawn.';

COMMENT ON TABLE tandem_task_audience IS
  'Who finds which open task: user:<name>, group:<name> or everybody.';

COMMENT ON TABLE tandem_timers IS 'What is due at a time.';
COMMENT ON COLUMN tandem_timers.id IS 'Unique in the instance.';
COMMENT ON COLUMN tandem_timers.kind IS 'timer, retry, timeout or deadline';

COMMENT ON TABLE tandem_signals IS 'Signals that arrived.';
COMMENT ON COLUMN tandem_signals.number IS
  'Counts all signals: the order in which they arrived.';
COMMENT ON COLUMN tandem_signals.id IS 'Unique in the instance.';
COMMENT ON COLUMN tandem_signals.used_by IS
  'The number of the execution that used it; null while none has.';

COMMENT ON TABLE tandem_workers IS 'The engines that work on this database.';
COMMENT ON COLUMN tandem_workers.beat IS 'Counts its signs of life.';

COMMENT ON TABLE tandem_messages IS
  'Commands that one worker has for an instance of another.';
COMMENT ON COLUMN tandem_messages.number IS
  'Counts all messages: the order in which they were sent.';
COMMENT ON COLUMN tandem_messages.sender IS 'The worker that waits for the answer.';

COMMENT ON TABLE tandem_answers IS 'Answers that their recipient has not read yet.';

COMMENT ON TABLE tandem_settings IS 'What all workers share, such as the secret of webhook tokens.';
