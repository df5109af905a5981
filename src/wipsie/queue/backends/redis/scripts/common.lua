-- What all scripts share; put in front of each of them. KEYS[1] is the prefix of every key, "{namespace}:".
-- ARGV[1] is the time in ms, ARGV[2] names the process that calls while it listens to the channel of wake-ups, else it is
-- empty: nobody needs a message about its own doings.
--
-- {namespace}:queues              hash    queue name -> queue id
-- {namespace}:queue_id            number  the id given last
-- {namespace}:wake                channel "<process> <count> <queue name>": so many messages became ready
-- {namespace}:q<id>               hash    name, settings (JSON), version, next_sequence and what scripts need of the settings
-- {namespace}:q<id>:m<block>      hash    member -> head (JSON: what never changes), a line feed, the body
-- {namespace}:q<id>:blocks        zset    the blocks there are, by number
-- {namespace}:q<id>:ready0..2     zset    member by the time since when it waits; one per priority
-- {namespace}:q<id>:delayed       zset    member by the end of its delay
-- {namespace}:q<id>:leased        zset    member by the end of its lease
-- {namespace}:q<id>:blocked       zset    "<length>:<group>:<member>:<visible at>", all with score 0: sorted as text
-- {namespace}:q<id>:leases        hash    member -> "<lease>:<receive count>:<first received at>"; stays while the message does
-- {namespace}:q<id>:groups        hash    member -> group id
-- {namespace}:q<id>:active        hash    group id -> how many of its messages are ready or leased (FIFO: or delayed)
-- {namespace}:q<id>:deaths        hash    member -> JSON of its dead letter
-- {namespace}:q<id>:dedup         hash    deduplication id -> "<expires at>:<sequence>:<sent at>:<what the sender remembers>"
-- {namespace}:q<id>:dedup_expiry  zset    deduplication id by the end of its window
--
-- A member is 14 digits of sequence number, one of priority, "g" when it has a group, "d" when it is a dead letter: what
-- most scripts must know of a message stands in its name. Each message is in exactly one of ready, delayed, leased and
-- blocked, so counts are the sizes of these sets. A block holds the messages whose sequence numbers differ in the last three
-- digits only: neighbours in the queue are neighbours in memory, however many there are, and the order of acceptance is that
-- of a few names.
--
-- Redis keeps a small hash as a list, and looks every member up by going through it, unless one of its values is long. So
-- messages are stored with at least 65 bytes, and leases hold one more field, "", with as many.

local prefix, now, origin = KEYS[1], tonumber(ARGV[1]), ARGV[2]
local call, format, sub, byte, find = redis.call, string.format, string.sub, string.byte, string.find
local NO_LEASE = '----------------'
local NO_MEMBER, LONG_VALUE = '', string.rep('.', 65)
local PROMOTE_MAX = 1000 -- delays and leases ended by one script, so that none runs without bound
local ARGUMENTS_MAX = 2000 -- of one command: Lua's stack holds about 8000

local opened = {}

local function open_queue(id)
  local queue = opened[id]
  if queue ~= nil then
    return queue
  end
  local base = prefix .. 'q' .. id
  local found = call('HMGET', base, 'name', 'version', 'fifo', 'key_slots', 'paused', 'max_messages', 'max_receive_count',
    'dead_letter_queue')
  if not found[1] then
    opened[id] = false
    return false
  end
  queue = {
    id = id,
    base = base,
    name = found[1],
    version = found[2],
    fifo = found[3] == '1',
    key_slots = tonumber(found[4]), -- 0: messages do not hold each other back
    paused = found[5] == '1',
    max_messages = tonumber(found[6]), -- -1: no limit
    max_receive_count = tonumber(found[7]),
    dead_letter_queue = found[8],
    messages = base .. ':m',
    blocks = base .. ':blocks',
    ready = { [0] = base .. ':ready0', base .. ':ready1', base .. ':ready2' },
    delayed = base .. ':delayed',
    leased = base .. ':leased',
    blocked = base .. ':blocked',
    leases = base .. ':leases',
    groups = base .. ':groups',
    active = base .. ':active',
    deaths = base .. ':deaths',
    became_ready = 0,
    soonest_due = nil,
    touched = {},
  }
  opened[id] = queue
  return queue
end

local function find_queue(name)
  local id = call('HGET', prefix .. 'queues', name)
  return id and open_queue(id)
end

-- Full memory must not keep anybody from emptying the queues: Redis asks for free memory before the first write of a
-- script only, and never for this one.
local function needs_no_free_memory()
  call('HDEL', prefix .. 'queues', '')
end

-- Many arguments in as many commands as the stack allows. Answers the sum of what the commands answer.
local function call_many(command, key, arguments)
  local count, sum = #arguments, 0
  for start = 1, count, ARGUMENTS_MAX do
    sum = sum + call(command, key, unpack(arguments, start, math.min(start + ARGUMENTS_MAX - 1, count)))
  end
  return sum
