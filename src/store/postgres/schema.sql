CREATE TABLE tandem_answers (
  message_id text COLLATE "C" NOT NULL,
  recipient text COLLATE "C" NOT NULL,
  outcome json NOT NULL,
  PRIMARY KEY (message_id)
);
CREATE INDEX tandem_answers_by_recipient ON tandem_answers USING btree (recipient);
COMMENT ON TABLE tandem_answers IS 'Answers that their recipient has not read yet.';

CREATE TABLE tandem_executions (
  instance_number bigint NOT NULL,
  last_attempt bigint NOT NULL,
  started_at bigint,
  ended_at bigint,
  number integer NOT NULL,
  node integer NOT NULL,
  attempt integer NOT NULL,
  iteration integer NOT NULL,
  "position" integer NOT NULL,
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
) WITH (fillfactor=40);
COMMENT ON TABLE tandem_executions IS 'One row for each visit to a step or group.';
COMMENT ON COLUMN tandem_executions.started_at IS 'When the current attempt started.';
COMMENT ON COLUMN tandem_executions.number IS 'Counts the executions of the instance, from 1.';
COMMENT ON COLUMN tandem_executions.node IS 'The place of the step or group in the compiled definition.';
COMMENT ON COLUMN tandem_executions."position" IS 'The place among the members of the group; -1 for its callback.';
COMMENT ON COLUMN tandem_executions.event_number IS 'Numbers what happens in an instance: the order in which writes became visible.';
COMMENT ON COLUMN tandem_executions.parent IS 'The number of the execution of the group that this is a member of.';
COMMENT ON COLUMN tandem_executions.compensates IS 'Of a compensation: the number of the execution that it undoes.';
COMMENT ON COLUMN tandem_executions.round_open IS 'Whether a join that counts arrivals still takes some in.';
COMMENT ON COLUMN tandem_executions.path IS 'The name of the step or group, after those of the groups around it.';
COMMENT ON COLUMN tandem_executions.status IS 'pending, scheduled, running, waiting, succeeded, failed, canceled or skipped';
COMMENT ON COLUMN tandem_executions.arrived_edges IS 'Edges whose arrival it used: numbers of the compiled definition.';
COMMENT ON COLUMN tandem_executions.taken_edges IS 'Edges taken at its end: numbers of the compiled definition.';
COMMENT ON COLUMN tandem_executions.writes IS 'What it set in the data: a list of [key, value].';
COMMENT ON COLUMN tandem_executions.map IS 'Of a map: its items, and whether it was closed early.';
COMMENT ON COLUMN tandem_executions.vote IS 'Of a member of a quorum: counts, veto or other.';
COMMENT ON COLUMN tandem_executions.reduced_writes IS 'What custom reducers made of its writes.';

