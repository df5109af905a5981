-- Look at messages that may be redriven. ARGV from 3 on: queue id, after which sequence number, most messages.
-- Answers -1 when the queue is gone, or per message: member, head, dead letter ("" for none), "1" while it is leased.

local queue = open_queue(ARGV[3])
if not queue then
  return -1
end
local found = {}
for _, member in ipairs(members_after(queue, tonumber(ARGV[4]), tonumber(ARGV[5]))) do
  local leased_until = call('ZSCORE', queue.leased, member)
  found[#found + 1] = member
  found[#found + 1] = split_value(value_of(queue, member))
  found[#found + 1] = is_dead(member) and call('HGET', queue.deaths, member) or ''
  found[#found + 1] = leased_until and tonumber(leased_until) > now and '1' or '0'
end
return found
