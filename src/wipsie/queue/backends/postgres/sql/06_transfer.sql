-- Moving house: messages taken in as they stood elsewhere, and given up without a receipt.

-- Append messages of another store and note the batch under `note_id`, where `previous` must stand until now. outcome:
-- 0 done, 1 done before, 2 another note stands there, 3 the settings of the queue changed; only 0 did something.
-- `keys` are deduplication ids with the end of their windows, NULL for messages that are not remembered.
CREATE OR REPLACE FUNCTION adopt(
    now_ms bigint, home_id integer, version bigint, note_id text, previous text, batch text, note_until bigint,
    priorities smallint[], times bigint[], counts integer[], firsts bigint[], sents bigint[], message_ids text[],
    groups text[], all_extras text[], bodies text[], keys text[], keys_until bigint[],
    OUT outcome integer, OUT news_ids integer[], OUT news_ready bigint[], OUT news_due bigint[]
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    changes bigint[] := no_changes(ARRAY[home_id]);
    slots integer;
    in_line boolean;
    note text;
    entered smallint;
    taken bigint;
    new record;
BEGIN
    outcome := 3;
    IF NOT queues_are_known(ARRAY[home_id], ARRAY[version]) THEN
        RETURN;
    END IF;
    SELECT q.key_slots, q.is_fifo INTO slots, in_line FROM queues AS q WHERE q.queue_id = home_id;
    PERFORM lock_stripes((
        SELECT array_agg(stripe) FROM (
            SELECT deduplication_stripe(home_id, note_id) AS stripe
            UNION SELECT group_stripe(home_id, n.its_group) FROM unnest(groups) AS n (its_group)
            WHERE n.its_group IS NOT NULL AND slots IS NOT NULL
            UNION SELECT deduplication_stripe(home_id, n.key) FROM unnest(keys) AS n (key) WHERE n.key IS NOT NULL
        ) AS needed));
    SELECT d.fingerprint INTO note FROM deduplication AS d WHERE d.queue_id = home_id AND d.id = note_id;
    IF note IS NOT DISTINCT FROM batch THEN
        outcome := 1;
        RETURN;
    ELSIF note IS DISTINCT FROM previous THEN
        outcome := 2;
        RETURN;
    END IF;
    outcome := 0;
    FOR new IN
        SELECT * FROM unnest(priorities, times, counts, firsts, sents, message_ids, groups, all_extras, bodies, keys,
                keys_until)
            AS n (priority, visible_at, received, first_at, sent_at, message_id, its_group, extras, body, key, until)
    LOOP
        entered := place_in_group(now_ms, home_id, new.its_group, in_line, slots, new.visible_at);
        taken := nextval('message_numbers');
        INSERT INTO messages (key, queue_id, state, priority, visible_at, receive_count, first_received_at, sent_at,
            message_id, group_id, extras, body)
        VALUES (home_id::bigint << 44 | taken, home_id, entered, new.priority, new.visible_at, new.received, new.first_at,
            new.sent_at, new.message_id, new.its_group, new.extras, new.body);
        IF new.key IS NOT NULL THEN
            -- A window that is still open for the same id began here: the first send of this store is the one to tell.
            INSERT INTO deduplication AS d (queue_id, id, message_id, sequence, sent_at, expires_at)
            VALUES (home_id, new.key, new.message_id, taken, new.sent_at, new.until)
            ON CONFLICT (queue_id, id) DO UPDATE SET message_id = excluded.message_id, sequence = excluded.sequence,
                sent_at = excluded.sent_at, expires_at = excluded.expires_at, fingerprint = NULL
            WHERE d.expires_at <= now_ms;
        END IF;
        changes := note_entry(changes, 0, entered, new.priority, new.visible_at);
    END LOOP;
    PERFORM write_counts(ARRAY[home_id], changes);
    INSERT INTO deduplication AS d (queue_id, id, message_id, sequence, sent_at, expires_at, fingerprint)
    VALUES (home_id, note_id, '', 0, now_ms, note_until, batch)
    ON CONFLICT (queue_id, id) DO UPDATE SET sent_at = excluded.sent_at, expires_at = excluded.expires_at,
        fingerprint = excluded.fingerprint;
    SELECT array_agg(n.queue_id), array_agg(n.became_ready), array_agg(n.due_at) INTO news_ids, news_ready, news_due
    FROM news(ARRAY[home_id], changes) AS n;
END $$;

-- The batch noted last; NULL for none.
CREATE OR REPLACE FUNCTION read_note(home_id integer, note_id text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT d.fingerprint FROM deduplication AS d WHERE d.queue_id = home_id AND d.id = note_id);
END $$;

-- Remove messages by number and id, whatever their state. Answers how many.
CREATE OR REPLACE FUNCTION give_up(
    now_ms bigint, id integer, numbers bigint[], message_ids text[],
    OUT removed integer, OUT news_ids integer[], OUT news_ready bigint[], OUT news_due bigint[]
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    changes bigint[] := no_changes(ARRAY[id]);
    one record;
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
            SELECT m.ctid AS place FROM unnest(numbers, message_ids) AS w (number, message_id)
            JOIN messages AS m ON m.key = (id::bigint << 44 | w.number) AND m.message_id = w.message_id
            ORDER BY m.key FOR UPDATE OF m),
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
    changes := settle_groups(now_ms, ARRAY[id], array_fill(id, ARRAY[cardinality(touched_groups)]), touched_groups,
        changes);
    PERFORM write_counts(ARRAY[id], changes);
    SELECT array_agg(n.queue_id), array_agg(n.became_ready), array_agg(n.due_at) INTO news_ids, news_ready, news_due
    FROM news(ARRAY[id], changes) AS n;
END $$;