end

local function fetch_many(key, members)
  local count = #members
  if count <= ARGUMENTS_MAX then
    return count == 0 and {} or call('HMGET', key, unpack(members))
  end
  local found = {}
  for start = 1, count, ARGUMENTS_MAX do
    for _, value in ipairs(call('HMGET', key, unpack(members, start, math.min(start + ARGUMENTS_MAX - 1, count)))) do
      found[#found + 1] = value
    end
  end
  return found
end

local function prepare_leases(base)
  call('HSET', base .. ':leases', NO_MEMBER, LONG_VALUE)
end

local function count_messages(queue)
  local count = call('ZCARD', queue.delayed) + call('ZCARD', queue.leased) + call('ZCARD', queue.blocked)
  for priority = 0, 2 do
    count = count + call('ZCARD', queue.ready[priority])
  end
  return count
end

-- Members

local function new_member(queue, priority, group, is_dead)
  local sequence = call('HINCRBY', queue.base, 'next_sequence', 1)
  return format('%014d', sequence) .. priority .. (group and 'g' or '') .. (is_dead and 'd' or ''), sequence
end

local function priority_of(member)
  return byte(member, 15) - 48
end

local function group_of(queue, member)
  return byte(member, 16) == 103 and call('HGET', queue.groups, member)
end

local function is_dead(member)
  return byte(member, -1) == 100
end

-- Messages

local function block_of(member)
  return sub(member, 1, 11)
end

-- Store messages in order of sequence: {member, value, member, value, …}.
local function store(queue, pairs_of)
  local start, count = 1, #pairs_of
  while start <= count do
    local block = block_of(pairs_of[start])
    local last = start
    while last + 2 <= count and block_of(pairs_of[last + 2]) == block and last + 3 - start < ARGUMENTS_MAX do
      last = last + 2
    end
    call('HSET', queue.messages .. block, unpack(pairs_of, start, last + 1))
    call('ZADD', queue.blocks, block, block)
    start = last + 2
  end
end

-- Do something for runs of members in one block each: visit(key of the block, block, first, last index).
local function each_block(queue, members, visit)
  local start, count = 1, #members
  while start <= count do
    local block = block_of(members[start])
    local last = start
    while last < count and block_of(members[last + 1]) == block and last + 1 - start < ARGUMENTS_MAX do
      last = last + 1
    end
    visit(queue.messages .. block, block, start, last)
    start = last + 1
  end
end

local function fetch_values(queue, members)
  local values = {}
  each_block(queue, members, function(key, _, first, last)
    local found = call('HMGET', key, unpack(members, first, last))
    for index = 1, #found do
      values[first + index - 1] = found[index]
    end
  end)
  return values
end

local function value_of(queue, member)
  return call('HGET', queue.messages .. block_of(member), member)
end

local function split_value(value)
  local line_feed = find(value, '\n', 1, true)
  return sub(value, 1, line_feed - 1), sub(value, line_feed + 1)
end

-- Up to `wanted` members with sequence numbers above `after`, in order.
local function members_after(queue, after, wanted)
  local members = {}
  local from = math.floor(after / 1000)
  while #members < wanted do
    local block = call('ZRANGEBYSCORE', queue.blocks, format('%d', from), '+inf', 'LIMIT', 0, 1)[1]
    if not block then
      break
    end
    local found = call('HKEYS', queue.messages .. block)
    table.sort(found)
    for _, member in ipairs(found) do
      if #members < wanted and tonumber(sub(member, 1, 14)) > after then
        members[#members + 1] = member
      end
    end
    from = tonumber(block) + 1
  end
  return members
end

-- Leases

local function parse_lease(record)
  local colon = find(record, ':', 18, true)
  return sub(record, 1, 16), tonumber(sub(record, 18, colon - 1)), sub(record, colon + 1)
end

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

local function promote_from(queue, key, was_active)
  local due = call('ZRANGEBYSCORE', key, '-inf', now, 'WITHSCORES', 'LIMIT', 0, PROMOTE_MAX)
  if #due == 0 then
    return
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
end

-- Make messages ready whose lease or delay has ended. Receivers everywhere know when that is, so nobody is told.
local function promote(queue)
  promote_from(queue, queue.leased, true)
  promote_from(queue, queue.delayed, queue.fifo)
end

-- Remove what is kept of messages beside their state.
local function forget(queue, members)
  call_many('HDEL', queue.leases, members)
  each_block(queue, members, function(key, block, first, last)
    call('HDEL', key, unpack(members, first, last))
    if call('EXISTS', key) == 0 then
      call('ZREM', queue.blocks, block)
    end
  end)
  for _, member in ipairs(members) do
    if #member > 15 then
      if byte(member, 16) == 103 then
        call('HDEL', queue.groups, member)
      end
      if is_dead(member) then
        call('HDEL', queue.deaths, member)
      end
    end
  end
end

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
