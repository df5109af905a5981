-- Look queues up. ARGV from 3 on: names. Answers for each: false, or id, version and settings.

local results = {}
for index = 3, #ARGV do
  local id = call('HGET', prefix .. 'queues', ARGV[index])
  local found = id and call('HMGET', prefix .. 'q' .. id, 'version', 'settings')
  results[#results + 1] = found and { id, found[1], found[2] }
end
return results
