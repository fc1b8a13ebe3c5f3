#!lua flags=allow-oom
-- Removes timers. For operators, and only for timers of orders of which nobody else decides.
-- allow-oom: it makes room.
--
-- KEYS[1]  sorted set of jobs
-- KEYS[2]  sorted set with the member 'now': the fleet's clock in ms (claim.lua)
-- ARGV[1]  order id, and so on. Bounded by the caller: 50 of five million take
--          less than 1 ms
--
-- Returns  { now_ms, former, former, ... } in the order of the ids
--   now_ms  Redis' clock
--   former  its score before, as text: removed; 'claimed': in a worker's hands, left there; '': there is no such timer
--
-- A claim that has lapsed, by the clock by which it was made, is nobody's, and is removed. A second run finds nothing.

local clock = redis.call('TIME')
local now = math.floor(clock[1] * 1000 + clock[2] / 1000)
local fleet = math.min(now, tonumber(redis.call('ZSCORE', KEYS[2], 'now') or 0))
local former = redis.call('ZMSCORE', KEYS[1], unpack(ARGV))
local removed = {}
for i = 1, #ARGV do
  local score = tonumber(former[i] or 0)
  if not former[i] then
    former[i] = ''
  elseif score % 1 ~= 0 and score > fleet then
    former[i] = 'claimed'
  else
    removed[#removed + 1] = ARGV[i]
  end
end
if #removed > 0 then
  redis.call('ZREM', KEYS[1], unpack(removed))
end
return { now, unpack(former) }
