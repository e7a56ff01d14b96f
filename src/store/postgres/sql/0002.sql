-- What a commit does, as functions. A commit calls those that it has rows for, in one statement:
-- one round trip, one transaction.
--
-- Rows come as one array for each column, and a column without any value as an empty array: an
-- array that is shorter than the others stands for nulls. Arrays are taken apart in lists of
-- columns: in FROM, the server would store what comes out of each first.
--
-- Plans must not depend on statistics, which a new table does not have, and which are wrong while
-- it grows. So each is made once (force_generic_plan), and columns are compared with given rows by
-- = ANY (ARRAY[...]): other than by =, rows can then only be looked up one after the other in an
-- index; the server cannot think of merging or hashing whole tables. IS NOT DISTINCT FROM compares
-- where no index is to be used.
--
-- What a function gets as kept are the numbers of the instances that the commit changes, in the
-- order of its changes, and null for a change that is refused: of that one nothing is kept. Places
-- say to which change a row belongs; instances are their ids.

-- The places of changes whose messages are no longer kept for those who answer them. The messages
-- that are stay locked until the end of the transaction, in the order of their ids, so that of two
-- commits which answer the same one waits for the other.
CREATE FUNCTION tandem_find_late_answers(
  places integer[], ids text[], answerers text[]
) RETURNS integer[] LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
AS $$
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
END $$;

-- The versions of changes, of which the first has the place after this one, with null for those
-- that are refused already.
CREATE FUNCTION tandem_bar(versions bigint[], before integer, barred integer[])
RETURNS bigint[] LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
  place integer;
BEGIN
  FOREACH place IN ARRAY barred LOOP
    IF place > before AND place <= before + cardinality(versions) THEN
      versions[place - before] := NULL;
    END IF;
  END LOOP;
  RETURN versions;
END $$;

-- New instances.
CREATE FUNCTION tandem_start_instances(
  ids text[], versions bigint[], owners text[], moments bigint[],
  workflows text[], workflow_versions text[], statuses text[], starts bigint[], ends bigint[],
  users text[], tenants text[], idempotency_keys text[], initial_data json[], errors json[],
  reasons text[], compensatings text[], parents text[], parent_executions integer[],
  business_keys text[], tag_lists json[], traceparents text[]
) RETURNS bigint[] LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
AS $$
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
END $$;

-- Changes of instances with their record.
CREATE FUNCTION tandem_replace_instances(
  ids text[], versions bigint[], owners text[], moments bigint[],
  workflows text[], workflow_versions text[], statuses text[], starts bigint[], ends bigint[],
  users text[], tenants text[], idempotency_keys text[], initial_data json[], errors json[],
  reasons text[], compensatings text[], parents text[], parent_executions integer[],
  business_keys text[], tag_lists json[], traceparents text[]
) RETURNS bigint[] LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
AS $$
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
END $$;

-- Changes of instances whose record stays as it is.
CREATE FUNCTION tandem_advance_instances(
  ids text[], versions bigint[], owners text[], moments bigint[]
) RETURNS bigint[] LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
AS $$
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
END $$;

-- Puts numbers at their places among so many, with nulls between them.
CREATE FUNCTION tandem_spread(numbers bigint[], places integer[], amount integer)
RETURNS bigint[] LANGUAGE plpgsql IMMUTABLE
AS $$
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
END $$;

-- Executions in which nothing is set that is rarely set, as most are: much of the time that a step
-- takes goes into the number of columns. One that is_new is not looked up.
CREATE FUNCTION tandem_keep_plain_executions(
  kept bigint[], places integer[], is_new boolean[],
  numbers integer[], nodes integer[], paths text[], statuses text[], attempts integer[],
  last_attempts bigint[], iterations integer[], parents integer[], positions integer[],
  arrived_edges json[], taken_edges json[], starts bigint[], ends bigint[],
  event_numbers integer[], results json[], writes json[]
) RETURNS void LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
AS $$
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
END $$;

-- Any executions.
CREATE FUNCTION tandem_keep_executions(
  kept bigint[], places integer[], is_new boolean[],
  numbers integer[], nodes integer[], paths text[], statuses text[], attempts integer[],
  last_attempts bigint[], iterations integer[], parents integer[], positions integer[],
  arrived_edges json[], taken_edges json[], starts bigint[], ends bigint[],
  event_numbers integer[], results json[], writes json[], errors json[], open_rounds boolean[],
  maps json[], votes text[], reduced_writes json[], compensated integer[]
) RETURNS void LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
AS $$
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
END $$;

