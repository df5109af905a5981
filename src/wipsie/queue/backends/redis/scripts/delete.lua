-- Acknowledge messages. ARGV from 3 on: sections of one queue each: queue id, how many, then member and lease of each.
-- Answers (one result per message, hints): 0 done, 1 the receipt is not current, -1 the queue is gone.

needs_no_free_memory()
local results = {}
local index = 3

while index <= #ARGV do
  local queue, count = open_queue(ARGV[index]), tonumber(ARGV[index + 1])
  index = index + 2
  local members = {}
  for number = 1, count do
    members[number] = ARGV[index + number * 2 - 2]
  end
  local records = queue and fetch_many(queue.leases, members) or {}
  local plain, all, seen = {}, {}, {}
  for number, member in ipairs(members) do
    local record = records[number]
    if not queue then
      results[#results + 1] = -1
    elseif not record or seen[member] or sub(record, 1, 16) ~= ARGV[index + number * 2 - 1] then
      results[#results + 1] = 1
    else
      seen[member] = true
      all[#all + 1] = member
      local group = group_of(queue, member)
      if group then
        leave(queue, member, group)
      else
        plain[#plain + 1] = member
      end
      results[#results + 1] = 0
    end
  end
  if #plain > 0 and call_many('ZREM', queue.leased, plain) < #plain then
    -- Some leases have ended.
    for _, member in ipairs(plain) do
      call('ZREM', queue.ready[priority_of(member)], member)
      call('ZREM', queue.delayed, member)
    end
  end
  if #all > 0 then
    forget(queue, all)
  end
  index = index + count * 2
end

return { results, finish() }
