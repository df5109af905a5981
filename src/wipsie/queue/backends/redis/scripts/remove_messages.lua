-- Remove all messages of a queue, and with it the queue itself when asked to. ARGV from 3 on: queue id, "1" to remove the
-- queue. Answers how many messages there were, or -1 when the queue is gone. The memory is given back by a thread of
-- Redis: a million messages cost the others no pause.

local queue = open_queue(ARGV[3])
if not queue then
  return -1
end
local count = count_messages(queue)
for _, block in ipairs(call('ZRANGE', queue.blocks, 0, -1)) do
  call('UNLINK', queue.messages .. block)
end
call('UNLINK', queue.blocks, queue.ready[0], queue.ready[1], queue.ready[2], queue.delayed, queue.leased, queue.blocked,
  queue.leases, queue.groups, queue.active, queue.deaths)
if ARGV[4] == '1' then
  call('UNLINK', queue.base, queue.base .. ':dedup', queue.base .. ':dedup_expiry')
  call('HDEL', prefix .. 'queues', queue.name)
else
  prepare_leases(queue.base)
end
return count