-- Tasks, and the names under which those that are open are found; audience_rows are the places of
-- their tasks among the given ones. What tasks are found by stands with them, also if it belongs to
-- their instances, where it never changes.
CREATE FUNCTION tandem_keep_tasks(
  kept bigint[], places integer[], instances text[],
  ids text[], executions integer[], paths text[], statuses text[], titles text[],
  descriptions text[], shown json[], priorities integer[], due_dates bigint[], assignees text[],
  claims bigint[], owners text[], proposals json[], candidate_users json[],
  candidate_groups json[], exclude_users json[], reminders integer[], escalations integer[],
  creations bigint[], ends bigint[], enders text[], reasons text[],
  audience_rows integer[], audiences text[]
) RETURNS void LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
AS $$
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
END $$;

-- Timers that are cleared, and timers that are set.
CREATE FUNCTION tandem_keep_timers(
  kept bigint[],
  cleared_places integer[], cleared_instances text[], cleared_ids text[],
  places integer[], instances text[], ids text[], kinds text[], executions integer[],
  moments bigint[]
) RETURNS void LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
AS $$
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
END $$;

CREATE FUNCTION tandem_keep_signals(
  kept bigint[], places integer[], instances text[],
  ids text[], names text[], data json[], users integer[]
) RETURNS void LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
AS $$
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
END $$;

-- Entries of the history. The row of an instance is locked while they are added, so its entries
-- are numbered in their order.
CREATE FUNCTION tandem_keep_acts(
  kept bigint[], places integer[], instances text[],
  types text[], moments bigint[], users text[], beneficiaries text[], ways text[], paths text[],
  tasks text[], details json[]
) RETURNS void LANGUAGE plpgsql
AS $$
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
END $$;

-- Messages, answers, handovers and dismissed answers; messages and answers that belong to no change
-- have place 0. All but messages come sorted by their ids, so that two commits which touch the same
-- do not wait for each other.
CREATE FUNCTION tandem_keep_mail(
  kept bigint[],
  places integer[], ids text[], instances text[], recipients text[], senders text[],
  moments bigint[], commands json[],
  answer_places integer[], answered_ids text[], answerers text[], answer_recipients text[],
  outcomes json[],
  handed_ids text[], givers text[], takers text[],
  dismissed_ids text[]
) RETURNS void LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
AS $$
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
END $$;

-- A sign of life; gives all workers that are known then.
CREATE FUNCTION tandem_beat(worker text, amount bigint)
RETURNS SETOF tandem_workers LANGUAGE plpgsql
AS $$
BEGIN
  IF amount = 1 THEN
    INSERT INTO tandem_workers (id, beat) VALUES (worker, 1)
    ON CONFLICT (id) DO UPDATE SET beat = 1;
  ELSE
    UPDATE tandem_workers SET beat = amount WHERE id = worker;
  END IF;
  RETURN QUERY SELECT w.id, w.beat FROM tandem_workers AS w;
END $$;

-- Forgets workers with the answers that are kept for them.
CREATE FUNCTION tandem_forget_workers(gone text[], beats bigint[]) RETURNS void LANGUAGE plpgsql
AS $$
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
END $$;

-- Gives a worker what has an owner that is not known, up to so many instances, and all messages to
-- workers that are not known. What another claim has locked is left to that one.
CREATE FUNCTION tandem_claim(worker text, gone text[], beats bigint[], most bigint)
RETURNS SETOF text LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
AS $$
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
END $$;

-- Keeps a setting unless there is one, other than the one to replace; gives the one that is kept.
CREATE FUNCTION tandem_keep_setting(setting text, given text, replaced text)
RETURNS text LANGUAGE plpgsql
AS $$
BEGIN
  INSERT INTO tandem_settings AS s (key, value) VALUES (setting, given)
  ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE s.value = replaced;
  RETURN (SELECT s.value FROM tandem_settings AS s WHERE s.key = setting);
END $$;

-- Removes instances that ended before a moment and that no instance waits for, with everything
-- that is kept of them; gives their ids. What somebody else has locked is left for another time.
CREATE FUNCTION tandem_remove_ended(ids text[], before bigint) RETURNS text[] LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
AS $$
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
END $$;
