-- KEYS: the buckets. ARGV: now, rounding_us, and for each bucket cost_us and capacity_us. Takes from all of them or from none;
-- answers the wait in microseconds of the first that refuses, as text: Redis would cut numbers to whole ones. See bucket.py.
local rounding_us = tonumber(ARGV[2])
local full = {}
local function write(index, full_at_us, capacity_us)
  redis.call('SET', KEYS[index], string.format('%.17g', full_at_us), 'PX', math.ceil(capacity_us / 1000) + KEPT_LONGER_MS)
end
local wait_us = 0
for index = 1, #KEYS do
  local cost_us, capacity_us = tonumber(ARGV[2 * index + 1]), tonumber(ARGV[2 * index + 2])
  local full_at_us = tonumber(full[KEYS[index]] or redis.call('GET', KEYS[index]) or 0)
  full_at_us = math.min(math.max(full_at_us, now_us), now_us + capacity_us)
  wait_us = full_at_us + cost_us - capacity_us - now_us
  if wait_us > rounding_us then
    -- A bucket that counts as empty begins to fill from now on.
    write(index, full_at_us, capacity_us)
    return string.format('%.17g', wait_us)
  end
  full[KEYS[index]] = full_at_us + cost_us
end
for index = 1, #KEYS do
  write(index, full[KEYS[index]], tonumber(ARGV[2 * index + 2]))
end
return string.format('%.17g', wait_us)
