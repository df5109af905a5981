-- In front of every script. ARGV[1]: microseconds since the epoch, or empty for Redis' own clock, which all machines share.
local now_us = tonumber(ARGV[1])
if not now_us then
  local time = redis.call('TIME')
  now_us = time[1] * 1000000 + time[2]
end
-- Redis removes a key when its time is over by its own clock; tests own another one.
local KEPT_LONGER_MS = 60000
local function current(key)
  local found = redis.call('HMGET', key, 'value', 'version', 'expires_at_us')
  if found[1] and tonumber(found[3]) > now_us then
    return found[1], tonumber(found[2])
  end
  return nil, 0
end
local function keep(key, value, version, ttl_us)
  redis.call('HSET', key, 'value', value, 'version', version, 'expires_at_us', string.format('%.17g', now_us + ttl_us))
  redis.call('PEXPIRE', key, math.ceil(ttl_us / 1000) + KEPT_LONGER_MS)
  return version
end
