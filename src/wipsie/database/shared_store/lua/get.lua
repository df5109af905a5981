-- KEYS[1]: the value. Answers {value, version}, or nil.
local value, version = current(KEYS[1])
if value then
  return {value, version}
end
return nil
