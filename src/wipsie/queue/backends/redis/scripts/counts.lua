-- Count messages by state. ARGV from 3 on: queue ids. Answers (one result per queue, hints): -1 the queue is gone, or
-- ready, delayed, leased, blocked, since when the oldest ready one waits (-1: none), "1" when paused.

local function count(queue)
  promote(queue)
  local ready, oldest = 0, -1
  for priority = 0, 2 do
    local first = call('ZRANGE', queue.ready[priority], 0, 0, 'WITHSCORES')
    if first[2] then
      ready = ready + call('ZCARD', queue.ready[priority])
      if oldest < 0 or tonumber(first[2]) < oldest then
        oldest = tonumber(first[2])
      end
    end
  end
  -- What fell due beyond the bound of one promotion is ready all the same.
  local late_delayed = call('ZCOUNT', queue.delayed, '-inf', now)
  local late_leased = call('ZCOUNT', queue.leased, '-inf', now)
  return {
    ready + late_delayed + late_leased,
    call('ZCARD', queue.delayed) - late_delayed,
    call('ZCARD', queue.leased) - late_leased,
    call('ZCARD', queue.blocked),
    oldest,
    queue.paused and 1 or 0,
  }
end

needs_no_free_memory()
local results = {}
for index = 3, #ARGV do
  local queue = open_queue(ARGV[index])
  results[#results + 1] = queue and count(queue) or -1
end
return { results, finish() }
