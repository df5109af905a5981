-- KEYS[1]: the value. ARGV: now, value, ttl_us. Answers the version.
local _, version = current(KEYS[1])
return keep(KEYS[1], ARGV[2], version + 1, tonumber(ARGV[3]))
