-- Lease the most urgent ready messages. ARGV from 3 on, per call: queue id, most messages wanted, visibility timeout in ms
-- ("" takes the queue's), lease (16 hex digits).
-- Answers (one result per call, hints). A result is -1 when the queue is gone, the name of a dead-letter queue that is
-- needed and missing, or: end of the lease, next end of a delay or lease (-1: none), and lists with an entry per message:
-- members, since when they waited, heads with bodies, receive counts, first received at, dead letters ("" for none).

local FIRST_STEP, STEP_MAX = 10, 500
local BYTES_MAX = 16 * 1024 * 1024 -- of bodies in one result: fewer messages are given rather than more sent at once
local REMOVED_MAX = 1000 -- messages taken away instead of given: received too often, or past their retention

-- Take up to `wanted` members out of the ready sets: {member, since, member, since, …}.
local function take_ready(queue, wanted)
  local lanes = {}
  for priority = 0, 2 do
    if call('EXISTS', queue.ready[priority]) == 1 then
      lanes[#lanes + 1] = priority
    end
  end
  if #lanes == 0 then
    return lanes
  end
  if #lanes == 1 then
    return call('ZPOPMIN', queue.ready[lanes[1]], wanted)
  end
  local aging = tonumber(call('HGET', queue.base, 'aging_ms'))
  local candidates = {}
  for _, priority in ipairs(lanes) do
    local found = call('ZRANGE', queue.ready[priority], 0, wanted - 1, 'WITHSCORES')
    for index = 1, #found, 2 do
      candidates[#candidates + 1] = {
        member = found[index],
        since = found[index + 1],
        rank = tonumber(found[index + 1]) + priority * aging,
        priority = priority,
      }
    end
  end
  table.sort(candidates, function(left, right)
    if left.rank == right.rank then
      return left.member < right.member
    end
    return left.rank < right.rank
  end)
  local taken, removed = {}, { [0] = {}, {}, {} }
  for index = 1, math.min(wanted, #candidates) do
    local candidate = candidates[index]
    taken[#taken + 1] = candidate.member
    taken[#taken + 1] = candidate.since
    local lane = removed[candidate.priority]
    lane[#lane + 1] = candidate.member
  end
  for priority = 0, 2 do
    call_many('ZREM', queue.ready[priority], removed[priority])
  end
  return taken
end

-- Move a message that was received too often away, or put it back when there is nowhere to move it.
local function bury_poison(queue, member, since)
  local target = find_queue(queue.dead_letter_queue)
  if not target then
    call('ZADD', queue.ready[priority_of(member)], since, member)
    return false
  end
  local group = group_of(queue, member)
  if group then
    count_active(queue, group, -1)
    if queue.key_slots > 0 then
      queue.touched[group] = true
    end
  end
  bury(queue, target, member, group, call('HGET', queue.base, 'receive_limit_cause'))
  return true
end

local function next_due(queue)
  local soonest = -1
  for _, key in ipairs({ queue.leased, queue.delayed }) do
    local first = call('ZRANGE', key, 0, 0, 'WITHSCORES')
    if first[2] and (soonest < 0 or tonumber(first[2]) < soonest) then
      soonest = tonumber(first[2])
    end
  end
  return soonest
end

local function receive(queue, wanted, timeout, lease)
  local until_ms = now + (timeout ~= '' and tonumber(timeout) or queue.visibility_timeout_ms)
  local until_text = format('%d', until_ms)
  local members, waited, values, counts, firsts, deaths = {}, {}, {}, {}, {}, {}
  local taken_count, bytes = 0, 0
  local step_size = FIRST_STEP
  local limit = queue.dead_letter_queue ~= '' and queue.max_receive_count or math.huge
  promote(queue)
  while not queue.paused and wanted > taken_count and bytes < BYTES_MAX and queue.removed < REMOVED_MAX do
    local taken = take_ready(queue, math.min(wanted - taken_count, step_size))
    if #taken == 0 then
      break
    end
    local step, since = {}, {}
    for index = 1, #taken, 2 do
      step[#step + 1] = taken[index]
      since[#since + 1] = taken[index + 1]
    end
    local records = call('HMGET', queue.leases, unpack(step))
    local good, leased, leases = {}, {}, {}
    local place, step_removed, is_late = 0, 0, false
    for index, member in ipairs(step) do
      local count, first = 0, ARGV[1]
      if records[index] then
        local _
        _, count, first = parse_lease(records[index])
      end
      if tonumber(since[index]) <= queue.unwanted_since then
        -- Back for the moment: it goes with all the others like it, and housekeeping may be half a minute away.
        call('ZADD', queue.ready[priority_of(member)], since[index], member)
        is_late = true
      elseif count >= limit then
        if not bury_poison(queue, member, since[index]) then
          queue.missing = queue.dead_letter_queue
        end
        step_removed = step_removed + 1
      else
        good[#good + 1] = member
        leased[place + 1] = until_text
        leased[place + 2] = member
        leases[place + 1] = member
        leases[place + 2] = lease .. ':' .. (count + 1) .. ':' .. first
        place = place + 2
        taken_count = taken_count + 1
        members[taken_count] = member
        waited[taken_count] = since[index]
        counts[taken_count] = count + 1
        firsts[taken_count] = first
        deaths[taken_count] = is_dead(member) and call('HGET', queue.deaths, member) or ''
      end
    end
    if #good > 0 then
      call('ZADD', queue.leased, unpack(leased))
      call('HSET', queue.leases, unpack(leases))
      local found = fetch_values(queue, good)
      for index = 1, #found do
        values[#values + 1] = found[index]
        bytes = bytes + #found[index]
      end
    end
    if taken_count > 0 then
      -- As many as will fit when they are as large as those seen so far.
      local fitting = taken_count * (BYTES_MAX - bytes) / math.max(bytes, 1)
      step_size = math.max(1, math.min(STEP_MAX, math.floor(fitting)))
    end
    if is_late then
      step_removed = step_removed + remove_unwanted(queue, REMOVED_MAX)
    end
    if step_removed > 0 then
      queue.removed = queue.removed + step_removed
      settle(queue)
    end
    if queue.missing then
      break
    end
  end
  if taken_count == 0 and queue.missing then
    return queue.missing
  end
  local due = -1
  if taken_count == 0 then
    -- Stopped by the number of those removed: somebody must look again at once.
    due = queue.removed >= REMOVED_MAX and now or next_due(queue)
  else
    becomes_due(queue, until_ms)
    if until_ms <= now then
      queue.is_promoted = false
    end
  end
  return { until_ms, due, members, waited, values, counts, firsts, deaths }
end

needs_no_free_memory()
local results = {}
for index = 3, #ARGV, 4 do
  local queue = open_queue(ARGV[index])
  results[#results + 1] = queue and receive(queue, tonumber(ARGV[index + 1]), ARGV[index + 2], ARGV[index + 3]) or -1
end
return { results, finish() }
