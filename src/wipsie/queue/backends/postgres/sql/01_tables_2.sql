-- Where the counters of a queue begin: those numbered lower are gone, though their dead rows may still be there. A row for
-- each queue, the newest; a new beginning is a new row, so that it is found from the end of the index past no dead ones.
CREATE TABLE counter_starts (
    queue_id     integer NOT NULL,
    slot         bigint NOT NULL,
    PRIMARY KEY (queue_id, slot)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
