-- Remove messages, whatever their state. ARGV from 3 on: queue id, then per message its sequence number and how its head
-- begins. Answers (how many were removed, or -1 when the queue is gone; hints).

needs_no_free_memory()
local queue = open_queue(ARGV[3])
if not queue then
  return { -1, {} }
end
local gone = {}
for index = 4, #ARGV, 2 do
  local member = call('ZRANGEBYSCORE', queue.order, ARGV[index], ARGV[index], 'LIMIT', 0, 1)[1]
  local begins = ARGV[index + 1]
  if member and sub(call('HGET', queue.heads, member), 1, #begins) == begins then
    leave(queue, member, group_of(queue, member))
    -- Out of the order at once: the same message may be named twice.
    call('ZREM', queue.order, member)
    gone[#gone + 1] = member
  end
end
forget(queue, gone)
return { #gone, finish() }
