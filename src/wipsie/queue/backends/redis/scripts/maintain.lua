-- Housekeeping of one queue, one bounded step: ended delays and leases, messages past their retention, forgotten
-- deduplication ids. ARGV from 3 on: queue id. Answers (whether more is left, hints).

local STEP = 1000
local queue = open_queue(ARGV[3])
if not queue then
  return { 0, {} }
end
needs_no_free_memory()
promote(queue)
local is_more = call('ZCOUNT', queue.leased, '-inf', now) + call('ZCOUNT', queue.delayed, '-inf', now) > 0
local _, is_all = remove_unwanted(queue, STEP)
is_more = is_more or not is_all
local expired = call('ZRANGEBYSCORE', queue.base .. ':dedup_expiry', '-inf', now, 'LIMIT', 0, STEP)
call_many('HDEL', queue.base .. ':dedup', expired)
call_many('ZREM', queue.base .. ':dedup_expiry', expired)
is_more = is_more or #expired == STEP
return { is_more and 1 or 0, finish() }
