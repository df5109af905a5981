-- Store messages. ARGV from 3 on: sections of one queue each:
--   queue id, version of the settings the sender knows, "1" when its messages need a closer look, how many messages, then
--   plain messages:  priority, head and body
--   others:          priority, head and body, visible at, group id, deduplication id, its expiry, what to remember of it
-- Answers (one result per message, hints). Results: sequence number; 0 queue is full; -1 the queue is gone or its settings
-- are others; text: what is remembered of the first send under this deduplication id.

local PLAIN_WIDTH, OTHER_WIDTH = 2, 7
local results = {}
local index = 3

local function send_plain(queue, count)
  local first = call('HINCRBY', queue.base, 'next_sequence', count) - count
  local messages = {}
  local ready = { [0] = {}, {}, {} }
  local place = 0
  for number = 1, count do
    local sequence = first + number
    local priority = ARGV[index]
    local member = format('%014d', sequence) .. priority
    local lane = ready[byte(priority) - 48]
    messages[place + 1] = member
    messages[place + 2] = ARGV[index + 1]
    lane[#lane + 1] = ARGV[1]
    lane[#lane + 1] = member
    results[#results + 1] = sequence
    place = place + 2
    index = index + PLAIN_WIDTH
  end
  store(queue, messages)
  for priority = 0, 2 do
    call_many('ZADD', queue.ready[priority], ready[priority])
  end
  queue.became_ready = queue.became_ready + count
end

local function find_first_send(queue, id)
  local record = call('HGET', queue.base .. ':dedup', id)
  if record and tonumber(sub(record, 1, find(record, ':', 1, true) - 1)) > now then
    return record
  end
  return nil
end

local function remember_send(queue, id, expires_at, sequence, memory)
  local record = expires_at .. ':' .. format('%d', sequence) .. ':' .. ARGV[1] .. ':' .. memory
  call('HSET', queue.base .. ':dedup', id, record)
  call('ZADD', queue.base .. ':dedup_expiry', expires_at, id)
  -- Two for one: what is remembered cannot grow without bound between two rounds of maintenance.
  local expired = call('ZRANGEBYSCORE', queue.base .. ':dedup_expiry', '-inf', now, 'LIMIT', 0, 2)
  if #expired > 0 then
    call('HDEL', queue.base .. ':dedup', unpack(expired))
    call('ZREM', queue.base .. ':dedup_expiry', unpack(expired))
  end
end

local function send_other(queue)
  local group = ARGV[index + 3] ~= '' and ARGV[index + 3]
  local id = ARGV[index + 4] ~= '' and ARGV[index + 4]
  local first = id and find_first_send(queue, id)
  if first then
    return first
  end
  if queue.max_messages >= 0 and count_messages(queue) >= queue.max_messages then
    return 0
  end
  local member, sequence = new_member(queue, ARGV[index], group, false)
  store(queue, { member, ARGV[index + 1] })
  if group then
    call('HSET', queue.groups, member, group)
  end
  admit(queue, member, group, tonumber(ARGV[index + 2]))
  if id then
    remember_send(queue, id, ARGV[index + 5], sequence, ARGV[index + 6])
  end
  return sequence
end

while index <= #ARGV do
  local queue, version = open_queue(ARGV[index]), ARGV[index + 1]
  local is_plain, count = ARGV[index + 2] ~= '1', tonumber(ARGV[index + 3])
  index = index + 4
  if not queue or queue.version ~= version then
    for _ = 1, count do
      results[#results + 1] = -1
    end
    index = index + count * (is_plain and PLAIN_WIDTH or OTHER_WIDTH)
  elseif is_plain then
    send_plain(queue, count)
  else
    for _ = 1, count do
      results[#results + 1] = send_other(queue)
      index = index + OTHER_WIDTH
    end
  end
end

return { results, finish() }
