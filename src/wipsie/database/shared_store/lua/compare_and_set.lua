-- KEYS[1]: the value. ARGV: now, value, ttl_us, the version it must have (0: there is none). Answers the new one, or nil.
local _, version = current(KEYS[1])
if version ~= tonumber(ARGV[4]) then
  return nil
end
return keep(KEYS[1], ARGV[2], version + 1, tonumber(ARGV[3]))
