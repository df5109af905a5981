-- Remove messages, whatever their state. ARGV from 3 on: queue id, then per message its sequence number (14 digits) and how
-- its head begins. Answers (how many were removed, or -1 when the queue is gone; hints).

needs_no_free_memory()
local queue = open_queue(ARGV[3])
if not queue then
  return { -1, {} }
end

-- Members by sequence number, of the blocks that were looked into.
local known = {}

local function find_member(sequence)
  local block = block_of(sequence)
  if not known[block] then
    known[block] = {}
    for _, member in ipairs(call('HKEYS', queue.messages .. block)) do
      known[block][sub(member, 1, 14)] = member
    end
  end
  local member = known[block][sequence]
  -- Once: the same message may be named twice.
  known[block][sequence] = nil
  return member
end

local gone = {}
for index = 4, #ARGV, 2 do
  local member, begins = find_member(ARGV[index]), ARGV[index + 1]
  if member and sub(value_of(queue, member), 1, #begins) == begins then
    leave(queue, member, group_of(queue, member))
    gone[#gone + 1] = member
  end
end
forget(queue, gone)
return { #gone, finish() }
