-- How the verbs are planned: by index, always, and once per session. The tables are empty at one moment and hold a
-- million rows at the next; plans made from statistics of the moment before would scan them.
DO $$
DECLARE
    verb regprocedure;
BEGIN
    FOR verb IN
        SELECT p.oid FROM pg_proc AS p
        WHERE p.pronamespace = current_schema()::regnamespace AND p.proname IN (
            'send', 'send_carefully', 'receive', 'acknowledge', 'acknowledge_carefully', 'change_visibility', 'look_up',
            'move', 'create_queue', 'change_queue', 'drop_queue', 'remove', 'count_queues', 'peek', 'tidy',
            'adopt', 'read_note', 'give_up', 'fold_counters')
    LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', verb, current_schema());
        EXECUTE format('ALTER FUNCTION %s SET plan_cache_mode = force_generic_plan', verb);
        EXECUTE format('ALTER FUNCTION %s SET enable_seqscan = off', verb);
        EXECUTE format('ALTER FUNCTION %s SET enable_bitmapscan = off', verb);
        EXECUTE format('ALTER FUNCTION %s SET enable_hashjoin = off', verb);
        EXECUTE format('ALTER FUNCTION %s SET enable_mergejoin = off', verb);
        EXECUTE format('ALTER FUNCTION %s SET jit = off', verb);
    END LOOP;
END $$;
