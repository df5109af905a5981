
-- How messages are kept: names, blocks, leases.

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

-- Blocks

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

-- Everything

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
