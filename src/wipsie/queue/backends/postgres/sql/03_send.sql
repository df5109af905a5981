-- Store messages that need no look at others: ready or delayed, in queues without keys and limits, without deduplication.
-- States, times, groups and extras that all messages leave out are given as NULL instead of an array. Answers the
-- sequence numbers in order, or NULL with nothing done when the settings of a queue changed.
CREATE OR REPLACE FUNCTION send(
    now_ms bigint, ids integer[], versions bigint[], counts bigint[],
    queue_ids integer[], states smallint[], priorities smallint[], times bigint[],
    message_ids text[], groups text[], extras text[], bodies text[]
) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
    numbers bigint[];
BEGIN
    IF NOT queues_are_known(ids, versions) THEN
        RETURN NULL;
    END IF;
    WITH stored AS (
        INSERT INTO messages AS m (key, queue_id, state, priority, visible_at, sent_at, message_id, group_id, extras, body)
        SELECT n.queue_id::bigint << 44 | nextval('message_numbers'), n.queue_id, coalesce(n.state, 0::smallint),
            coalesce(n.priority, 1::smallint), coalesce(n.visible_at, now_ms), now_ms, n.message_id, n.group_id, n.extras,
            n.body
        FROM unnest(queue_ids, states, priorities, times, message_ids, groups, extras, bodies)
            AS n (queue_id, state, priority, visible_at, message_id, group_id, extras, body)
        RETURNING m.key & 17592186044415 AS number)
    SELECT array_agg(number ORDER BY number) INTO numbers FROM stored;
    PERFORM write_counts(ids, counts);
    RETURN numbers;
END $$;

