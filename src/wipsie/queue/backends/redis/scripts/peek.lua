-- Look at messages in order of acceptance, one bounded step. ARGV from 3 on: queue id, after which sequence number, most
-- messages wanted, state ("" for all), how the head of the message looked for begins ("" for all).
-- Answers -1 when the queue is gone, or (where to go on or -1 at the end, messages): per message member, head with body,
-- dead letter ("" for none), state, visible at, leases record ("" when never received).

local STEP = 500
local BYTES_MAX = 4 * 1024 * 1024

local function state_of(queue, member)
  local at = call('ZSCORE', queue.ready[priority_of(member)], member)
  if at then
    return 'ready', at
  end
  for _, state in ipairs({ 'leased', 'delayed' }) do
    at = call('ZSCORE', queue[state], member)
    if at then
      -- A delay or lease that ended makes it ready, although it is moved only by the next receive.
      return tonumber(at) <= now and 'ready' or state, at
    end
  end
  local start = blocked_prefix(group_of(queue, member)) .. member .. ':'
  local entry = call('ZRANGEBYLEX', queue.blocked, '[' .. start, '[' .. start .. '\255', 'LIMIT', 0, 1)[1]
  return 'blocked', sub(entry, #start + 1)
end

-- Which messages to look at: {members}, is that all there is?
local function candidates(queue, state, after)
  if (state == 'leased' or state == 'delayed') and call('ZCARD', queue[state]) <= STEP then
    -- Few are in this state: they need not be searched for among all the others.
    local members, found = {}, call('ZRANGE', queue[state], 0, -1)
    for _, member in ipairs(found) do
      if tonumber(sub(member, 1, 14)) > after then
        members[#members + 1] = member
      end
    end
    table.sort(members)
    return members, true
  end
  local members = members_after(queue, after, STEP)
  return members, #members < STEP
end

local queue = open_queue(ARGV[3])
if not queue then
  return -1
end
local wanted, state, begins = tonumber(ARGV[5]), ARGV[6], ARGV[7]
local members, is_all = candidates(queue, state, tonumber(ARGV[4]))
local found, count, bytes, last = {}, 0, 0, nil
for _, member in ipairs(members) do
  if count >= wanted or bytes >= BYTES_MAX then
    is_all = false
    break
  end
  last = member
  local is_in, at
  if state ~= '' then
    is_in, at = state_of(queue, member)
  end
  if state == '' or state == is_in then
    local value = value_of(queue, member)
    bytes = bytes + #value
    if begins == '' or sub(value, 1, #begins) == begins then
      if not is_in then
        is_in, at = state_of(queue, member)
      end
      found[#found + 1] = member
      found[#found + 1] = value
      found[#found + 1] = is_dead(member) and call('HGET', queue.deaths, member) or ''
      found[#found + 1] = is_in
      found[#found + 1] = at
      found[#found + 1] = call('HGET', queue.leases, member) or ''
      count = count + 1
    end
  end
end
return { not is_all and last and tonumber(sub(last, 1, 14)) or -1, found }
