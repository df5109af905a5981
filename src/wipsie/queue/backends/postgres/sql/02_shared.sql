-- What the verbs share: locks, counters, and the keys (FIFO groups, keys with limited concurrency).
--
-- Locks are taken in one order by everybody, each kind sorted: queues, then stripes, then rows by key. Claims wait for
-- no row (SKIP LOCKED).
--   queue, shared      while messages of it change; exclusive while its settings change or it is emptied
--   stripe, exclusive  what is decided by looking at other messages: the active ones of a group, a deduplication id, the
--                      size of a queue with a limit. 256 stripes per queue and kind, so that a batch of a thousand groups
--                      holds a bounded number of locks.

CREATE OR REPLACE FUNCTION lock_queues(ids integer[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    one integer;
BEGIN
    FOREACH one IN ARRAY ids LOOP
        PERFORM pg_advisory_xact_lock_shared(1466527859, one);
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION lock_queue_alone(id integer) RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(1466527859, id)
$$;

-- Lock queues and tell whether their settings are still those of these versions. The ids are sorted.
CREATE OR REPLACE FUNCTION queues_are_known(ids integer[], versions bigint[]) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lock_queues(ids);
    -- A statement of its own, so that it sees what was committed while we waited.
    RETURN cardinality(ids) = (
        SELECT count(*) FROM unnest(ids, versions) AS known (id, version)
        JOIN queues AS q ON q.queue_id = known.id AND q.settings_version = known.version);
END $$;

CREATE OR REPLACE FUNCTION group_stripe(id integer, its_group text) RETURNS bigint IMMUTABLE LANGUAGE sql AS $$
    SELECT (id::bigint << 32) | (hashtext(its_group) & 255)
$$;

CREATE OR REPLACE FUNCTION deduplication_stripe(id integer, key text) RETURNS bigint IMMUTABLE LANGUAGE sql AS $$
    SELECT (id::bigint << 32) | 256 | (hashtext(key) & 255)
$$;

CREATE OR REPLACE FUNCTION size_stripe(id integer) RETURNS bigint IMMUTABLE LANGUAGE sql AS $$
    SELECT (id::bigint << 32) | 512
$$;

CREATE OR REPLACE FUNCTION lock_stripes(stripes bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    one bigint;
BEGIN
    FOR one IN SELECT DISTINCT stripe FROM unnest(stripes) AS stripe WHERE stripe IS NOT NULL ORDER BY stripe LOOP
        PERFORM pg_advisory_xact_lock(one);
    END LOOP;
END $$;

-- Changes of counts and what receivers should hear of are gathered in one array, eight numbers for each queue:
--   1 ready_high · 2 ready_medium · 3 ready_low · 4 delayed · 5 leased · 6 blocked · 7 became ready · 8 soonest due (ms)
CREATE OR REPLACE FUNCTION count_column(state smallint, priority smallint) RETURNS integer IMMUTABLE LANGUAGE sql AS $$
    SELECT CASE WHEN state = 0 THEN 1 + priority ELSE 3 + state END
$$;

CREATE OR REPLACE FUNCTION no_changes(ids integer[]) RETURNS bigint[] IMMUTABLE LANGUAGE sql AS $$
    SELECT array_fill(0::bigint, ARRAY[8 * cardinality(ids)])
$$;

CREATE OR REPLACE FUNCTION add_counts(
    id integer, high bigint, medium bigint, low bigint, delays bigint, leases bigint, blocks bigint
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    free tid;
BEGIN
    -- The newest first: older ones come to rest, and are folded.
    SELECT c.ctid INTO free FROM counters AS c
    WHERE c.queue_id = id
        AND c.slot >= coalesce((
            SELECT s.slot FROM counter_starts AS s WHERE s.queue_id = id ORDER BY s.slot DESC LIMIT 1), 0)
    ORDER BY c.slot DESC LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF FOUND THEN
        UPDATE counters AS c SET
            ready_high = c.ready_high + high, ready_medium = c.ready_medium + medium, ready_low = c.ready_low + low,
            delayed = c.delayed + delays, leased = c.leased + leases, blocked = c.blocked + blocks
        WHERE c.ctid = free;
    ELSE
        -- Until we commit nobody may say where the counters begin: this one is not seen yet.
        PERFORM pg_advisory_xact_lock_shared(1466527860, id);
        INSERT INTO counters VALUES (id, nextval('counter_slots'), high, medium, low, delays, leases, blocks);
    END IF;
END $$;

-- Make one new counter of those that nobody holds, and remember where the counters begin now. Each change of a counter
-- leaves a dead row, and while some transaction, anywhere in the database, is open, they all stay: without this every
-- change would walk over all changes before it. Waits for nothing, so that nobody can be waiting for it in a circle.
CREATE OR REPLACE FUNCTION fold_counters(folded integer[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    id integer;
    before bigint;
    after bigint;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        -- What was committed meanwhile must be seen below.
        RETURN;
    END IF;
    -- The sums stay as they are: what a crash forgets of this is not missed.
    PERFORM set_config('synchronous_commit', 'off', true);
    FOREACH id IN ARRAY folded LOOP
        CONTINUE WHEN NOT pg_try_advisory_xact_lock(1466527860, id);
        before := coalesce((
            SELECT s.slot FROM counter_starts AS s WHERE s.queue_id = id ORDER BY s.slot DESC LIMIT 1), 0);
        WITH free AS MATERIALIZED (
            SELECT c.ctid AS place FROM counters AS c WHERE c.queue_id = id AND c.slot >= before
            ORDER BY c.slot FOR UPDATE SKIP LOCKED),
        gone AS (
            DELETE FROM counters AS c USING free WHERE c.ctid = free.place
            RETURNING c.ready_high, c.ready_medium, c.ready_low, c.delayed, c.leased, c.blocked)
        INSERT INTO counters
        SELECT id, nextval('counter_slots'), sum(g.ready_high), sum(g.ready_medium), sum(g.ready_low), sum(g.delayed),
            sum(g.leased), sum(g.blocked)
        FROM gone AS g HAVING count(*) > 0;
        after := (SELECT c.slot FROM counters AS c WHERE c.queue_id = id AND c.slot >= before ORDER BY c.slot LIMIT 1);
        IF after > before THEN
            INSERT INTO counter_starts VALUES (id, after);
            DELETE FROM counter_starts AS s WHERE s.queue_id = id AND s.slot = before;
        END IF;
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION write_counts(ids integer[], changes bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    at integer;
BEGIN
    FOR place IN 1 .. cardinality(ids) LOOP
        at := 8 * (place - 1);
        IF changes[at + 1 : at + 6] <> '{0,0,0,0,0,0}' THEN
            PERFORM add_counts(ids[place], changes[at + 1], changes[at + 2], changes[at + 3], changes[at + 4],
                changes[at + 5], changes[at + 6]);
        END IF;
    END LOOP;
END $$;

-- How many more messages of a group may be active: ready or leased, in a FIFO queue delayed as well.
CREATE OR REPLACE FUNCTION free_slots(id integer, its_group text, in_line boolean, slots integer) RETURNS integer
LANGUAGE plpgsql AS $$
BEGIN
    RETURN slots - (SELECT count(*) FROM (
        SELECT 1 FROM messages AS m
        WHERE m.queue_id = id AND m.group_id = its_group AND (m.state IN (0, 2) OR (m.state = 1 AND in_line))
        LIMIT slots) AS taken);
END $$;

-- Make blocked messages of a group active, the oldest first, as far as slots are free. The caller holds its stripe.
CREATE OR REPLACE FUNCTION settle_group(
    now_ms bigint, id integer, its_group text, in_line boolean, slots integer, at integer, INOUT changes bigint[]
) LANGUAGE plpgsql AS $$
DECLARE
    free integer := free_slots(id, its_group, in_line, slots);
    next record;
BEGIN
    IF free <= 0 THEN
        RETURN;
    END IF;
    FOR next IN
        SELECT m.key, m.priority, m.visible_at FROM messages AS m
        WHERE m.queue_id = id AND m.group_id = its_group AND m.state = 3 ORDER BY m.key LIMIT free FOR UPDATE
    LOOP
        changes[at + 6] := changes[at + 6] - 1;
        IF next.visible_at > now_ms THEN
            UPDATE messages AS m SET state = 1 WHERE m.key = next.key;
            changes[at + 4] := changes[at + 4] + 1;
            changes[at + 8] := least(nullif(changes[at + 8], 0), next.visible_at);
        ELSE
            -- Waiting counts from now: otherwise a key with an old backlog would always go before the others.
            UPDATE messages AS m SET state = 0, visible_at = now_ms WHERE m.key = next.key;
            changes[at + 1 + next.priority] := changes[at + 1 + next.priority] + 1;
            changes[at + 7] := changes[at + 7] + 1;
        END IF;
    END LOOP;
END $$;

-- Settle groups, given as two arrays side by side, of queues whose places in `changes` are those in `ids`.
CREATE OR REPLACE FUNCTION settle_groups(
    now_ms bigint, ids integer[], touched_ids integer[], touched_groups text[], INOUT changes bigint[]
) LANGUAGE plpgsql AS $$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT DISTINCT t.id, t.its_group, q.is_fifo, q.key_slots
        FROM unnest(touched_ids, touched_groups) AS t (id, its_group) JOIN queues AS q ON q.queue_id = t.id
        WHERE q.key_slots IS NOT NULL AND t.its_group IS NOT NULL ORDER BY t.id, t.its_group
    LOOP
        changes := settle_group(now_ms, one.id, one.its_group, one.is_fifo, one.key_slots,
            8 * (array_position(ids, one.id) - 1), changes);
    END LOOP;
END $$;

-- What receivers should hear of after the commit.
CREATE OR REPLACE FUNCTION news(ids integer[], changes bigint[])
RETURNS TABLE (queue_id integer, became_ready bigint, due_at bigint) LANGUAGE sql AS $$
    SELECT ids[place], changes[8 * place - 1], nullif(changes[8 * place], 0)
    FROM generate_subscripts(ids, 1) AS place
    WHERE changes[8 * place - 1] <> 0 OR changes[8 * place] <> 0
$$;
