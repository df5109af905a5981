-- Queues in one SQLite file. `key` = queue_id << 40 | sequence number, so a queue's messages lie together in order of
-- acceptance and a batch of acknowledgements is a batch of primary keys.
-- state: 0 ready, 1 delayed, 2 leased, 3 blocked (its key is busy).
-- visible_at (ms): since when a ready message waits; when a delayed one may go; when a lease ends.

CREATE TABLE queues (
    queue_id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name             TEXT NOT NULL UNIQUE,
    settings         TEXT NOT NULL,
    settings_version INTEGER NOT NULL,
    next_sequence    INTEGER NOT NULL,
    -- Counts are kept in the transactions that change them: counting a million rows is never needed.
    ready_high       INTEGER NOT NULL,
    ready_medium     INTEGER NOT NULL,
    ready_low        INTEGER NOT NULL,
    delayed          INTEGER NOT NULL,
    leased           INTEGER NOT NULL,
    blocked          INTEGER NOT NULL
) STRICT;

CREATE TABLE messages (
    key               INTEGER PRIMARY KEY,
    queue_id          INTEGER NOT NULL,
    state             INTEGER NOT NULL,
    priority          INTEGER NOT NULL,
    visible_at        INTEGER NOT NULL,
    lease             INTEGER,
    receive_count     INTEGER NOT NULL,
    first_received_at INTEGER,
    sent_at           INTEGER NOT NULL,
    message_id        TEXT NOT NULL,
    group_id          TEXT,
    extras            TEXT,
    body              TEXT NOT NULL
) STRICT;

CREATE INDEX messages_ready ON messages (queue_id, priority, visible_at) WHERE state = 0;
CREATE INDEX messages_due ON messages (visible_at) WHERE state IN (1, 2);
CREATE INDEX messages_group ON messages (queue_id, group_id, state) WHERE group_id IS NOT NULL;

CREATE TABLE deduplication (
    queue_id    INTEGER NOT NULL,
    id          TEXT NOT NULL,
    message_id  TEXT NOT NULL,
    sequence    INTEGER NOT NULL,
    sent_at     INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    fingerprint TEXT,
    PRIMARY KEY (queue_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX deduplication_expiry ON deduplication (expires_at);
