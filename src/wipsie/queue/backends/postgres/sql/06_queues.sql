-- Queues themselves. `aging`, `retention` and `slots` repeat what is in the settings.

-- Create a queue unless there is one of that name; answers the settings that stand in the table.
CREATE OR REPLACE FUNCTION create_queue(
    wanted_name text, wanted_settings text, in_line boolean, slots integer, aging bigint, retention bigint
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    existing text;
BEGIN
    LOOP
        SELECT q.settings INTO existing FROM queues AS q WHERE q.name = wanted_name;
        IF FOUND THEN
            RETURN existing;
        END IF;
        INSERT INTO queues (name, settings, settings_version, is_fifo, key_slots, aging_ms, retention_ms)
        VALUES (wanted_name, wanted_settings, nextval('setting_numbers'), in_line, slots, aging, retention)
        ON CONFLICT (name) DO NOTHING;
        IF FOUND THEN
            RETURN wanted_settings;
        END IF;
    END LOOP;
END $$;

-- Replace the settings of a queue, and let those go that its keys no longer hold back. outcome: 0 done, 1 no such queue,
-- 2 a queue cannot change between standard and FIFO.
CREATE OR REPLACE FUNCTION change_queue(
    now_ms bigint, wanted_name text, wanted_settings text, in_line boolean, slots integer, aging bigint, retention bigint,
    OUT outcome integer, OUT news_ids integer[], OUT news_ready bigint[], OUT news_due bigint[]
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    before queues%ROWTYPE;
    changes bigint[];
BEGIN
    outcome := 1;
    SELECT q.* INTO before FROM queues AS q WHERE q.name = wanted_name;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    PERFORM lock_queue_alone(before.queue_id);
    SELECT q.* INTO before FROM queues AS q WHERE q.queue_id = before.queue_id FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF before.is_fifo <> in_line THEN
        outcome := 2;
        RETURN;
    END IF;
    outcome := 0;
    changes := no_changes(ARRAY[before.queue_id]);
    UPDATE queues AS q SET settings = wanted_settings, settings_version = nextval('setting_numbers'), key_slots = slots,
        aging_ms = aging, retention_ms = retention
    WHERE q.queue_id = before.queue_id;
    IF slots IS NULL AND before.key_slots IS NOT NULL THEN
        WITH freed AS (
            UPDATE messages AS m SET
                state = CASE WHEN m.visible_at > now_ms THEN 1 ELSE 0 END, visible_at = greatest(m.visible_at, now_ms)
            WHERE m.queue_id = before.queue_id AND m.group_id IS NOT NULL AND m.state = 3
            RETURNING m.state, m.priority)
        SELECT ARRAY[count(*) FILTER (WHERE state = 0 AND priority = 0), count(*) FILTER (WHERE state = 0 AND priority = 1),
            count(*) FILTER (WHERE state = 0 AND priority = 2), count(*) FILTER (WHERE state = 1), 0, -count(*),
            count(*) FILTER (WHERE state = 0), 0]
        INTO changes FROM freed;
    ELSIF slots IS DISTINCT FROM before.key_slots THEN
        changes := settle_groups(now_ms, ARRAY[before.queue_id],
            ARRAY(SELECT before.queue_id FROM blocked_groups(before.queue_id)),
            ARRAY(SELECT b FROM blocked_groups(before.queue_id) AS b), changes);
    END IF;
    PERFORM write_counts(ARRAY[before.queue_id], changes);
    SELECT array_agg(n.queue_id), array_agg(n.became_ready), array_agg(n.due_at) INTO news_ids, news_ready, news_due
    FROM news(ARRAY[before.queue_id], changes) AS n;
END $$;

CREATE OR REPLACE FUNCTION blocked_groups(id integer) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT DISTINCT m.group_id FROM messages AS m
    WHERE m.queue_id = id AND m.group_id IS NOT NULL AND m.state = 3 ORDER BY 1
$$;

-- Remove an empty queue with all it remembers. outcome: 0 done, 1 no such queue, 2 messages are left.
CREATE OR REPLACE FUNCTION drop_queue(gone_id integer) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lock_queue_alone(gone_id);
    -- Nor may its counters be folded into a new one that would be left.
    PERFORM pg_advisory_xact_lock(1466527860, gone_id);
    IF EXISTS (SELECT FROM messages AS m WHERE m.key >= gone_id::bigint << 44 AND m.key < (gone_id + 1)::bigint << 44) THEN
        RETURN 2;
    END IF;
    DELETE FROM deduplication AS d WHERE d.queue_id = gone_id;
    DELETE FROM counters AS c WHERE c.queue_id = gone_id;
    DELETE FROM counter_starts AS s WHERE s.queue_id = gone_id;
    DELETE FROM queues AS q WHERE q.queue_id = gone_id;
    RETURN CASE WHEN FOUND THEN 0 ELSE 1 END;
END $$;

-- Remove up to `most` messages of a queue: those numbered up to `until`, or, with `old_ms`, ready ones that wait since
-- then. Answers how many.
CREATE OR REPLACE FUNCTION remove(
    now_ms bigint, id integer, until bigint, old_ms bigint, most integer,
    OUT removed integer, OUT news_ids integer[], OUT news_ready bigint[], OUT news_due bigint[]
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    changes bigint[] := no_changes(ARRAY[id]);
    one record;
    touched_ids integer[] := '{}';
    touched_groups text[] := '{}';
BEGIN
    removed := 0;
    IF EXISTS (SELECT FROM queues AS q WHERE q.queue_id = id AND q.key_slots IS NOT NULL) THEN
        -- Alone, so that no stripes are needed.
        PERFORM lock_queue_alone(id);
    ELSE
        PERFORM lock_queues(ARRAY[id]);
    END IF;
    FOR one IN
        WITH unwanted AS MATERIALIZED (
            SELECT found.place FROM (
                SELECT m.ctid AS place FROM messages AS m
                WHERE old_ms IS NULL AND m.key >= id::bigint << 44 AND m.key <= (id::bigint << 44 | until)
                ORDER BY m.key LIMIT most FOR UPDATE) AS found
            UNION ALL
            SELECT waiting.place FROM (VALUES (0::smallint), (1::smallint), (2::smallint)) AS each (priority)
            CROSS JOIN LATERAL (
                SELECT m.ctid AS place FROM messages AS m
                WHERE old_ms IS NOT NULL AND m.state = 0 AND m.queue_id = id AND m.priority = each.priority
                    AND m.visible_at <= old_ms
                ORDER BY m.visible_at LIMIT most FOR UPDATE SKIP LOCKED) AS waiting),
        gone AS (
            DELETE FROM messages AS m USING unwanted WHERE m.ctid = unwanted.place
            RETURNING m.state, m.priority, m.group_id)
        SELECT count_column(state, priority) AS place, count(*) AS messages,
            array_agg(DISTINCT group_id) FILTER (WHERE group_id IS NOT NULL) AS groups
        FROM gone GROUP BY 1
    LOOP
        changes[one.place] := changes[one.place] - one.messages;
        removed := removed + one.messages;
        touched_groups := touched_groups || one.groups;
    END LOOP;
    touched_ids := array_fill(id, ARRAY[cardinality(touched_groups)]);
    changes := settle_groups(now_ms, ARRAY[id], touched_ids, touched_groups, changes);
    PERFORM write_counts(ARRAY[id], changes);
    SELECT array_agg(n.queue_id), array_agg(n.became_ready), array_agg(n.due_at) INTO news_ids, news_ready, news_due
    FROM news(ARRAY[id], changes) AS n;
END $$;

-- Counts of queues after ending delays and leases that are over, a row for each name; settings of NULL: no such queue.
-- `more`: there may be others that are over.
CREATE OR REPLACE FUNCTION count_queues(now_ms bigint, due_after bigint, names text[]) RETURNS TABLE (
    settings text, ready bigint, delayed bigint, leased bigint, blocked bigint, oldest bigint, more boolean
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    has_more boolean;
BEGIN
    SELECT p.ended >= 5000 INTO has_more FROM promote(now_ms, due_after, 5000) AS p;
    RETURN QUERY
        SELECT q.settings, coalesce(c.ready, 0), coalesce(c.delayed, 0), coalesce(c.leased, 0), coalesce(c.blocked, 0),
            CASE WHEN c.ready > 0 THEN (
                SELECT min(head.visible_at) FROM (VALUES (0::smallint), (1::smallint), (2::smallint)) AS each (priority)
                CROSS JOIN LATERAL (
                    SELECT m.visible_at FROM messages AS m
                    WHERE m.state = 0 AND m.queue_id = q.queue_id AND m.priority = each.priority
                    ORDER BY m.visible_at, m.key LIMIT 1) AS head) END,
            has_more
        FROM unnest(names) WITH ORDINALITY AS wanted (name, place)
        LEFT JOIN queues AS q ON q.name = wanted.name
        LEFT JOIN LATERAL (
            SELECT sum(c.ready_high + c.ready_medium + c.ready_low)::bigint AS ready, sum(c.delayed)::bigint AS delayed,
                sum(c.leased)::bigint AS leased, sum(c.blocked)::bigint AS blocked
            FROM counters AS c
            WHERE c.queue_id = q.queue_id
                AND c.slot >= coalesce((
                    SELECT s.slot FROM counter_starts AS s
                    WHERE s.queue_id = q.queue_id ORDER BY s.slot DESC LIMIT 1), 0)) AS c ON true
        ORDER BY wanted.place;
END $$;

-- Messages in order of acceptance. Delays and leases that ended are ready, although the row says so only after the next
-- receive.
CREATE OR REPLACE FUNCTION peek(
    now_ms bigint, id integer, after bigint, most integer, wanted_state smallint, wanted_id text
) RETURNS SETOF messages LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY SELECT m.* FROM messages AS m
        WHERE m.key > (id::bigint << 44 | after) AND m.key < (id + 1)::bigint << 44
            AND (wanted_id IS NULL OR m.message_id = wanted_id)
            AND (wanted_state IS NULL OR wanted_state =
                CASE WHEN m.state IN (1, 2) AND m.visible_at <= now_ms THEN 0 ELSE m.state END)
        ORDER BY m.key LIMIT most;
END $$;

-- One bounded step of housekeeping: messages past their retention, deduplication ids whose window ended. Answers whether
-- there may be more to do.
CREATE OR REPLACE FUNCTION tidy(
    now_ms bigint, most integer,
    OUT more boolean, OUT news_ids integer[], OUT news_ready bigint[], OUT news_due bigint[]
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    one record;
    step record;
BEGIN
    more := forget_duplicates(now_ms, most) = most;
    FOR one IN
        SELECT q.queue_id, now_ms - q.retention_ms AS old_ms FROM queues AS q
        WHERE EXISTS (
            SELECT FROM (VALUES (0::smallint), (1::smallint), (2::smallint)) AS each (priority)
            CROSS JOIN LATERAL (
                SELECT FROM messages AS m
                WHERE m.state = 0 AND m.queue_id = q.queue_id AND m.priority = each.priority
                    AND m.visible_at <= now_ms - q.retention_ms
                LIMIT 1) AS old)
        ORDER BY q.queue_id
    LOOP
        SELECT * INTO step FROM remove(now_ms, one.queue_id, NULL, one.old_ms, most);
        more := more OR step.removed = most;
        news_ids := news_ids || step.news_ids;
        news_ready := news_ready || step.news_ready;
        news_due := news_due || step.news_due;
    END LOOP;
END $$;

-- Forget deduplication ids whose window ended; answers how many.
CREATE OR REPLACE FUNCTION forget_duplicates(now_ms bigint, most integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    forgotten integer;
BEGIN
    DELETE FROM deduplication AS d USING (
        SELECT e.queue_id, e.id FROM deduplication AS e WHERE e.expires_at <= now_ms
        ORDER BY e.expires_at LIMIT most FOR UPDATE SKIP LOCKED) AS over
    WHERE d.queue_id = over.queue_id AND d.id = over.id;
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    RETURN forgotten;
END $$;
