-- Move the end of leases, or give messages back. ARGV from 3 on, per change: queue id, member, lease, new time in ms, and
-- "0" the receipt stays good, "1" it is spent, "2" it is spent and the receive is not counted.
-- Answers (one result per change, hints): 0 done, 1 the receipt is not current, -1 the queue is gone.

local function change(queue, member, lease, at, mode)
  local record = call('HGET', queue.leases, member)
  if not record or sub(record, 1, 16) ~= lease then
    return 1
  end
  local group = group_of(queue, member)
  local ready = queue.ready[priority_of(member)]
  local was_leased = call('ZSCORE', queue.leased, member)
  if not was_leased and not call('ZSCORE', ready, member) then
    -- The lease ended and another message of the group took its slot: holding on would exceed the limit.
    return 1
  end
  local is_spent = mode ~= '0'
  if at > now and not is_spent then
    if not was_leased then
      call('ZREM', ready, member)
    end
    call('ZADD', queue.leased, format('%d', at), member)
    becomes_due(queue, at)
    return 0
  end
  call('ZREM', was_leased and queue.leased or ready, member)
  if group then
    count_active(queue, group, -1)
  end
  if group and queue.key_slots > 0 then
    queue.touched[group] = true
  end
  if group and queue.key_slots > 0 and (queue.fifo or at <= now) then
    -- Blocked for a moment: `settle` then picks the next of the group, for FIFO this very message.
    block(queue, member, group, at)
  else
    enter(queue, member, group, at)
  end
  if is_spent then
    local _, count, first = parse_lease(record)
    count = mode == '2' and math.max(count - 1, 0) or count
    call('HSET', queue.leases, member, NO_LEASE .. ':' .. count .. ':' .. first)
  end
  return 0
end

needs_no_free_memory()
local results = {}
for index = 3, #ARGV, 5 do
  local queue = open_queue(ARGV[index])
  results[#results + 1] = queue
    and change(queue, ARGV[index + 1], ARGV[index + 2], tonumber(ARGV[index + 3]), ARGV[index + 4])
    or -1
end
return { results, finish() }
