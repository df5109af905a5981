-- Acknowledge messages of queues without keys. Answers the keys that were deleted, or NULL with nothing done when the
-- settings of a queue changed.
CREATE OR REPLACE FUNCTION acknowledge(ids integer[], versions bigint[], keys bigint[], leases bigint[])
RETURNS bigint[] LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    one record;
    deleted bigint[] := '{}';
BEGIN
    IF NOT queues_are_known(ids, versions) THEN
        RETURN NULL;
    END IF;
    FOR one IN
        WITH gone AS (
            DELETE FROM messages AS m USING unnest(keys, leases) AS held (key, lease)
            WHERE m.key = held.key AND m.lease = held.lease
            RETURNING m.key, m.queue_id, m.state, m.priority)
        SELECT queue_id, array_agg(key) AS keys,
            count(*) FILTER (WHERE state = 0 AND priority = 0) AS high,
            count(*) FILTER (WHERE state = 0 AND priority = 1) AS medium,
            count(*) FILTER (WHERE state = 0 AND priority = 2) AS low,
            count(*) FILTER (WHERE state = 1) AS delayed,
            count(*) FILTER (WHERE state = 2) AS leased
        FROM gone GROUP BY queue_id
    LOOP
        deleted := deleted || one.keys;
        PERFORM add_counts(one.queue_id, -one.high, -one.medium, -one.low, -one.delayed, -one.leased, 0);
    END LOOP;
    RETURN deleted;
END $$;

