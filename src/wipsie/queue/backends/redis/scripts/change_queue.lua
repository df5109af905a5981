-- Replace the settings of a queue. ARGV from 3 on: name, "1" for a FIFO queue, key slots, "1" when paused, then fields and
-- values of its hash. Answers (result, hints): -1 there is no such queue, -2 it is of the other kind, 0 done, 1 done and
-- its blocked messages must be looked through.

local id = call('HGET', prefix .. 'queues', ARGV[3])
local queue = id and open_queue(id)
if not queue then
  return { -1, {} }
end
if queue.fifo ~= (ARGV[4] == '1') then
  return { -2, {} }
end
call('HSET', queue.base, unpack(ARGV, 7))
call('HINCRBY', queue.base, 'version', 1)
if queue.paused and ARGV[6] ~= '1' then
  for priority = 0, 2 do
    queue.became_ready = queue.became_ready + call('ZCARD', queue.ready[priority])
  end
end
return { queue.key_slots ~= tonumber(ARGV[5]) and 1 or 0, finish() }
