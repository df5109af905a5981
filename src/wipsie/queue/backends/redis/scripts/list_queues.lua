-- Settings (JSON) of all queues.

local results = {}
for _, id in ipairs(call('HVALS', prefix .. 'queues')) do
  results[#results + 1] = call('HGET', prefix .. 'q' .. id, 'settings')
end
return results
