-- End delays and leases that are over, at most `most` of them (and as many with keys); answers how many. `after`: earlier
-- ends were seen to already.
CREATE OR REPLACE FUNCTION promote(now_ms bigint, after bigint, most integer, OUT ids integer[], OUT changes bigint[], OUT ended integer)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    one record;
    at integer;
    touched_ids integer[];
    touched_groups text[];
BEGIN
    ended := 0;
    SELECT array_agg(DISTINCT due.queue_id ORDER BY due.queue_id) INTO ids FROM (
        SELECT m.queue_id FROM messages AS m
        WHERE m.state IN (1, 2) AND m.visible_at > after AND m.visible_at <= now_ms ORDER BY m.visible_at LIMIT most
    ) AS due;
    IF ids IS NULL THEN
        RETURN;
    END IF;
    PERFORM lock_queues(ids);
    changes := no_changes(ids);
    FOR one IN
        WITH due AS MATERIALIZED (
            SELECT m.ctid AS place, m.state FROM messages AS m
            WHERE m.state IN (1, 2) AND m.visible_at > after AND m.visible_at <= now_ms AND m.queue_id = ANY (ids)
                AND (m.group_id IS NULL OR NOT EXISTS (
                    SELECT FROM queues AS q WHERE q.queue_id = m.queue_id AND q.key_slots IS NOT NULL))
            ORDER BY m.visible_at LIMIT most FOR UPDATE OF m SKIP LOCKED),
        ready AS (
            UPDATE messages AS m SET state = 0 FROM due WHERE m.ctid = due.place
            RETURNING m.queue_id, m.priority, due.state AS before)
        SELECT queue_id, before, priority, count(*) AS messages FROM ready GROUP BY queue_id, before, priority
    LOOP
        at := 8 * (array_position(ids, one.queue_id) - 1);
        changes[at + 3 + one.before] := changes[at + 3 + one.before] - one.messages;
        changes[at + 1 + one.priority] := changes[at + 1 + one.priority] + one.messages;
        changes[at + 7] := changes[at + 7] + one.messages;
        ended := ended + one.messages;
    END LOOP;
    -- Those with keys: blocked for a moment, and then the oldest of each group goes.
    SELECT array_agg(due.queue_id), array_agg(due.group_id) INTO touched_ids, touched_groups FROM (
        SELECT m.queue_id, m.group_id FROM messages AS m JOIN queues AS q ON q.queue_id = m.queue_id
        WHERE m.state IN (1, 2) AND m.visible_at > after AND m.visible_at <= now_ms AND m.queue_id = ANY (ids)
            AND m.group_id IS NOT NULL AND q.key_slots IS NOT NULL
        ORDER BY m.visible_at LIMIT most) AS due;
    IF touched_ids IS NULL THEN
        PERFORM write_counts(ids, changes);
        RETURN;
    END IF;
    PERFORM lock_stripes((
        SELECT array_agg(group_stripe(t.id, t.its_group)) FROM unnest(touched_ids, touched_groups) AS t (id, its_group)));
    FOR one IN
        WITH due AS MATERIALIZED (
            SELECT m.ctid AS place, m.state FROM messages AS m
            WHERE m.state IN (1, 2) AND m.visible_at > after AND m.visible_at <= now_ms
                AND (m.queue_id, m.group_id) IN (SELECT * FROM unnest(touched_ids, touched_groups))
            ORDER BY m.visible_at LIMIT most FOR UPDATE OF m SKIP LOCKED),
        over AS (
            UPDATE messages AS m SET state = 3 FROM due WHERE m.ctid = due.place RETURNING m.queue_id, due.state AS before)
        SELECT queue_id, before, count(*) AS messages FROM over GROUP BY queue_id, before
    LOOP
        at := 8 * (array_position(ids, one.queue_id) - 1);
        changes[at + 3 + one.before] := changes[at + 3 + one.before] - one.messages;
        changes[at + 6] := changes[at + 6] + one.messages;
        ended := ended + one.messages;
    END LOOP;
    changes := settle_groups(now_ms, ids, touched_ids, touched_groups, changes);
    PERFORM write_counts(ids, changes);
END $$;

