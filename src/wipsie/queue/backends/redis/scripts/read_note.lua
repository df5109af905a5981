-- The batch noted last. ARGV from 3 on: queue id, id of the note. Answers the batch, false for none.

local record = call('HGET', prefix .. 'q' .. ARGV[3] .. ':dedup', ARGV[4])
return record and string.match(record, '^%d+:%d+:%d+:(.*)$')
