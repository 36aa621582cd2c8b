"""The script that keeps `inbox.delivery.limits` inside Valkey: one call decides over a batch, at Valkey's own time."""

SCRIPT = """
local given = cmsgpack.unpack(ARGV[1])
local now = given.now
if type(now) ~= 'number' then
  local time = redis.call('TIME')
  now = time[1] + time[2] / 1000000
end

-- [full, wanted by an operator, wanted by a bot] of each channel; full of each person
local buckets, persons, changed, behind, refused = {}, {}, {}, {}, {}
for n, channel in ipairs(given.channels) do
  local kept = redis.call('HMGET', channel[1], 'full', 'operator', 'bot')
  buckets[n] = {tonumber(kept[1]) or 0, tonumber(kept[2]) or 0, tonumber(kept[3]) or 0}
  behind[n] = {0, 0, 0}
end

local function person(name)
  if persons[name] == nil then persons[name] = tonumber(redis.call('GET', name)) or 0 end
  return persons[name]
end

local function decide(ask)
  local n, run, priority, cost, name = ask[1], ask[2], ask[3], ask[4], ask[5]
  if refused[run] then return refused[run] end
  local channel, bucket = given.channels[n], buckets[n]
  local period, room = channel[2], channel[2 + priority]
  local busy = bucket[1] - now - (room - math.min(cost, room)) * period
  for above = 1, priority - 1 do busy = math.max(busy, bucket[1 + above] - now) end
  local wait = math.max(busy, 0)
  if name ~= '' then
    wait = math.max(wait, person(name) - now - (channel[7] - math.min(cost, channel[7])) * channel[6])
  end
  if wait <= 0.000001 then
    bucket[1] = math.max(bucket[1], now) + cost * period
    if name ~= '' then
      persons[name] = math.max(persons[name], now) + cost * channel[6]
      changed[name] = true
    end
    return 0
  end
  if busy > 0.000001 then
    wait = math.max(wait, busy + behind[n][priority])
    behind[n][priority] = behind[n][priority] + cost * period
    if priority < 3 then bucket[1 + priority] = math.max(bucket[1 + priority], now + wait + given.grace) end
  end
  refused[run] = wait
  return wait
end

local answer = {}
for _, ask in ipairs(given.asks) do answer[#answer + 1] = math.ceil(decide(ask) * 1000000) end

local function text(number) return string.format('%.6f', number) end
local function lifetime(full) return math.max(1, math.ceil((full - now) * 1000)) end
for n, channel in ipairs(given.channels) do
  local bucket = buckets[n]
  redis.call('HSET', channel[1], 'full', text(bucket[1]), 'operator', text(bucket[2]), 'bot', text(bucket[3]))
  redis.call('PEXPIRE', channel[1], lifetime(math.max(bucket[1], bucket[2], bucket[3])))
  answer[#answer + 1] = math.max(0, math.ceil((bucket[1] - now) * 1000000))
end
for name in pairs(changed) do redis.call('SET', name, text(persons[name]), 'PX', lifetime(persons[name])) end
return answer
"""
"""ARGV[1], msgpack: {grace, now (tests only), channels: [[name, seconds a token, tokens for operator, bot, broadcast, seconds and
tokens of one person]], asks: [[channel, run, priority, cost, person or ""]]}. Answers microseconds: waits, then how long until
each channel's bucket is full."""
