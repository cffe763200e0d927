-- One operation on a room. It runs alone, so that two replicas cannot both have something. Times are the server's own,
-- in microseconds: replicas need not agree about the time.
local values, owners, sizes, ends, counts, weights = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000000 + tonumber(clock[2])
local function digits(number) return string.format('%.0f', number) end

local function drop(key)
  local owner = redis.call('HGET', owners, key)
  local size = redis.call('HGET', sizes, key)
  redis.call('HDEL', values, key)
  redis.call('HDEL', owners, key)
  redis.call('HDEL', sizes, key)
  redis.call('ZREM', ends, key)
  if not owner then return end
  if tonumber(redis.call('ZINCRBY', counts, -1, owner)) <= 0 then
    redis.call('ZREM', counts, owner)
    redis.call('HDEL', weights, owner)
  elseif size and size ~= '0' then
    redis.call('HINCRBY', weights, owner, '-' .. size)
  end
end

local function of(owner, most)
  local found, from = {}, 0
  while true do
    local keys = redis.call('ZRANGE', ends, from, from + 499)
    if #keys == 0 then return found end
    local theirs = redis.call('HMGET', owners, unpack(keys))
    for index, key in ipairs(keys) do
      if theirs[index] == owner then found[#found + 1] = key end
      if #found == most then return found end
    end
    from = from + 500
  end
end

for _, key in ipairs(redis.call('ZRANGEBYSCORE', ends, '-inf', digits(now))) do drop(key) end

local function whose(key, owner)
  local theirs = redis.call('HGET', owners, key)
  return theirs and (owner == '' or owner == theirs)
end

local operations = {}

-- key, value, owner, life, per_owner, total, size, per_owner_size or -1 -> 1, or 0 when there is no room
function operations.put(key, value, owner, life, per_owner, total, size, per_size)
  life, per_owner, total = tonumber(life), tonumber(per_owner), tonumber(total)
  size, per_size = tonumber(size), tonumber(per_size)
  local function owned() return tonumber(redis.call('ZSCORE', counts, owner) or '0') end
  local function weighs() return tonumber(redis.call('HGET', weights, owner) or '0') end
  local function drop_first(whom) for _, first in ipairs(of(whom, 1)) do drop(first) end end

  drop(key)
  if owned() >= per_owner then
    drop_first(owner)
  elseif redis.call('ZCARD', ends) >= total then
    local greediest = redis.call('ZREVRANGE', counts, 0, 0, 'WITHSCORES')
    if tonumber(greediest[2]) >= owned() + 2 then
      drop_first(greediest[1])
    elseif owned() == 0 then
      return 0
    else
      drop_first(owner)
    end
  end
  while per_size >= 0 and size > 0 and owned() > 0 and weighs() + size > per_size do drop_first(owner) end
  redis.call('HSET', values, key, value)
  redis.call('HSET', owners, key, owner)
  redis.call('HSET', sizes, key, size)
  redis.call('ZADD', ends, digits(now + life), key)
  redis.call('ZINCRBY', counts, 1, owner)
  redis.call('HINCRBY', weights, owner, size)
  -- What nobody asks for any more goes by itself.
  local rest = math.max(redis.call('PTTL', ends), math.ceil(life / 1000))
  for _, name in ipairs(KEYS) do redis.call('PEXPIRE', name, digits(rest)) end
  return 1
end

-- key, owner or nothing -> the value
function operations.get(key, owner)
  if whose(key, owner) then return redis.call('HGET', values, key) end
  return false
end

-- likewise, and it is there no longer
function operations.take(key, owner)
  local value = operations.get(key, owner)
  if value then drop(key) end
  return value
end

-- key, what is there, what is to be -> 1, or 0
function operations.replace(key, was, value)
  if redis.call('HGET', values, key) ~= was then return 0 end
  redis.call('HSET', values, key, value)
  return 1
end

-- owner or nothing -> how many
function operations.count(owner)
  if owner == '' then return redis.call('ZCARD', ends) end
  return tonumber(redis.call('ZSCORE', counts, owner) or '0')
end

-- owner or nothing -> the keys
function operations.keys(owner)
  if owner == '' then return redis.call('ZRANGE', ends, 0, -1) end
  return of(owner, -1)
end

local name = table.remove(ARGV, 1)
return operations[name](unpack(ARGV))
