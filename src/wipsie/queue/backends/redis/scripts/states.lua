
-- How messages pass from state to state and from queue to queue, and who is told.

-- Groups

local function active_of(queue, group)
  return tonumber(call('HGET', queue.active, group) or 0)
end

local function count_active(queue, group, change)
  if call('HINCRBY', queue.active, group, change) <= 0 then
    call('HDEL', queue.active, group)
  end
end

local function blocked_prefix(group)
  return #group .. ':' .. group .. ':'
end

-- States

local function becomes_due(queue, at)
  if queue.soonest_due == nil or at < queue.soonest_due then
    queue.soonest_due = at
  end
end

-- Make a message ready, or delayed when its time has not come.
local function enter(queue, member, group, at)
  if at > now then
    call('ZADD', queue.delayed, at, member)
    becomes_due(queue, at)
    if group and queue.fifo then
      count_active(queue, group, 1)
    end
  else
    call('ZADD', queue.ready[priority_of(member)], at, member)
    queue.became_ready = queue.became_ready + 1
    if group then
      count_active(queue, group, 1)
    end
  end
end

local function block(queue, member, group, at)
  call('ZADD', queue.blocked, 0, blocked_prefix(group) .. member .. ':' .. format('%d', at))
end

-- Give a new message its state.
local function admit(queue, member, group, at)
  local needs_slot = group and queue.key_slots > 0 and (queue.fifo or at <= now)
  if needs_slot and active_of(queue, group) >= queue.key_slots then
    block(queue, member, group, at)
  else
    enter(queue, member, group, at)
  end
end

-- Take a message out of whatever state it is in.
local function leave(queue, member, group)
  if call('ZREM', queue.leased, member) == 1 or call('ZREM', queue.ready[priority_of(member)], member) == 1 then
    if group then
      count_active(queue, group, -1)
    end
  elseif call('ZREM', queue.delayed, member) == 1 then
    if group and queue.fifo then
      count_active(queue, group, -1)
    end
  elseif group then
    local start = blocked_prefix(group) .. member .. ':'
    call('ZREMRANGEBYLEX', queue.blocked, '[' .. start, '[' .. start .. '\255')
  end
  if group and queue.key_slots > 0 then
    queue.touched[group] = true
  end
end

-- Let blocked messages of the touched groups go, the oldest first, as far as there are slots.
local function settle(queue)
  for group in pairs(queue.touched) do
    queue.touched[group] = nil
    local free = queue.key_slots - active_of(queue, group)
    if free > 0 then
      local start = blocked_prefix(group)
      local entries = call('ZRANGEBYLEX', queue.blocked, '[' .. start, '[' .. start .. '\255', 'LIMIT', 0,
        math.min(free, PROMOTE_MAX))
      for _, entry in ipairs(entries) do
        local colon = find(entry, ':', #start + 1, true)
        call('ZREM', queue.blocked, entry)
        -- Waiting counts from now: otherwise a group with an old backlog would always go before the others.
        enter(queue, sub(entry, #start + 1, colon - 1), group, math.max(now, tonumber(sub(entry, colon + 1))))
      end
    end
  end
end

-- Answers whether nothing due is left.
local function promote_from(queue, key, was_active)
  local due = call('ZRANGEBYSCORE', key, '-inf', now, 'WITHSCORES', 'LIMIT', 0, PROMOTE_MAX)
  if #due == 0 then
    return true
  end
  local members = {}
  for index = 1, #due, 2 do
    members[#members + 1] = due[index]
  end
  call_many('ZREM', key, members)
  local ready = { [0] = {}, {}, {} }
  for index = 1, #due, 2 do
    local member, at = due[index], due[index + 1]
    local group = group_of(queue, member)
    if group and queue.key_slots > 0 then
      if was_active then
        count_active(queue, group, -1)
      end
      block(queue, member, group, tonumber(at))
      queue.touched[group] = true
    else
      if group and not was_active then
        count_active(queue, group, 1)
      end
      local lane = ready[priority_of(member)]
      lane[#lane + 1] = at
      lane[#lane + 1] = member
    end
  end
  for priority = 0, 2 do
    call_many('ZADD', queue.ready[priority], ready[priority])
  end
  settle(queue)
  return #due < 2 * PROMOTE_MAX
end

-- Make messages ready whose lease or delay has ended. Receivers everywhere know when that is, so nobody is told. Time stands
-- still within a script: the calls that share it need not look again, unless one makes something that is due at once.
local function promote(queue)
  if not queue.is_promoted then
    local no_lease_is_due = promote_from(queue, queue.leased, true)
    queue.is_promoted = promote_from(queue, queue.delayed, queue.fifo) and no_lease_is_due
  end
end

-- Remove messages past their retention, at most so many of each priority. Answers how many, and whether that was all.
local function remove_unwanted(queue, most)
  local count, is_all = 0, true
  for priority = 0, 2 do
    local unwanted = call('ZRANGEBYSCORE', queue.ready[priority], '-inf', queue.unwanted_since, 'LIMIT', 0, most)
    for _, member in ipairs(unwanted) do
      leave(queue, member, group_of(queue, member))
    end
    forget(queue, unwanted)
    count = count + #unwanted
    is_all = is_all and #unwanted < most
  end
  return count, is_all
end

-- From queue to queue

-- Give a message that has left its state a new place at the end of another queue.
-- `value`: head and body; `death`: JSON or false; `record`: its leases record there or false.
local function move(source, target, member, group, value, death, record)
  forget(source, { member })
  local moved = new_member(target, sub(member, 15, 15), group, death)
  store(target, { moved, value })
  if group then
    call('HSET', target.groups, moved, group)
  end
  if death then
    call('HSET', target.deaths, moved, death)
  end
  if record then
    call('HSET', target.leases, moved, record)
  end
  admit(target, moved, group, now)
end

-- Move a message that has left its state to a dead-letter queue. `cause` is JSON.
local function bury(source, target, member, group, cause)
  local value = value_of(source, member)
  local _, count, first = parse_lease(call('HGET', source.leases, member))
  local json_name = call('HGET', source.base, 'json_name')
  local death = '{"origin":' .. json_name .. ',"dead_at_ms":' .. format('%d', now) .. ',"cause":' .. cause .. '}'
  move(source, target, member, group, value, death, NO_LEASE .. ':' .. count .. ':' .. first)
end

-- Wake-ups

local function somebody_else_listens()
  local listeners = call('PUBSUB', 'NUMSUB', prefix .. 'wake')[2]
  return tonumber(listeners) > (origin == '' and 0 or 1)
end

-- Tell who waits. Answers name, messages that became ready, next new end of a delay or lease (or -1) of each queue.
local function finish()
  local hints = {}
  for _, queue in pairs(opened) do
    if queue then
      settle(queue)
      if queue.became_ready > 0 and somebody_else_listens() then
        call('PUBLISH', prefix .. 'wake', origin .. ' ' .. queue.became_ready .. ' ' .. queue.name)
      end
      if queue.became_ready > 0 or queue.soonest_due then
        hints[#hints + 1] = queue.name
        hints[#hints + 1] = queue.became_ready
        hints[#hints + 1] = queue.soonest_due or -1
      end
    end
  end
  return hints
end

