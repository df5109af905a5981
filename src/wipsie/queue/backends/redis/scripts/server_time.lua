-- The server's time: seconds and microseconds.

return call('TIME')