-- Lease ready messages, for several receives at once: queue ids[i] of version versions[i], up to wanted[i] messages until
-- untils[i] under the number leases[i]. Which of a queue's messages go: the most urgent by priority with aging; their order
-- is the caller's to make.
--
-- The first row tells how many delays and leases were ended, in `request`. outcome of the others: 0 a message, 1 nothing
-- found (waiting_since: when the next delay or lease ends, if by `due_until`; receive_count: how many messages should be ready), 2 the
-- settings of the queue changed.
--
-- Dead rows stay in an index until a vacuum takes them, and none does while some transaction, anywhere in the database,
-- is older. `due_after` and `marks` (three for each receive, by priority) say from when on to look: what is before was
-- seen to, or will be in a look with marks of -1. Messages past their retention are not delivered; housekeeping removes them.
CREATE OR REPLACE FUNCTION receive(
    now_ms bigint, due_after bigint, due_until bigint, ids integer[], versions bigint[], wanted integer[], untils bigint[],
    leases bigint[], marks bigint[]
) RETURNS TABLE (
    outcome smallint, request integer, key bigint, message_id text, priority smallint, waiting_since bigint,
    sent_at bigint, receive_count integer, first_received_at bigint, group_id text, extras text, body text
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    aging bigint;
    kept_since bigint;
    shares bigint[];
    had bigint[];
    got bigint[];
    holding bigint;
    lanes integer;
    left_over integer;
    next_due bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM queues AS q WHERE q.queue_id = ANY (ids) AND q.key_slots IS NOT NULL) THEN
        -- A lease that a crash of the server forgets is a message delivered again, which the receiver must expect anyway;
        -- where only one message of a key may be on its way, it would be one too many.
        PERFORM set_config('synchronous_commit', 'off', true);
    END IF;
    RETURN QUERY SELECT 3::smallint, p.ended, NULL::bigint, NULL::text, NULL::smallint, NULL::bigint, NULL::bigint,
        NULL::integer, NULL::bigint, NULL::text, NULL::text, NULL::text
    FROM promote(now_ms, due_after, 1000) AS p;
    FOR one IN 1 .. cardinality(ids) LOOP
        SELECT q.aging_ms, now_ms - q.retention_ms + 1 INTO aging, kept_since FROM queues AS q
        WHERE q.queue_id = ids[one] AND q.settings_version = versions[one];
        IF NOT FOUND THEN
            RETURN QUERY SELECT 2::smallint, one, NULL::bigint, NULL::text, NULL::smallint, NULL::bigint, NULL::bigint,
                NULL::integer, NULL::bigint, NULL::text, NULL::text, NULL::text;
            CONTINUE;
        END IF;
        got := '{0,0,0}';
        -- The counters say where to look: an empty queue is not searched, however many dead rows it has.
        SELECT ARRAY[sum(c.ready_high), sum(c.ready_medium), sum(c.ready_low)]::bigint[], sum(c.delayed + c.leased)
        INTO had, holding FROM counters AS c
        WHERE c.queue_id = ids[one]
            AND c.slot >= coalesce((
                SELECT s.slot FROM counter_starts AS s WHERE s.queue_id = ids[one] ORDER BY s.slot DESC LIMIT 1), 0);
        lanes := (had[1] > 0)::integer + (had[2] > 0)::integer + (had[3] > 0)::integer;
        IF wanted[one] > 0 AND lanes > 0 THEN
            shares := ARRAY[wanted[one], wanted[one], wanted[one]];
            IF lanes > 1 THEN
                SELECT ARRAY[count(*) FILTER (WHERE best.priority = 0), count(*) FILTER (WHERE best.priority = 1),
                    count(*) FILTER (WHERE best.priority = 2)] INTO shares
                FROM (
                    SELECT lane.priority FROM (
                        SELECT head.* FROM (VALUES (0::smallint), (1::smallint), (2::smallint)) AS each (priority)
                        CROSS JOIN LATERAL (
                            SELECT m.priority, m.visible_at, m.key FROM messages AS m
                            WHERE m.state = 0 AND m.queue_id = ids[one] AND m.priority = each.priority
                                AND m.visible_at >= greatest(kept_since, marks[3 * one - 2 + each.priority])
                                AND had[1 + each.priority] > 0
                            ORDER BY m.visible_at, m.key LIMIT wanted[one]) AS head
                    ) AS lane ORDER BY lane.visible_at + lane.priority * aging, lane.key LIMIT wanted[one]
                ) AS best;
            END IF;
            -- A second round takes from any priority what others held in the first.
            FOR round IN 1 .. least(lanes, 2) LOOP
                FOR level IN 0 .. 2 LOOP
                    left_over := least(wanted[one] - got[1] - got[2] - got[3],
                        CASE WHEN round = 1 THEN shares[1 + level] ELSE wanted[one] END);
                    CONTINUE WHEN had[1 + level] <= 0 OR left_over <= 0;
                    RETURN QUERY
                        WITH picked AS MATERIALIZED (
                            SELECT m.ctid AS place, m.visible_at FROM messages AS m
                            WHERE m.state = 0 AND m.queue_id = ids[one] AND m.priority = level::smallint
                                AND m.visible_at >= greatest(kept_since, marks[3 * one - 2 + level])
                            ORDER BY m.visible_at, m.key LIMIT left_over FOR UPDATE SKIP LOCKED)
                        UPDATE messages AS m SET state = 2, lease = leases[one], visible_at = untils[one],
                            receive_count = m.receive_count + 1,
                            first_received_at = coalesce(m.first_received_at, now_ms)
                        FROM picked WHERE m.ctid = picked.place
                        RETURNING 0::smallint, one, m.key, m.message_id, m.priority, picked.visible_at, m.sent_at,
                            m.receive_count, m.first_received_at, m.group_id, m.extras, m.body;
                    GET DIAGNOSTICS left_over = ROW_COUNT;
                    got[1 + level] := got[1 + level] + left_over;
                END LOOP;
            END LOOP;
        END IF;
        IF got <> '{0,0,0}' THEN
            PERFORM add_counts(ids[one], -got[1], -got[2], -got[3], 0, got[1] + got[2] + got[3], 0);
            CONTINUE;
        END IF;
        next_due := NULL;
        IF holding > 0 THEN
            SELECT m.visible_at INTO next_due FROM messages AS m
            WHERE m.state IN (1, 2) AND m.visible_at > due_after AND m.visible_at <= due_until
                AND m.queue_id = ids[one]
            ORDER BY m.visible_at LIMIT 1;
        END IF;
        RETURN QUERY SELECT 1::smallint, one, NULL::bigint, NULL::text, NULL::smallint, next_due, NULL::bigint,
            CASE WHEN wanted[one] > 0 THEN (had[1] + had[2] + had[3])::integer ELSE 0 END, NULL::bigint, NULL::text,
            NULL::text, NULL::text;
    END LOOP;
END $$;
