-- Queues in a schema of their own. `key` = queue_id << 44 | sequence number, so that a queue's messages lie together in
-- order of acceptance and a batch of acknowledgements is a batch of primary keys. One sequence numbers all queues: numbers
-- grow within a queue and have gaps.
-- state: 0 ready, 1 delayed, 2 leased, 3 blocked (its key is busy). priority: 0 high, 1 medium, 2 low.
-- visible_at (ms): since when a ready message waits; when a delayed one may go; when a lease ends.

CREATE TABLE schema_version (version integer NOT NULL);

CREATE SEQUENCE message_numbers AS bigint MAXVALUE 17592186044415 NO CYCLE;
CREATE SEQUENCE setting_numbers AS bigint;
CREATE SEQUENCE counter_slots AS bigint;

CREATE TABLE queues (
    queue_id         integer GENERATED ALWAYS AS IDENTITY (MAXVALUE 524287) PRIMARY KEY,
    name             text COLLATE "C" NOT NULL UNIQUE,
    settings         text NOT NULL,
    -- Changes with the settings; whoever acts on settings it read earlier says which ones.
    settings_version bigint NOT NULL,
    -- What the functions need of the settings.
    is_fifo          boolean NOT NULL,
    key_slots        integer,           -- active messages of one group; NULL: groups do not hold each other back
    aging_ms         bigint NOT NULL,
    retention_ms     bigint NOT NULL
);

CREATE TABLE messages (
    key               bigint NOT NULL,
    visible_at        bigint NOT NULL,
    sent_at           bigint NOT NULL,
    first_received_at bigint,
    lease             bigint,
    queue_id          integer NOT NULL,
    receive_count     integer NOT NULL DEFAULT 0,
    state             smallint NOT NULL,
    priority          smallint NOT NULL,
    message_id        text NOT NULL,
    group_id          text,
    extras            text,
    body              text NOT NULL,
    CONSTRAINT messages_pkey PRIMARY KEY (key)
) WITH (
    -- A queue turns its rows over many times a minute: clean up after a number of dead rows, not after a share of all.
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50000,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 500000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 500000,
    autovacuum_vacuum_cost_delay = 0
);

CREATE INDEX messages_ready ON messages (queue_id, priority, visible_at, key) WHERE state = 0;
CREATE INDEX messages_due ON messages (visible_at) WHERE state IN (1, 2);
CREATE INDEX messages_group ON messages (queue_id, group_id, state, key) WHERE group_id IS NOT NULL;

-- Messages by queue and state, kept in the transactions that change them: counting a million rows is never needed. A
-- queue has as many rows here as transactions ever changed it at one moment, and each takes one nobody else holds, so
-- nobody waits for a counter. The sum over the rows is exact; a single row may be negative. Slots are numbered in one
-- order; now and then those at rest are folded into a new one, see fold_counters.
CREATE TABLE counters (
    queue_id     integer NOT NULL,
    slot         bigint NOT NULL,
    ready_high   bigint NOT NULL,
    ready_medium bigint NOT NULL,
    ready_low    bigint NOT NULL,
    delayed      bigint NOT NULL,
    leased       bigint NOT NULL,
    blocked      bigint NOT NULL,
    PRIMARY KEY (queue_id, slot)
) WITH (
    fillfactor = 20,
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0
);

CREATE TABLE deduplication (
    queue_id    integer NOT NULL,
    id          text COLLATE "C" NOT NULL,
    message_id  text NOT NULL,
    sequence    bigint NOT NULL,
    sent_at     bigint NOT NULL,
    expires_at  bigint NOT NULL,
    fingerprint text,
    PRIMARY KEY (queue_id, id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50000, autovacuum_vacuum_cost_delay = 0);

CREATE INDEX deduplication_expiry ON deduplication (expires_at);
