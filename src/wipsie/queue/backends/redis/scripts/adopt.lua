-- Take in messages as they stood in another store and note the batch, where `previous` must be noted until now. ARGV from 3
-- on: queue id, version of the settings the caller knows, id of the note, previous ("" for none), batch, when the note may
-- be forgotten, then per message: priority, head with body, visible at, group id, dead letter (JSON), leases record,
-- deduplication id, when that is forgotten, time of sending, what to remember of it; "" stands for what it has not.
-- Answers (result, hints): 0 done, 1 done before, 2 another note stands there, -1 the queue is gone or its settings are
-- others; only 0 did something.

local WIDTH = 10

local function remembered(queue, id)
  local record = call('HGET', queue.base .. ':dedup', id)
  if not record then
    return nil
  end
  local expires, memory = string.match(record, '^(%d+):%d+:%d+:(.*)$')
  return memory, tonumber(expires)
end

local function remember(queue, id, expires_at, sequence, sent_at, memory)
  call('HSET', queue.base .. ':dedup', id, expires_at .. ':' .. format('%d', sequence) .. ':' .. sent_at .. ':' .. memory)
  call('ZADD', queue.base .. ':dedup_expiry', expires_at, id)
end

local function adopt(queue, index)
  local function given(offset)
    return ARGV[index + offset] ~= '' and ARGV[index + offset]
  end
  local group, death = given(3), given(4)
  local member, sequence = new_member(queue, ARGV[index], group, death)
  store(queue, { member, ARGV[index + 1] })
  if group then
    call('HSET', queue.groups, member, group)
  end
  if death then
    call('HSET', queue.deaths, member, death)
  end
  if given(5) then
    call('HSET', queue.leases, member, ARGV[index + 5])
  end
  admit(queue, member, group, tonumber(ARGV[index + 2]))
  local id = given(6)
  if id then
    -- A window that is still open for the same id began here: the first send of this store is the one to tell.
    local _, open_until = remembered(queue, id)
    if not open_until or open_until <= now then
      remember(queue, id, ARGV[index + 7], sequence, ARGV[index + 8], ARGV[index + 9])
    end
  end
end

local queue = open_queue(ARGV[3])
if not queue or queue.version ~= ARGV[4] then
  return { -1, {} }
end
local note_id, previous, batch = ARGV[5], ARGV[6], ARGV[7]
local note = remembered(queue, note_id) or ''
if note == batch then
  return { 1, {} }
elseif note ~= previous then
  return { 2, {} }
end
for index = 9, #ARGV, WIDTH do
  adopt(queue, index)
end
remember(queue, note_id, ARGV[8], 0, ARGV[1], batch)
return { 0, finish() }
