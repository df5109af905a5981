-- What all scripts share; put in front of each of them, followed by messages.lua and states.lua. KEYS[1] is the prefix of every key, "{namespace}:".
-- ARGV[1] is the time in ms, ARGV[2] names the process that calls while it listens to the channel of wake-ups, else it is
-- empty: nobody needs a message about its own doings.
--
-- {namespace}:queues              hash    queue name -> queue id
-- {namespace}:queue_id            number  the id given last
-- {namespace}:wake                channel "<process> <count> <queue name>": so many messages became ready
-- {namespace}:q<id>               hash    name, settings (JSON), version, next_sequence and what scripts need of the settings
-- {namespace}:q<id>:m<block>      hash    member -> head (JSON: what never changes), a line feed, the body
-- {namespace}:q<id>:blocks        zset    the blocks there are, by number
-- {namespace}:q<id>:ready0..2     zset    member by the time since when it waits; one per priority
-- {namespace}:q<id>:delayed       zset    member by the end of its delay
-- {namespace}:q<id>:leased        zset    member by the end of its lease
-- {namespace}:q<id>:blocked       zset    "<length>:<group>:<member>:<visible at>", all with score 0: sorted as text
-- {namespace}:q<id>:leases        hash    member -> "<lease>:<receive count>:<first received at>"; stays while the message does
-- {namespace}:q<id>:groups        hash    member -> group id
-- {namespace}:q<id>:active        hash    group id -> how many of its messages are ready or leased (FIFO: or delayed)
-- {namespace}:q<id>:deaths        hash    member -> JSON of its dead letter
-- {namespace}:q<id>:dedup         hash    deduplication id -> "<expires at>:<sequence>:<sent at>:<what the sender remembers>"
-- {namespace}:q<id>:dedup_expiry  zset    deduplication id by the end of its window
--
-- A member is 14 digits of sequence number, one of priority, "g" when it has a group, "d" when it is a dead letter: what
-- most scripts must know of a message stands in its name. Each message is in exactly one of ready, delayed, leased and
-- blocked, so counts are the sizes of these sets. A block holds the messages whose sequence numbers differ in the last three
-- digits only: neighbours in the queue are neighbours in memory, however many there are, and the order of acceptance is that
-- of a few names.
--
-- Redis keeps a small hash as a list, and looks every member up by going through it, unless one of its values is long. So
-- messages are stored with at least 65 bytes, and leases hold one more field, "", with as many.

local prefix, now, origin = KEYS[1], tonumber(ARGV[1]), ARGV[2]
local call, format, sub, byte, find = redis.call, string.format, string.sub, string.byte, string.find
local NO_LEASE = '----------------'
local NO_MEMBER, LONG_VALUE = '', string.rep('.', 65)
local PROMOTE_MAX = 1000 -- delays and leases ended by one script, so that none runs without bound
local ARGUMENTS_MAX = 2000 -- of one command: Lua's stack holds about 8000

local opened = {}

local function open_queue(id)
  local queue = opened[id]
  if queue ~= nil then
    return queue
  end
  local base = prefix .. 'q' .. id
  local found = call('HMGET', base, 'name', 'version', 'fifo', 'key_slots', 'paused', 'max_messages', 'max_receive_count',
    'dead_letter_queue', 'retention_ms', 'visibility_timeout_ms')
  if not found[1] then
    opened[id] = false
    return false
  end
  queue = {
    id = id,
    base = base,
    name = found[1],
    version = found[2],
    fifo = found[3] == '1',
    key_slots = tonumber(found[4]), -- 0: messages do not hold each other back
    paused = found[5] == '1',
    max_messages = tonumber(found[6]), -- -1: no limit
    max_receive_count = tonumber(found[7]),
    dead_letter_queue = found[8],
    -- What is ready since then, or longer, has waited past the retention: nobody gets it any more.
    unwanted_since = now - tonumber(found[9]),
    visibility_timeout_ms = tonumber(found[10]),
    messages = base .. ':m',
    blocks = base .. ':blocks',
    ready = { [0] = base .. ':ready0', base .. ':ready1', base .. ':ready2' },
    delayed = base .. ':delayed',
    leased = base .. ':leased',
    blocked = base .. ':blocked',
    leases = base .. ':leases',
    groups = base .. ':groups',
    active = base .. ':active',
    deaths = base .. ':deaths',
    became_ready = 0,
    removed = 0,
    soonest_due = nil,
    touched = {},
  }
  opened[id] = queue
  return queue
end

local function find_queue(name)
  local id = call('HGET', prefix .. 'queues', name)
  return id and open_queue(id)
end

-- Full memory must not keep anybody from emptying the queues: Redis asks for free memory before the first write of a
-- script only, and never for this one.
local function needs_no_free_memory()
  call('HDEL', prefix .. 'queues', '')
end

-- Many arguments in as many commands as the stack allows. Answers the sum of what the commands answer.
local function call_many(command, key, arguments)
  local count, sum = #arguments, 0
  for start = 1, count, ARGUMENTS_MAX do
    sum = sum + call(command, key, unpack(arguments, start, math.min(start + ARGUMENTS_MAX - 1, count)))
  end
  return sum
end

local function fetch_many(key, members)
  local count = #members
  if count <= ARGUMENTS_MAX then
    return count == 0 and {} or call('HMGET', key, unpack(members))
  end
  local found = {}
  for start = 1, count, ARGUMENTS_MAX do
    for _, value in ipairs(call('HMGET', key, unpack(members, start, math.min(start + ARGUMENTS_MAX - 1, count)))) do
      found[#found + 1] = value
    end
  end
  return found
end

local function prepare_leases(base)
  call('HSET', base .. ':leases', NO_MEMBER, LONG_VALUE)
end

local function count_messages(queue)
  local count = call('ZCARD', queue.delayed) + call('ZCARD', queue.leased) + call('ZCARD', queue.blocked)
  for priority = 0, 2 do
    count = count + call('ZCARD', queue.ready[priority])
  end
  return count
end
