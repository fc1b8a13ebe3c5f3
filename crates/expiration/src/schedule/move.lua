#!lua flags=allow-oom
-- Moves timers in place, to an earlier or a later instant, under the same id. For operators, and only for timers of orders
-- of which nobody else decides.
-- allow-oom: the set has no more members after it than before.
--
-- KEYS[1]  sorted set of jobs
-- KEYS[2]  sorted set with the member 'now': the fleet's clock in ms (claim.lua)
-- ARGV[1]  order id, ARGV[2] its new due time in ms, and so on in pairs; a past one is now. Bounded by the caller: 50
--          of five million take less than 1 ms
--
-- Returns  { now_ms, former, former, ... } in the order of the ids
--   now_ms  Redis' clock
--   former  its score before, as text: moved; 'claimed': in a worker's hands, left there; '': there is no such timer
--
-- A claim that has lapsed, by the clock by which it was made, is nobody's, and moves. An id that is named twice is moved
-- to the last of its instants. A second run tells the instants of the first as former ones.

local clock = redis.call('TIME')
local now = math.floor(clock[1] * 1000 + clock[2] / 1000)
local fleet = math.min(now, tonumber(redis.call('ZSCORE', KEYS[2], 'now') or 0))
local ids = {}
for i = 1, #ARGV, 2 do
  ids[#ids + 1] = ARGV[i]
end
local former = redis.call('ZMSCORE', KEYS[1], unpack(ids))
local moved = {}
for i = 1, #ids do
  local score = tonumber(former[i] or 0)
  if not former[i] then
    former[i] = ''
  elseif score % 1 ~= 0 and score > fleet then
    former[i] = 'claimed'
  else
    moved[#moved + 1] = string.format('%.17g', math.max(now, tonumber(ARGV[2 * i])))
    moved[#moved + 1] = ids[i]
  end
end
if #moved > 0 then
  redis.call('ZADD', KEYS[1], 'XX', unpack(moved))
end
return { now, unpack(former) }
