-- KEYS[1]: the bucket. ARGV: now, cost_us, capacity_us, rounding_us. Answers the wait in microseconds, as text: Redis would
-- cut numbers to whole ones. See bucket.py.
local cost_us, capacity_us, rounding_us = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local full_at_us = tonumber(redis.call('GET', KEYS[1]) or 0)
full_at_us = math.min(math.max(full_at_us, now_us), now_us + capacity_us)
local wait_us = full_at_us + cost_us - capacity_us - now_us
if wait_us <= rounding_us then
  full_at_us = full_at_us + cost_us
end
-- Also when nothing was taken: a bucket that counts as empty begins to fill from now on.
redis.call('SET', KEYS[1], string.format('%.17g', full_at_us), 'PX', math.ceil(capacity_us / 1000) + KEPT_LONGER_MS)
return string.format('%.17g', wait_us)
