-- Move messages to other queues. ARGV from 3 on: id of the queue they are in, then per message: id of the queue it goes to,
-- member, new head. Answers (one result per message, hints): 1 moved, 0 not: it is gone, leased, or the queue is gone.

local function redrive(source, target, member, head)
  local leased_until = call('ZSCORE', source.leased, member)
  local value = value_of(source, member)
  if leased_until and tonumber(leased_until) > now or not value then
    return 0
  end
  local group = group_of(source, member)
  local _, body = split_value(value)
  leave(source, member, group)
  move(source, target, member, group, head .. '\n' .. body, false, false)
  return 1
end

needs_no_free_memory()
local source = open_queue(ARGV[3])
local results = {}
for index = 4, #ARGV, 3 do
  local target = open_queue(ARGV[index])
  results[#results + 1] = source and target and redrive(source, target, ARGV[index + 1], ARGV[index + 2]) or 0
end
return { results, finish() }
