-- KEYS[1]: the value. Answers 1 if there was one.
local value = current(KEYS[1])
redis.call('DEL', KEYS[1])
return value and 1 or 0