CREATE TABLE tandem_history (
  number bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
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
COMMENT ON TABLE tandem_history IS 'Who did what to which instance. Rows are only ever added.';
COMMENT ON COLUMN tandem_history.number IS 'Counts all entries: the order in which those of an instance were added.';
COMMENT ON COLUMN tandem_history.user_id IS 'Who did it; null for a timer.';
COMMENT ON COLUMN tandem_history.on_behalf_of IS 'For whom an administrator acted.';
COMMENT ON COLUMN tandem_history.through IS 'By which way it came in, such as http.';
COMMENT ON COLUMN tandem_history.details IS 'What else belongs to it, such as a reason.';

CREATE TABLE tandem_instances (
  number bigint NOT NULL GENERATED ALWAYS AS IDENTITY (CACHE 100),
  state_version bigint NOT NULL,
  started_at bigint NOT NULL,
  changed_at bigint NOT NULL,
  ended_at bigint,
  parent_execution integer,
  id text COLLATE "C" NOT NULL,
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
  parent_instance_id text COLLATE "C",
  PRIMARY KEY (id)
) WITH (fillfactor=30);
CREATE INDEX tandem_instances_by_business_key ON tandem_instances USING btree (business_key, started_at, id) WHERE (business_key IS NOT NULL);
CREATE UNIQUE INDEX tandem_instances_by_idempotency_key ON tandem_instances USING btree (idempotency_key) WHERE (idempotency_key IS NOT NULL);
CREATE INDEX tandem_instances_by_owner ON tandem_instances USING btree (owner) WHERE (owner IS NOT NULL);
CREATE INDEX tandem_instances_by_parent ON tandem_instances USING btree (parent_instance_id, started_at, id) WHERE (parent_instance_id IS NOT NULL);
CREATE INDEX tandem_instances_by_tags ON tandem_instances USING gin (tags jsonb_path_ops) WHERE (tags IS NOT NULL);
CREATE INDEX tandem_instances_by_tenant ON tandem_instances USING btree (tenant, workflow, status, started_at, id) INCLUDE (workflow_version) WHERE (tenant IS NOT NULL);
CREATE INDEX tandem_instances_by_user ON tandem_instances USING btree (user_id, workflow, status, started_at, id) WHERE (user_id IS NOT NULL);
CREATE INDEX tandem_instances_by_workflow ON tandem_instances USING btree (workflow, status, started_at, id) INCLUDE (workflow_version);
CREATE INDEX tandem_instances_ended ON tandem_instances USING btree (workflow, status, ended_at, id) WHERE (ended_at IS NOT NULL);
COMMENT ON TABLE tandem_instances IS 'Workflows that were started.';
COMMENT ON COLUMN tandem_instances.number IS 'Given by the database; executions refer to it because it is short.';
COMMENT ON COLUMN tandem_instances.state_version IS 'Counts the changes of the instance: whoever writes names the one that it has seen.';
COMMENT ON COLUMN tandem_instances.parent_execution IS 'The number of the execution that waits for this child instance.';
COMMENT ON COLUMN tandem_instances.owner IS 'The worker that runs its code; null while nothing runs.';
COMMENT ON COLUMN tandem_instances.status IS 'pending, running, waiting, paused, completed, failed or canceled';
COMMENT ON COLUMN tandem_instances.business_key IS 'What the application knows it by; several may share one.';
COMMENT ON COLUMN tandem_instances.tags IS 'A list of texts; null for none.';
COMMENT ON COLUMN tandem_instances.traceparent IS 'The trace that it was started in, as W3C traceparent.';
COMMENT ON COLUMN tandem_instances.error IS 'Why it failed: an object with code, message, path and more.';
COMMENT ON COLUMN tandem_instances.reason IS 'Why it was cancelled.';
COMMENT ON COLUMN tandem_instances.compensating IS 'failed or canceled: how it will end when its compensation is done.';

CREATE TABLE tandem_messages (
  number bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  id text COLLATE "C" NOT NULL,
  instance_id text NOT NULL,
  recipient text COLLATE "C" NOT NULL,
  sender text COLLATE "C",
  sent_at bigint NOT NULL,
  command json NOT NULL,
  PRIMARY KEY (id)
);
CREATE INDEX tandem_messages_by_recipient ON tandem_messages USING btree (recipient, sent_at, number);
COMMENT ON TABLE tandem_messages IS 'Commands that one worker has for an instance of another.';
COMMENT ON COLUMN tandem_messages.number IS 'Counts all messages: the order in which they were sent.';
COMMENT ON COLUMN tandem_messages.sender IS 'The worker that waits for the answer.';

CREATE TABLE tandem_migrations (
  number integer NOT NULL,
  PRIMARY KEY (number)
);
COMMENT ON TABLE tandem_migrations IS 'The numbered changes that made this schema.';

CREATE TABLE tandem_schedules (
  id text COLLATE "C" NOT NULL,
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
  last_instance_id text,
  PRIMARY KEY (id)
);
CREATE INDEX tandem_schedules_by_time ON tandem_schedules USING btree (next_at, id) WHERE ((next_at IS NOT NULL) AND (NOT is_paused));
COMMENT ON TABLE tandem_schedules IS 'What is started again and again.';
COMMENT ON COLUMN tandem_schedules.revision IS 'Counts how often it was saved.';
COMMENT ON COLUMN tandem_schedules.missed IS 'once or skip: what becomes of moments at which no process ran.';
COMMENT ON COLUMN tandem_schedules.next_at IS 'Null if it never fires again.';

CREATE TABLE tandem_settings (
  key text COLLATE "C" NOT NULL,
  value text NOT NULL,
  PRIMARY KEY (key)
);
COMMENT ON TABLE tandem_settings IS 'What all workers share, such as the secret of webhook tokens.';

CREATE TABLE tandem_signals (
  number bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  instance_id text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  name text NOT NULL,
  data json NOT NULL,
  used_by integer,
  PRIMARY KEY (instance_id, id)
);
COMMENT ON TABLE tandem_signals IS 'Signals that arrived.';
COMMENT ON COLUMN tandem_signals.number IS 'Counts all signals: the order in which they arrived.';
COMMENT ON COLUMN tandem_signals.id IS 'Unique in the instance.';
COMMENT ON COLUMN tandem_signals.used_by IS 'The number of the execution that used it; null while none has.';

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
CREATE INDEX tandem_task_audience_by_creation ON tandem_task_audience USING btree (audience, created_at, instance_id, task_id);
CREATE INDEX tandem_task_audience_of_tenant_by_creation ON tandem_task_audience USING btree (audience, tenant, workflow, created_at, instance_id, task_id) WHERE (tenant IS NOT NULL);
CREATE INDEX tandem_task_audience_of_tenant_by_due_date ON tandem_task_audience USING btree (audience, tenant, workflow, due_at, instance_id, task_id) WHERE ((tenant IS NOT NULL) AND (due_at IS NOT NULL));
CREATE INDEX tandem_task_audience_of_workflow_by_creation ON tandem_task_audience USING btree (audience, workflow, created_at, instance_id, task_id);
CREATE INDEX tandem_task_audience_of_workflow_by_due_date ON tandem_task_audience USING btree (audience, workflow, due_at, instance_id, task_id) WHERE (due_at IS NOT NULL);
COMMENT ON TABLE tandem_task_audience IS 'Who finds which open task: user:<name>, group:<name> or everybody.';

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
CREATE INDEX tandem_tasks_by_business_key ON tandem_tasks USING btree (business_key, status, created_at, instance_id, id) WHERE (business_key IS NOT NULL);
CREATE INDEX tandem_tasks_by_creation ON tandem_tasks USING btree (status, workflow, created_at, instance_id, id);
CREATE INDEX tandem_tasks_by_due_date ON tandem_tasks USING btree (status, workflow, due_at, instance_id, id) WHERE (due_at IS NOT NULL);
CREATE INDEX tandem_tasks_by_end ON tandem_tasks USING btree (status, workflow, ended_at, instance_id, id) WHERE (ended_at IS NOT NULL);
CREATE INDEX tandem_tasks_by_who_ended_it ON tandem_tasks USING btree (ended_by, ended_at, instance_id, id) WHERE (ended_by IS NOT NULL);
CREATE INDEX tandem_tasks_of_tenant_by_creation ON tandem_tasks USING btree (tenant, status, workflow, created_at, instance_id, id) WHERE (tenant IS NOT NULL);
CREATE INDEX tandem_tasks_of_tenant_by_due_date ON tandem_tasks USING btree (tenant, status, workflow, due_at, instance_id, id) WHERE ((tenant IS NOT NULL) AND (due_at IS NOT NULL));
CREATE INDEX tandem_tasks_of_tenant_by_end ON tandem_tasks USING btree (tenant, status, workflow, ended_at, instance_id, id) WHERE ((tenant IS NOT NULL) AND (ended_at IS NOT NULL));
COMMENT ON TABLE tandem_tasks IS 'Work for people.';
COMMENT ON COLUMN tandem_tasks.claimed_at IS 'When the assignee claimed it, if so.';
COMMENT ON COLUMN tandem_tasks.execution IS 'The number of the execution that waits for it.';
COMMENT ON COLUMN tandem_tasks.priority IS 'From 0 to 100, the most urgent.';
COMMENT ON COLUMN tandem_tasks.reminded IS 'How many of its reminders have fired.';
COMMENT ON COLUMN tandem_tasks.escalated IS 'How many of its escalations have fired.';
COMMENT ON COLUMN tandem_tasks.id IS 'Unique in the instance.';
COMMENT ON COLUMN tandem_tasks.workflow IS 'Like tenant and business_key: of its instance.';
COMMENT ON COLUMN tandem_tasks.status IS 'open, completed or withdrawn';
COMMENT ON COLUMN tandem_tasks.shown IS 'What the decision is about, as people see it.';
COMMENT ON COLUMN tandem_tasks.assignee IS 'Whose task it is; else those who may take it; else it is anybody''s.';
COMMENT ON COLUMN tandem_tasks.owner IS 'Who delegated it to the assignee, and gets the answer.';
COMMENT ON COLUMN tandem_tasks.proposal IS 'What a delegate answered: by, at and data.';
COMMENT ON COLUMN tandem_tasks.reason IS 'Why it was withdrawn.';

CREATE TABLE tandem_timers (
  instance_id text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  kind text NOT NULL,
  execution integer NOT NULL,
  fire_at bigint NOT NULL,
  PRIMARY KEY (instance_id, id)
);
CREATE INDEX tandem_timers_by_time ON tandem_timers USING btree (fire_at);
COMMENT ON TABLE tandem_timers IS 'What is due at a time.';
COMMENT ON COLUMN tandem_timers.id IS 'Unique in the instance.';
COMMENT ON COLUMN tandem_timers.kind IS 'timer, retry, timeout, deadline, reminder or escalation';

CREATE TABLE tandem_workers (
  id text COLLATE "C" NOT NULL,
  beat bigint NOT NULL,
  PRIMARY KEY (id)
);
COMMENT ON TABLE tandem_workers IS 'The engines that work on this database.';
COMMENT ON COLUMN tandem_workers.beat IS 'Counts its signs of life.';

CREATE VIEW tandem_instance_executions AS
 SELECT i.id AS instance_id,
    e.number,
    e.path,
    e.status,
    e.attempt,
    e.iteration,
    to_timestamp((e.started_at::numeric / 1000.0)::double precision) AS started_at,
    to_timestamp((e.ended_at::numeric / 1000.0)::double precision) AS ended_at,
    e.result,
    e.writes,
    e.error,
    e.parent,
    e."position"
   FROM tandem_instances i
     JOIN tandem_executions e ON e.instance_number = i.number;
COMMENT ON VIEW tandem_instance_executions IS 'The executions with the ids of their instances, for people.';

CREATE OR REPLACE FUNCTION tandem_advance_instances(ids text[], versions bigint[], owners text[], moments bigint[])
 RETURNS bigint[]
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
AS $function$
DECLARE
  kept bigint[];
  places integer[];
BEGIN
  WITH updated AS (
    UPDATE tandem_instances AS i
    SET state_version = i.state_version + 1, owner = c.owner, changed_at = c.moment
    FROM (
      SELECT generate_subscripts(ids, 1) AS place, unnest(ids) AS id,
        unnest(versions) AS version, unnest(owners) AS owner, unnest(moments) AS moment
    ) AS c
    WHERE i.id = ANY (ARRAY[c.id]) AND i.state_version = c.version
    RETURNING i.number, c.place
  )
  SELECT array_agg(u.number ORDER BY u.place), array_agg(u.place ORDER BY u.place)
  INTO kept, places FROM updated AS u;
  RETURN tandem_spread(kept, places, cardinality(ids));
END $function$;

CREATE OR REPLACE FUNCTION tandem_bar(versions bigint[], before integer, barred integer[])
 RETURNS bigint[]
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
DECLARE
  place integer;
BEGIN
  FOREACH place IN ARRAY barred LOOP
    IF place > before AND place <= before + cardinality(versions) THEN
      versions[place - before] := NULL;
    END IF;
  END LOOP;
  RETURN versions;
END $function$;

CREATE OR REPLACE FUNCTION tandem_beat(worker text, amount bigint)
 RETURNS SETOF tandem_workers
 LANGUAGE plpgsql
AS $function$
BEGIN
  IF amount = 1 THEN
    INSERT INTO tandem_workers (id, beat) VALUES (worker, 1)
    ON CONFLICT (id) DO UPDATE SET beat = 1;
  ELSE
    UPDATE tandem_workers SET beat = amount WHERE id = worker;
  END IF;
  RETURN QUERY SELECT w.id, w.beat FROM tandem_workers AS w;
END $function$;

CREATE OR REPLACE FUNCTION tandem_claim(worker text, gone text[], beats bigint[], most bigint)
 RETURNS SETOF text
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
AS $function$
DECLARE
  orphaned text[];
BEGIN
  PERFORM tandem_forget_workers(gone, beats);

  WITH taken AS MATERIALIZED (
    SELECT m.id FROM tandem_messages AS m
    WHERE NOT EXISTS (SELECT FROM tandem_workers AS w WHERE w.id = m.recipient)
    FOR UPDATE SKIP LOCKED
  )
  UPDATE tandem_messages AS m SET recipient = worker
  FROM taken AS t WHERE m.id = ANY (ARRAY[t.id]);

  -- From one owner to the next in the index, however many instances each has.
  WITH RECURSIVE owners AS (
    (SELECT i.owner FROM tandem_instances AS i WHERE i.owner IS NOT NULL ORDER BY i.owner LIMIT 1)
    UNION ALL
    SELECT (
      SELECT i.owner FROM tandem_instances AS i
      WHERE i.owner > o.owner ORDER BY i.owner LIMIT 1
    )
    FROM owners AS o WHERE o.owner IS NOT NULL
  )
  SELECT array_agg(o.owner) INTO orphaned FROM owners AS o
  WHERE o.owner IS NOT NULL
    AND NOT EXISTS (SELECT FROM tandem_workers AS w WHERE w.id = o.owner);
  IF orphaned IS NULL THEN
    RETURN;
  END IF;

  RETURN QUERY
  WITH taken AS MATERIALIZED (
    SELECT i.id FROM tandem_instances AS i WHERE i.owner = ANY (orphaned)
    LIMIT most FOR UPDATE SKIP LOCKED
  )
  UPDATE tandem_instances AS i SET owner = worker, state_version = i.state_version + 1
  FROM taken AS t WHERE i.id = ANY (ARRAY[t.id])
  RETURNING i.id;
END $function$;

CREATE OR REPLACE FUNCTION tandem_find_late_answers(places integer[], ids text[], answerers text[])
 RETURNS integer[]
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
AS $function$
DECLARE
  found_ids text[];
BEGIN
  WITH locked AS MATERIALIZED (
    SELECT m.id FROM (SELECT unnest(ids) AS id, unnest(answerers) AS answerer) AS c
    JOIN tandem_messages AS m
    ON m.id = ANY (ARRAY[c.id]) AND m.recipient IS NOT DISTINCT FROM c.answerer
    FOR UPDATE OF m
  )
  SELECT array_agg(l.id) INTO found_ids FROM locked AS l;
  IF cardinality(found_ids) = cardinality(ids) THEN
    RETURN '{}';
  END IF;
  RETURN ARRAY(
    SELECT c.place FROM (SELECT unnest(places) AS place, unnest(ids) AS id) AS c
    WHERE found_ids IS NULL OR c.id <> ALL (found_ids)
  );
END $function$;

CREATE OR REPLACE FUNCTION tandem_forget_workers(gone text[], beats bigint[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
  PERFORM FROM tandem_workers AS w WHERE w.id = ANY (gone) ORDER BY w.id FOR UPDATE;
  -- Who has given a sign of life since is not gone.
  DELETE FROM tandem_workers AS w
  USING (SELECT unnest(gone) AS id, unnest(beats) AS beat) AS g
  WHERE w.id = g.id AND (g.beat IS NULL OR w.beat = g.beat);
  -- Also what was answered while they were forgotten before.
  WITH dropped AS MATERIALIZED (
    SELECT a.message_id FROM tandem_answers AS a
    WHERE NOT EXISTS (SELECT FROM tandem_workers AS w WHERE w.id = a.recipient)
    FOR UPDATE SKIP LOCKED
  )
  DELETE FROM tandem_answers AS a USING dropped AS d WHERE a.message_id = d.message_id;
END $function$;

CREATE OR REPLACE FUNCTION tandem_keep_acts(kept bigint[], places integer[], instances text[], types text[], moments bigint[], users text[], beneficiaries text[], ways text[], paths text[], tasks text[], details json[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
  INSERT INTO tandem_history (
    instance_id, type, at, user_id, on_behalf_of, through, path, task_id, details
  )
  SELECT c.instance_id, c.type, c.moment, c.user_id, c.beneficiary, c.way, c.path, c.task_id,
    c.details
  FROM (
    SELECT unnest(places) AS place, unnest(instances) AS instance_id, unnest(types) AS type,
      unnest(moments) AS moment, unnest(users) AS user_id, unnest(beneficiaries) AS beneficiary,
      unnest(ways) AS way, unnest(paths) AS path, unnest(tasks) AS task_id,
      unnest(details) AS details
  ) AS c
  WHERE kept[c.place] IS NOT NULL;
END $function$;

CREATE OR REPLACE FUNCTION tandem_keep_executions(kept bigint[], places integer[], is_new boolean[], numbers integer[], nodes integer[], paths text[], statuses text[], attempts integer[], last_attempts bigint[], iterations integer[], parents integer[], positions integer[], arrived_edges json[], taken_edges json[], starts bigint[], ends bigint[], event_numbers integer[], results json[], writes json[], errors json[], open_rounds boolean[], maps json[], votes text[], reduced_writes json[], compensated integer[])
 RETURNS void
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
AS $function$
BEGIN
  MERGE INTO tandem_executions AS e
  USING (
    SELECT c.*, kept[c.place] AS instance_number
    FROM (
      SELECT unnest(places) AS place, unnest(is_new) AS is_new, unnest(numbers) AS number,
        unnest(nodes) AS node, unnest(paths) AS path, unnest(statuses) AS status,
        unnest(attempts) AS attempt,
        unnest(last_attempts) AS last_attempt, unnest(iterations) AS iteration,
        unnest(parents) AS parent, unnest(positions) AS "position",
        unnest(arrived_edges) AS arrived, unnest(taken_edges) AS taken,
        unnest(starts) AS started_at, unnest(ends) AS ended_at,
        unnest(event_numbers) AS event_number, unnest(results) AS result,
        unnest(writes) AS written, unnest(errors) AS error, unnest(open_rounds) AS round_open,
        unnest(maps) AS map, unnest(votes) AS vote, unnest(reduced_writes) AS reduced,
        unnest(compensated) AS compensates
    ) AS c
    WHERE kept[c.place] IS NOT NULL
  ) AS c
  ON e.instance_number = ANY (ARRAY[CASE WHEN c.is_new THEN NULL ELSE c.instance_number END])
    AND e.number = ANY (ARRAY[c.number])
  WHEN MATCHED THEN UPDATE SET
    node = c.node, path = c.path, status = c.status, attempt = c.attempt,
    last_attempt = c.last_attempt, iteration = c.iteration, parent = c.parent,
    position = c.position, arrived_edges = c.arrived, taken_edges = c.taken,
    started_at = c.started_at, ended_at = c.ended_at, event_number = c.event_number,
    result = c.result, writes = c.written, error = c.error, round_open = c.round_open,
    map = c.map, vote = c.vote, reduced_writes = c.reduced, compensates = c.compensates
  WHEN NOT MATCHED THEN INSERT (
    instance_number, number, node, path, status, attempt, last_attempt, iteration, parent,
    position, arrived_edges, taken_edges, started_at, ended_at, event_number, result, writes,
    error, round_open, map, vote, reduced_writes, compensates
  ) VALUES (
    c.instance_number, c.number, c.node, c.path, c.status, c.attempt, c.last_attempt,
    c.iteration, c.parent, c.position, c.arrived, c.taken, c.started_at, c.ended_at,
    c.event_number, c.result, c.written, c.error, c.round_open, c.map, c.vote, c.reduced,
    c.compensates
  );
END $function$;

CREATE OR REPLACE FUNCTION tandem_keep_mail(kept bigint[], places integer[], ids text[], instances text[], recipients text[], senders text[], moments bigint[], commands json[], answer_places integer[], answered_ids text[], answerers text[], answer_recipients text[], outcomes json[], handed_ids text[], givers text[], takers text[], dismissed_ids text[])
 RETURNS void
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
AS $function$
BEGIN
  IF cardinality(ids) > 0 THEN
    INSERT INTO tandem_messages (id, instance_id, recipient, sender, sent_at, command)
    SELECT c.id, c.instance_id, c.recipient, c.sender, c.moment, c.command
    FROM (
      SELECT unnest(places) AS place, unnest(ids) AS id, unnest(instances) AS instance_id,
        unnest(recipients) AS recipient, unnest(senders) AS sender, unnest(moments) AS moment,
        unnest(commands) AS command
    ) AS c
    WHERE c.place = 0 OR kept[c.place] IS NOT NULL
    ON CONFLICT (id) DO NOTHING;
  END IF;
  IF cardinality(answered_ids) > 0 THEN
    WITH ended AS (
      DELETE FROM tandem_messages AS m
      USING (
        SELECT unnest(answer_places) AS place, unnest(answered_ids) AS id,
          unnest(answerers) AS answerer, unnest(answer_recipients) AS recipient,
          unnest(outcomes) AS outcome
      ) AS c
      WHERE m.id = ANY (ARRAY[c.id]) AND m.recipient IS NOT DISTINCT FROM c.answerer
        AND (c.place = 0 OR kept[c.place] IS NOT NULL)
      RETURNING c.id, c.recipient, c.outcome
    )
    INSERT INTO tandem_answers (message_id, recipient, outcome)
    SELECT e.id, e.recipient, e.outcome FROM ended AS e
    WHERE EXISTS (SELECT FROM tandem_workers AS w WHERE w.id = ANY (ARRAY[e.recipient]))
    ON CONFLICT (message_id) DO UPDATE SET
      recipient = excluded.recipient, outcome = excluded.outcome;
  END IF;
  IF cardinality(handed_ids) > 0 THEN
    UPDATE tandem_messages AS m SET recipient = c.taker
    FROM (
      SELECT unnest(handed_ids) AS id, unnest(givers) AS giver, unnest(takers) AS taker
    ) AS c
    WHERE m.id = ANY (ARRAY[c.id]) AND m.recipient IS NOT DISTINCT FROM c.giver;
  END IF;
  IF cardinality(dismissed_ids) > 0 THEN
    DELETE FROM tandem_answers AS a
    USING (SELECT unnest(dismissed_ids) AS id) AS c
    WHERE a.message_id = ANY (ARRAY[c.id]);
  END IF;
END $function$;

CREATE OR REPLACE FUNCTION tandem_keep_plain_executions(kept bigint[], places integer[], is_new boolean[], numbers integer[], nodes integer[], paths text[], statuses text[], attempts integer[], last_attempts bigint[], iterations integer[], parents integer[], positions integer[], arrived_edges json[], taken_edges json[], starts bigint[], ends bigint[], event_numbers integer[], results json[], writes json[])
 RETURNS void
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
AS $function$
BEGIN
  MERGE INTO tandem_executions AS e
  USING (
    SELECT c.*, kept[c.place] AS instance_number
    FROM (
      SELECT unnest(places) AS place, unnest(is_new) AS is_new, unnest(numbers) AS number,
        unnest(nodes) AS node, unnest(paths) AS path, unnest(statuses) AS status,
        unnest(attempts) AS attempt,
        unnest(last_attempts) AS last_attempt, unnest(iterations) AS iteration,
        unnest(parents) AS parent, unnest(positions) AS "position",
        unnest(arrived_edges) AS arrived, unnest(taken_edges) AS taken,
        unnest(starts) AS started_at, unnest(ends) AS ended_at,
        unnest(event_numbers) AS event_number, unnest(results) AS result,
        unnest(writes) AS written
    ) AS c
    WHERE kept[c.place] IS NOT NULL
  ) AS c
  ON e.instance_number = ANY (ARRAY[CASE WHEN c.is_new THEN NULL ELSE c.instance_number END])
    AND e.number = ANY (ARRAY[c.number])
  WHEN MATCHED THEN UPDATE SET
    node = c.node, path = c.path, status = c.status, attempt = c.attempt,
    last_attempt = c.last_attempt, iteration = c.iteration, parent = c.parent,
    position = c.position, arrived_edges = c.arrived, taken_edges = c.taken,
    started_at = c.started_at, ended_at = c.ended_at, event_number = c.event_number,
    result = c.result, writes = c.written, error = NULL, round_open = false, map = NULL,
    vote = NULL, reduced_writes = NULL, compensates = NULL
  WHEN NOT MATCHED THEN INSERT (
    instance_number, number, node, path, status, attempt, last_attempt, iteration, parent,
    position, arrived_edges, taken_edges, started_at, ended_at, event_number, result, writes,
    round_open
  ) VALUES (
    c.instance_number, c.number, c.node, c.path, c.status, c.attempt, c.last_attempt,
    c.iteration, c.parent, c.position, c.arrived, c.taken, c.started_at, c.ended_at,
    c.event_number, c.result, c.written, false
  );
END $function$;

CREATE OR REPLACE FUNCTION tandem_keep_setting(setting text, given text, replaced text)
 RETURNS text
 LANGUAGE plpgsql
AS $function$
BEGIN
  INSERT INTO tandem_settings AS s (key, value) VALUES (setting, given)
  ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE s.value = replaced;
  RETURN (SELECT s.value FROM tandem_settings AS s WHERE s.key = setting);
END $function$;

CREATE OR REPLACE FUNCTION tandem_keep_signals(kept bigint[], places integer[], instances text[], ids text[], names text[], data json[], users integer[])
 RETURNS void
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
AS $function$
BEGIN
  INSERT INTO tandem_signals (instance_id, id, name, data, used_by)
  SELECT c.instance_id, c.id, c.name, c.value, c.used_by
  FROM (
    SELECT unnest(places) AS place, unnest(instances) AS instance_id, unnest(ids) AS id,
      unnest(names) AS name, unnest(data) AS value, unnest(users) AS used_by
  ) AS c
  WHERE kept[c.place] IS NOT NULL
  ON CONFLICT (instance_id, id) DO UPDATE SET
    name = excluded.name, data = excluded.data, used_by = excluded.used_by;
END $function$;

CREATE OR REPLACE FUNCTION tandem_keep_tasks(kept bigint[], places integer[], instances text[], ids text[], executions integer[], paths text[], statuses text[], titles text[], descriptions text[], shown json[], priorities integer[], due_dates bigint[], assignees text[], claims bigint[], owners text[], proposals json[], candidate_users json[], candidate_groups json[], exclude_users json[], reminders integer[], escalations integer[], creations bigint[], ends bigint[], enders text[], reasons text[], audience_rows integer[], audiences text[])
 RETURNS void
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
AS $function$
BEGIN
  DELETE FROM tandem_task_audience AS a
  USING (
    SELECT unnest(places) AS place, unnest(instances) AS instance_id, unnest(ids) AS task_id
  ) AS c
  WHERE a.instance_id = ANY (ARRAY[c.instance_id]) AND a.task_id = ANY (ARRAY[c.task_id])
    AND kept[c.place] IS NOT NULL;

  INSERT INTO tandem_tasks AS t (
    instance_id, id, workflow, tenant, business_key, execution, path, status, title, description,
    shown, priority, due_at, assignee, claimed_at, owner, proposal, candidate_users,
    candidate_groups, exclude_users, reminded, escalated, created_at, ended_at, ended_by, reason
  )
  SELECT c.instance_id, c.id, i.workflow, i.tenant, i.business_key, c.execution, c.path, c.status,
    c.title, c.description, c.shown, c.priority, c.due_at, c.assignee, c.claimed_at, c.owner,
    c.proposal, c.users, c.groups, c.excluded, c.reminded, c.escalated, c.created_at, c.ended_at,
    c.ended_by, c.reason
  FROM (
    SELECT unnest(places) AS place, unnest(instances) AS instance_id, unnest(ids) AS id,
      unnest(executions) AS execution, unnest(paths) AS path, unnest(statuses) AS status,
      unnest(titles) AS title, unnest(descriptions) AS description, unnest(shown) AS shown,
      unnest(priorities) AS priority, unnest(due_dates) AS due_at,
      unnest(assignees) AS assignee, unnest(claims) AS claimed_at, unnest(owners) AS owner,
      unnest(proposals) AS proposal, unnest(candidate_users) AS users,
      unnest(candidate_groups) AS groups, unnest(exclude_users) AS excluded,
      unnest(reminders) AS reminded, unnest(escalations) AS escalated,
      unnest(creations) AS created_at, unnest(ends) AS ended_at, unnest(enders) AS ended_by,
      unnest(reasons) AS reason
  ) AS c
  JOIN tandem_instances AS i ON i.id = ANY (ARRAY[c.instance_id])
  WHERE kept[c.place] IS NOT NULL
  ON CONFLICT (instance_id, id) DO UPDATE SET
    execution = excluded.execution, path = excluded.path, status = excluded.status,
    title = excluded.title, description = excluded.description, shown = excluded.shown,
    priority = excluded.priority, due_at = excluded.due_at, assignee = excluded.assignee,
    claimed_at = excluded.claimed_at, owner = excluded.owner, proposal = excluded.proposal,
    candidate_users = excluded.candidate_users, candidate_groups = excluded.candidate_groups,
    exclude_users = excluded.exclude_users, reminded = excluded.reminded,
    escalated = excluded.escalated, created_at = excluded.created_at,
    ended_at = excluded.ended_at, ended_by = excluded.ended_by, reason = excluded.reason;

  IF cardinality(audiences) > 0 THEN
    INSERT INTO tandem_task_audience (
      audience, instance_id, task_id, workflow, tenant, created_at, due_at, exclude_users
    )
    SELECT a.audience, instances[a.row], ids[a.row], i.workflow, i.tenant, creations[a.row],
      due_dates[a.row], exclude_users[a.row]
    FROM (SELECT unnest(audience_rows) AS row, unnest(audiences) AS audience) AS a
    JOIN tandem_instances AS i ON i.id = ANY (ARRAY[instances[a.row]])
    WHERE kept[places[a.row]] IS NOT NULL;
  END IF;
END $function$;

CREATE OR REPLACE FUNCTION tandem_keep_timers(kept bigint[], cleared_places integer[], cleared_instances text[], cleared_ids text[], places integer[], instances text[], ids text[], kinds text[], executions integer[], moments bigint[])
 RETURNS void
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
AS $function$
BEGIN
  IF cardinality(cleared_ids) > 0 THEN
    DELETE FROM tandem_timers AS t
    USING (
      SELECT unnest(cleared_places) AS place, unnest(cleared_instances) AS instance_id,
        unnest(cleared_ids) AS id
    ) AS c
    WHERE t.instance_id = ANY (ARRAY[c.instance_id]) AND t.id = ANY (ARRAY[c.id])
      AND kept[c.place] IS NOT NULL;
  END IF;
  IF cardinality(ids) > 0 THEN
    INSERT INTO tandem_timers (instance_id, id, kind, execution, fire_at)
    SELECT c.instance_id, c.id, c.kind, c.execution, c.moment
    FROM (
      SELECT unnest(places) AS place, unnest(instances) AS instance_id, unnest(ids) AS id,
        unnest(kinds) AS kind, unnest(executions) AS execution, unnest(moments) AS moment
    ) AS c
    WHERE kept[c.place] IS NOT NULL
    ON CONFLICT (instance_id, id) DO UPDATE SET
      kind = excluded.kind, execution = excluded.execution, fire_at = excluded.fire_at;
  END IF;
END $function$;

CREATE OR REPLACE FUNCTION tandem_remove_ended(ids text[], before bigint)
 RETURNS text[]
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
AS $function$
DECLARE
  gone text[];
  numbers bigint[];
BEGIN
  WITH locked AS MATERIALIZED (
    SELECT i.id, i.number FROM (SELECT unnest(ids) AS id) AS c
    JOIN tandem_instances AS i ON i.id = ANY (ARRAY[c.id])
    WHERE i.ended_at < before AND NOT EXISTS (
      SELECT FROM tandem_instances AS p
      WHERE p.id = ANY (ARRAY[i.parent_instance_id]) AND p.ended_at IS NULL
    )
    FOR UPDATE OF i SKIP LOCKED
  )
  SELECT array_agg(l.id), array_agg(l.number) INTO gone, numbers FROM locked AS l;
  DELETE FROM tandem_executions AS e USING (SELECT unnest(numbers) AS number) AS c
  WHERE e.instance_number = ANY (ARRAY[c.number]);
  DELETE FROM tandem_task_audience AS a USING (SELECT unnest(gone) AS id) AS c
  WHERE a.instance_id = ANY (ARRAY[c.id]);
  DELETE FROM tandem_tasks AS t USING (SELECT unnest(gone) AS id) AS c
  WHERE t.instance_id = ANY (ARRAY[c.id]);
  DELETE FROM tandem_timers AS t USING (SELECT unnest(gone) AS id) AS c
  WHERE t.instance_id = ANY (ARRAY[c.id]);
  DELETE FROM tandem_signals AS s USING (SELECT unnest(gone) AS id) AS c
  WHERE s.instance_id = ANY (ARRAY[c.id]);
  DELETE FROM tandem_history AS h USING (SELECT unnest(gone) AS id) AS c
  WHERE h.instance_id = ANY (ARRAY[c.id]);
  DELETE FROM tandem_instances AS i USING (SELECT unnest(gone) AS id) AS c
  WHERE i.id = ANY (ARRAY[c.id]);
  RETURN coalesce(gone, '{}');
END $function$;

CREATE OR REPLACE FUNCTION tandem_replace_instances(ids text[], versions bigint[], owners text[], moments bigint[], workflows text[], workflow_versions text[], statuses text[], starts bigint[], ends bigint[], users text[], tenants text[], idempotency_keys text[], initial_data json[], errors json[], reasons text[], compensatings text[], parents text[], parent_executions integer[], business_keys text[], tag_lists json[], traceparents text[])
 RETURNS bigint[]
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
AS $function$
DECLARE
  kept bigint[];
  places integer[];
BEGIN
  WITH updated AS (
    UPDATE tandem_instances AS i
    SET state_version = i.state_version + 1, owner = c.owner, changed_at = c.moment,
      workflow = c.workflow, workflow_version = c.workflow_version, status = c.status,
      started_at = c.started_at, ended_at = c.ended_at, user_id = c.user_id, tenant = c.tenant,
      idempotency_key = c.idempotency_key, initial_data = c.data, error = c.error,
      reason = c.reason, compensating = c.compensating,
      parent_instance_id = c.parent_instance_id, parent_execution = c.parent_execution,
      business_key = c.business_key, tags = c.tags::jsonb, traceparent = c.traceparent
    FROM (
      SELECT generate_subscripts(ids, 1) AS place, unnest(ids) AS id,
        unnest(versions) AS version, unnest(owners) AS owner, unnest(moments) AS moment,
        unnest(workflows) AS workflow, unnest(workflow_versions) AS workflow_version,
        unnest(statuses) AS status, unnest(starts) AS started_at, unnest(ends) AS ended_at,
        unnest(users) AS user_id, unnest(tenants) AS tenant,
        unnest(idempotency_keys) AS idempotency_key, unnest(initial_data) AS data,
        unnest(errors) AS error, unnest(reasons) AS reason,
        unnest(compensatings) AS compensating, unnest(parents) AS parent_instance_id,
        unnest(parent_executions) AS parent_execution, unnest(business_keys) AS business_key,
        unnest(tag_lists) AS tags, unnest(traceparents) AS traceparent
    ) AS c
    WHERE i.id = ANY (ARRAY[c.id]) AND i.state_version = c.version
    RETURNING i.number, c.place
  )
  SELECT array_agg(u.number ORDER BY u.place), array_agg(u.place ORDER BY u.place)
  INTO kept, places FROM updated AS u;
  RETURN tandem_spread(kept, places, cardinality(ids));
END $function$;

CREATE OR REPLACE FUNCTION tandem_spread(numbers bigint[], places integer[], amount integer)
 RETURNS bigint[]
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
DECLARE
  spread bigint[];
BEGIN
  IF cardinality(places) = amount THEN
    RETURN numbers;
  END IF;
  spread := array_fill(NULL::bigint, ARRAY[amount]);
  FOR i IN 1 .. coalesce(cardinality(places), 0) LOOP
    spread[places[i]] := numbers[i];
  END LOOP;
  RETURN spread;
END $function$;

CREATE OR REPLACE FUNCTION tandem_start_instances(ids text[], versions bigint[], owners text[], moments bigint[], workflows text[], workflow_versions text[], statuses text[], starts bigint[], ends bigint[], users text[], tenants text[], idempotency_keys text[], initial_data json[], errors json[], reasons text[], compensatings text[], parents text[], parent_executions integer[], business_keys text[], tag_lists json[], traceparents text[])
 RETURNS bigint[]
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
AS $function$
DECLARE
  started bigint[];
  started_ids text[];
BEGIN
  WITH added AS (
    INSERT INTO tandem_instances AS i (
      id, state_version, owner, changed_at, workflow, workflow_version, status, started_at,
      ended_at, user_id, tenant, idempotency_key, initial_data, error, reason, compensating,
      parent_instance_id, parent_execution, business_key, tags, traceparent
    )
    SELECT c.id, 1, c.owner, c.moment, c.workflow, c.workflow_version, c.status, c.started_at,
      c.ended_at, c.user_id, c.tenant, c.idempotency_key, c.data, c.error, c.reason,
      c.compensating, c.parent_instance_id, c.parent_execution, c.business_key, c.tags::jsonb,
      c.traceparent
    FROM (
      SELECT unnest(ids) AS id, unnest(versions) AS version, unnest(owners) AS owner,
        unnest(moments) AS moment, unnest(workflows) AS workflow,
        unnest(workflow_versions) AS workflow_version, unnest(statuses) AS status,
        unnest(starts) AS started_at, unnest(ends) AS ended_at, unnest(users) AS user_id,
        unnest(tenants) AS tenant, unnest(idempotency_keys) AS idempotency_key,
        unnest(initial_data) AS data, unnest(errors) AS error, unnest(reasons) AS reason,
        unnest(compensatings) AS compensating, unnest(parents) AS parent_instance_id,
        unnest(parent_executions) AS parent_execution, unnest(business_keys) AS business_key,
        unnest(tag_lists) AS tags, unnest(traceparents) AS traceparent
    ) AS c
    WHERE c.version = 0
    ON CONFLICT DO NOTHING
    RETURNING i.number, i.id
  )
  SELECT array_agg(a.number), array_agg(a.id) INTO started, started_ids FROM added AS a;
  IF started_ids = ids THEN
    RETURN started;
  END IF;
  RETURN ARRAY(
    SELECT started[array_position(started_ids, i.id)]
    FROM unnest(ids) WITH ORDINALITY AS i (id, place) ORDER BY i.place
  );
END $function$;
