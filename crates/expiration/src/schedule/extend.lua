#!lua
-- Gives orders more time: their timers move in place, under the same id, and never to an earlier instant. One that is
-- missing is added: its `order:created` may still be on its way, and finds it.
-- A full Redis refuses it, as it refuses new timers: the events wait.
--
-- KEYS[1]  sorted set of jobs
-- ARGV[1]  order id, ARGV[2] its new due time in ms, and so on in pairs; bounded by the caller: 50 of
--          five million take less than 1 ms
--
-- Returns  how many were moved or added
--
-- A claimed one (its score has a fraction) stays: it fires, is early by Postgres, and is put off there until its new time.
-- Idempotent, and in any order: of several instants for one id the latest holds.

local ids = {}
for i = 1, #ARGV, 2 do
  ids[#ids + 1] = ARGV[i]
end
local scores = redis.call('ZMSCORE', KEYS[1], unpack(ids))
local moved = {}
for i = 1, #ids do
  local score = tonumber(scores[i] or 0)
  if score % 1 == 0 then
    moved[#moved + 1] = ARGV[2 * i]
    moved[#moved + 1] = ids[i]
  end
end
if #moved == 0 then
  return 0
end
return redis.call('ZADD', KEYS[1], 'GT', 'CH', unpack(moved))