-- Store messages that must look at others first: deduplication ids, groups that hold each other back, queues with a
-- limit. One row for each message, in order. outcome: 0 stored, 1 a duplicate (of the message told), 2 the queue is full.
-- A first row with outcome 3: the settings of a queue changed and nothing was done.
CREATE OR REPLACE FUNCTION send_carefully(
    now_ms bigint, ids integer[], versions bigint[],
    queue_ids integer[], priorities smallint[], times bigint[], message_ids text[], groups text[], extras text[],
    bodies text[], deduplication_ids text[], windows_ms bigint[], fingerprints text[], limits bigint[]
) RETURNS TABLE (outcome smallint, number bigint, first_id text, sent_at bigint, fingerprint text, state smallint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    changes bigint[] := no_changes(ids);
    totals bigint[];
    slots integer[];
    lines boolean[];
    place integer;
    at integer;
    entered smallint;
    taken bigint;
    new record;
    earlier record;
BEGIN
    IF NOT queues_are_known(ids, versions) THEN
        RETURN QUERY SELECT 3::smallint, NULL::bigint, NULL::text, NULL::bigint, NULL::text, NULL::smallint;
        RETURN;
    END IF;
    SELECT array_agg(q.key_slots ORDER BY q.queue_id), array_agg(q.is_fifo ORDER BY q.queue_id) INTO slots, lines
    FROM queues AS q WHERE q.queue_id = ANY (ids);
    PERFORM lock_stripes((
        SELECT array_agg(stripe) FROM (
            SELECT group_stripe(n.id, n.its_group) AS stripe FROM unnest(queue_ids, groups) AS n (id, its_group)
            WHERE n.its_group IS NOT NULL AND slots[array_position(ids, n.id)] IS NOT NULL
            UNION SELECT deduplication_stripe(n.id, n.key) FROM unnest(queue_ids, deduplication_ids) AS n (id, key)
            WHERE n.key IS NOT NULL
            UNION SELECT size_stripe(n.id) FROM unnest(queue_ids, limits) AS n (id, most) WHERE n.most IS NOT NULL
        ) AS needed));
    SELECT array_agg((
        SELECT coalesce(sum(c.ready_high + c.ready_medium + c.ready_low + c.delayed + c.leased + c.blocked), 0)
        FROM counters AS c
        WHERE c.queue_id = one.id
            AND c.slot >= coalesce((
                SELECT s.slot FROM counter_starts AS s WHERE s.queue_id = one.id ORDER BY s.slot DESC LIMIT 1), 0)
        ) ORDER BY one.id) INTO totals FROM unnest(ids) AS one (id);
    FOR new IN
        SELECT * FROM unnest(queue_ids, priorities, times, message_ids, groups, extras, bodies, deduplication_ids,
                windows_ms, fingerprints, limits)
            AS n (id, priority, visible_at, message_id, its_group, extras, body, key, window_ms, fingerprint, most)
    LOOP
        place := array_position(ids, new.id);
        at := 8 * (place - 1);
        IF new.key IS NOT NULL THEN
            SELECT d.message_id, d.sequence, d.sent_at, d.fingerprint INTO earlier FROM deduplication AS d
            WHERE d.queue_id = new.id AND d.id = new.key AND d.expires_at > now_ms;
            IF FOUND THEN
                RETURN QUERY SELECT 1::smallint, earlier.sequence, earlier.message_id, earlier.sent_at,
                    earlier.fingerprint, NULL::smallint;
                CONTINUE;
            END IF;
        END IF;
        IF new.most IS NOT NULL AND totals[place] >= new.most THEN
            RETURN QUERY SELECT 2::smallint, NULL::bigint, NULL::text, NULL::bigint, NULL::text, NULL::smallint;
            CONTINUE;
        END IF;
        entered := place_in_group(now_ms, new.id, new.its_group, lines[place], slots[place], new.visible_at);
        taken := nextval('message_numbers');
        INSERT INTO messages (key, queue_id, state, priority, visible_at, sent_at, message_id, group_id, extras, body)
        VALUES (new.id::bigint << 44 | taken, new.id, entered, new.priority, new.visible_at, now_ms, new.message_id,
            new.its_group, new.extras, new.body);
        IF new.key IS NOT NULL THEN
            INSERT INTO deduplication AS d (queue_id, id, message_id, sequence, sent_at, expires_at, fingerprint)
            VALUES (new.id, new.key, new.message_id, taken, now_ms, now_ms + new.window_ms, new.fingerprint)
            ON CONFLICT (queue_id, id) DO UPDATE SET message_id = excluded.message_id, sequence = excluded.sequence,
                sent_at = excluded.sent_at, expires_at = excluded.expires_at, fingerprint = excluded.fingerprint;
        END IF;
        totals[place] := totals[place] + 1;
        changes := note_entry(changes, at, entered, new.priority, new.visible_at);
        RETURN QUERY SELECT 0::smallint, taken, NULL::text, now_ms, NULL::text, entered;
    END LOOP;
    PERFORM write_counts(ids, changes);
END $$;

-- The state in which a message enters a queue. The caller holds the stripe of its group.
CREATE OR REPLACE FUNCTION place_in_group(
    now_ms bigint, id integer, its_group text, in_line boolean, slots integer, visible_at bigint
) RETURNS smallint LANGUAGE plpgsql AS $$
DECLARE
    at_rest smallint := CASE WHEN visible_at > now_ms THEN 1 ELSE 0 END;
BEGIN
    IF slots IS NULL OR its_group IS NULL OR (at_rest = 1 AND NOT in_line) THEN
        RETURN at_rest;
    END IF;
    RETURN CASE WHEN free_slots(id, its_group, in_line, slots) > 0 THEN at_rest ELSE 3 END;
END $$;

-- Count a message that entered a state, and remember whom to tell.
CREATE OR REPLACE FUNCTION note_entry(
    INOUT changes bigint[], at integer, state smallint, priority smallint, visible_at bigint
) LANGUAGE plpgsql AS $$
DECLARE
    place integer := at + count_column(state, priority);
BEGIN
    changes[place] := changes[place] + 1;
    IF state = 0 THEN
        changes[at + 7] := changes[at + 7] + 1;
    ELSIF state <> 3 THEN
        changes[at + 8] := least(nullif(changes[at + 8], 0), visible_at);
    END IF;
END $$;
