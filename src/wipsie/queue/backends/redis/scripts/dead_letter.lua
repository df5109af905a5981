-- Move leased messages to the dead-letter queues of their queues. ARGV from 3 on, per order: queue id, member, lease, cause
-- (JSON). Answers (one result per order, hints): 0 done, 1 the receipt is not current, 2 there is no dead-letter queue,
-- -1 the queue is gone, text: the name of a dead-letter queue that does not exist.

local function dead_letter(queue, member, lease, cause)
  local record = call('HGET', queue.leases, member)
  if not record or sub(record, 1, 16) ~= lease then
    return 1
  end
  if queue.dead_letter_queue == '' then
    return 2
  end
  local target = find_queue(queue.dead_letter_queue)
  if not target then
    return queue.dead_letter_queue
  end
  local group = group_of(queue, member)
  leave(queue, member, group)
  bury(queue, target, member, group, cause)
  return 0
end

needs_no_free_memory()
local results = {}
for index = 3, #ARGV, 4 do
  local queue = open_queue(ARGV[index])
  results[#results + 1] = queue and dead_letter(queue, ARGV[index + 1], ARGV[index + 2], ARGV[index + 3]) or -1
end
return { results, finish() }
