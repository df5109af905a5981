-- Create a queue. ARGV from 3 on: name, then fields and values of its hash. Answers the settings (JSON) of the queue of
-- that name when there is one already, else false.

local id = call('HGET', prefix .. 'queues', ARGV[3])
if id then
  return call('HGET', prefix .. 'q' .. id, 'settings')
end
id = call('INCR', prefix .. 'queue_id')
call('HSET', prefix .. 'q' .. format('%d', id), 'version', 1, 'next_sequence', 0, unpack(ARGV, 4))
call('HSET', prefix .. 'queues', ARGV[3], format('%d', id))
prepare_leases(prefix .. 'q' .. format('%d', id))
return false