-- Lock the stripes of the groups these messages belong to, where groups hold each other back.
CREATE OR REPLACE FUNCTION lock_groups_of(keys bigint[], target_ids integer[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lock_stripes((
        SELECT array_agg(group_stripe(q.queue_id, m.group_id))
        FROM unnest(keys, target_ids) AS held (key, target_id)
        JOIN messages AS m ON m.key = held.key AND m.group_id IS NOT NULL
        JOIN queues AS q ON q.queue_id IN (m.queue_id, held.target_id) AND q.key_slots IS NOT NULL));
END $$;

-- Acknowledge messages of any queues. Answers the keys that were deleted.
CREATE OR REPLACE FUNCTION acknowledge_carefully(
    now_ms bigint, ids integer[], keys bigint[], leases bigint[],
    OUT deleted bigint[], OUT news_ids integer[], OUT news_ready bigint[], OUT news_due bigint[]
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    changes bigint[] := no_changes(ids);
    one record;
    place integer;
    touched_ids integer[] := '{}';
    touched_groups text[] := '{}';
BEGIN
    deleted := '{}';
    PERFORM lock_queues(ids);
    PERFORM lock_groups_of(keys, NULL);
    FOR one IN
        DELETE FROM messages AS m USING unnest(keys, leases) AS held (key, lease)
        WHERE m.key = held.key AND m.lease = held.lease
        RETURNING m.key, m.queue_id, m.state, m.priority, m.group_id
    LOOP
        deleted := deleted || one.key;
        place := 8 * (array_position(ids, one.queue_id) - 1) + count_column(one.state, one.priority);
        changes[place] := changes[place] - 1;
        touched_ids := touched_ids || one.queue_id;
        touched_groups := touched_groups || one.group_id;
    END LOOP;
    changes := settle_groups(now_ms, ids, touched_ids, touched_groups, changes);
    PERFORM write_counts(ids, changes);
    SELECT array_agg(n.queue_id), array_agg(n.became_ready), array_agg(n.due_at) INTO news_ids, news_ready, news_due
    FROM news(ids, changes) AS n;
END $$;

-- Move the end of leases to times[i]; a time that has come gives the message back. `spent`: the receipt ends with this.
-- No key comes twice. Answers the keys that were changed.
CREATE OR REPLACE FUNCTION change_visibility(
    now_ms bigint, ids integer[], keys bigint[], leases bigint[], times bigint[], spent boolean[], undone boolean[],
    OUT changed bigint[], OUT news_ids integer[], OUT news_ready bigint[], OUT news_due bigint[]
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    changes bigint[] := no_changes(ids);
    one record;
    at integer;
    place integer;
    delayed boolean;
    gives_back boolean;
    keyed boolean;
    after smallint;
    touched_ids integer[] := '{}';
    touched_groups text[] := '{}';
BEGIN
    changed := '{}';
    PERFORM lock_queues(ids);
    PERFORM lock_groups_of(keys, NULL);
    FOR one IN
        SELECT m.key, m.queue_id, m.state, m.priority, m.group_id, q.is_fifo, q.key_slots, held.until, held.spent, held.undone
        FROM unnest(keys, leases, times, spent, undone) AS held (key, lease, until, spent, undone)
        JOIN messages AS m ON m.key = held.key AND m.lease = held.lease
        JOIN queues AS q ON q.queue_id = m.queue_id
        -- Blocked: the lease ended and another message of the key took its slot; holding on would exceed the limit.
        WHERE m.state <> 3 ORDER BY m.key FOR UPDATE OF m
    LOOP
        at := 8 * (array_position(ids, one.queue_id) - 1);
        delayed := one.until > now_ms;
        gives_back := one.spent OR NOT delayed;
        keyed := one.key_slots IS NOT NULL AND one.group_id IS NOT NULL;
        after := CASE
            WHEN NOT gives_back THEN 2
            -- Blocked for a moment: settling then picks the next of the key, for FIFO this very message.
            WHEN keyed AND (one.is_fifo OR NOT delayed) THEN 3
            WHEN delayed THEN 1
            ELSE 0 END;
        UPDATE messages AS m SET state = after, visible_at = one.until,
            receive_count = m.receive_count - one.undone::integer,
            lease = CASE WHEN one.spent THEN NULL ELSE m.lease END
        WHERE m.key = one.key;
        place := at + count_column(one.state, one.priority);
        changes[place] := changes[place] - 1;
        changes := note_entry(changes, at, after, one.priority, one.until);
        changed := changed || one.key;
        IF keyed AND gives_back THEN
            touched_ids := touched_ids || one.queue_id;
            touched_groups := touched_groups || one.group_id;
        END IF;
    END LOOP;
    changes := settle_groups(now_ms, ids, touched_ids, touched_groups, changes);
    PERFORM write_counts(ids, changes);
    SELECT array_agg(n.queue_id), array_agg(n.became_ready), array_agg(n.due_at) INTO news_ids, news_ready, news_due
    FROM news(ids, changes) AS n;
END $$;

-- What a move has to know of messages. With leases: only those whose receipts are current.
CREATE OR REPLACE FUNCTION look_up(keys bigint[], leases bigint[])
RETURNS TABLE (key bigint, extras text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY SELECT m.key, m.extras FROM unnest(keys, leases) AS held (key, lease)
        JOIN messages AS m ON m.key = held.key AND m.lease = held.lease;
END $$;

-- Give messages new places at the end of other queues. A lease of NULL takes a message that nobody holds. `fresh` starts
-- the receive count again, `undone` takes the last receive back. No key comes twice; `ids` holds all queues, sorted.
-- Answers the keys (the old ones) that were moved.
CREATE OR REPLACE FUNCTION move(
    now_ms bigint, ids integer[], keys bigint[], leases bigint[], target_ids integer[], new_extras text[],
    fresh boolean, undone boolean,
    OUT moved bigint[], OUT news_ids integer[], OUT news_ready bigint[], OUT news_due bigint[]
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    changes bigint[] := no_changes(ids);
    one record;
    at integer;
    place integer;
    entered smallint;
    touched_ids integer[] := '{}';
    touched_groups text[] := '{}';
BEGIN
    moved := '{}';
    PERFORM lock_queues(ids);
    PERFORM lock_groups_of(keys, target_ids);
    FOR one IN
        SELECT m.key, m.queue_id, m.state, m.priority, m.group_id, q.queue_id AS target_id, q.is_fifo, q.key_slots,
            held.extras
        FROM unnest(keys, leases, target_ids, new_extras) AS held (key, lease, target_id, extras)
        JOIN messages AS m ON m.key = held.key
        JOIN queues AS q ON q.queue_id = held.target_id
        WHERE CASE WHEN held.lease IS NULL THEN m.state <> 2 OR m.visible_at <= now_ms ELSE m.lease = held.lease END
        ORDER BY m.key FOR UPDATE OF m
    LOOP
        place := 8 * (array_position(ids, one.queue_id) - 1) + count_column(one.state, one.priority);
        changes[place] := changes[place] - 1;
        entered := place_in_group(now_ms, one.target_id, one.group_id, one.is_fifo, one.key_slots, now_ms);
        UPDATE messages AS m SET key = one.target_id::bigint << 44 | nextval('message_numbers'),
            queue_id = one.target_id, state = entered, visible_at = now_ms, lease = NULL, extras = one.extras,
            receive_count = CASE WHEN fresh THEN 0 ELSE m.receive_count - undone::integer END,
            first_received_at = CASE WHEN fresh THEN NULL ELSE m.first_received_at END
        WHERE m.key = one.key;
        at := 8 * (array_position(ids, one.target_id) - 1);
        changes := note_entry(changes, at, entered, one.priority, now_ms);
        moved := moved || one.key;
        touched_ids := touched_ids || one.queue_id;
        touched_groups := touched_groups || one.group_id;
    END LOOP;
    changes := settle_groups(now_ms, ids, touched_ids, touched_groups, changes);
    PERFORM write_counts(ids, changes);
    SELECT array_agg(n.queue_id), array_agg(n.became_ready), array_agg(n.due_at) INTO news_ids, news_ready, news_due
    FROM news(ids, changes) AS n;
END $$;
