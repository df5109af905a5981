-- Ids of all queues.

return call('HVALS', prefix .. 'queues')
