-- Look through the blocked messages of a queue whose key concurrency changed, one bounded step. ARGV from 3 on: queue id,
-- after which blocked entry to go on ("" at first). Answers (where to go on or false at the end, hints).

local STEP = 500
local queue = open_queue(ARGV[3])
if not queue then
  return { false, {} }
end
local after = ARGV[4]
local is_over = false
for _ = 1, STEP do
  local entry = call('ZRANGEBYLEX', queue.blocked, after == '' and '-' or '(' .. after, '+', 'LIMIT', 0, 1)[1]
  if not entry then
    is_over = true
    break
  end
  local colon = find(entry, ':', 1, true)
  local length = tonumber(sub(entry, 1, colon - 1))
  local group = sub(entry, colon + 1, colon + length)
  local start = sub(entry, 1, colon + length + 1)
  if queue.key_slots > 0 then
    queue.touched[group] = true
    settle(queue)
    after = start .. '\255'
  else
    local member_end = find(entry, ':', #start + 1, true)
    call('ZREM', queue.blocked, entry)
    enter(queue, sub(entry, #start + 1, member_end - 1), group, tonumber(sub(entry, member_end + 1)))
    after = entry
  end
end
return { not is_over and after, finish() }
