#!lua flags=allow-oom
-- Ends a pause now, or changes the rate at which claims are made of what waited in one that is over.
-- allow-oom: it changes one small hash.
--
-- KEYS[1]  hash of the pause (pause.lua)
-- ARGV[1]  how many a second of those that waited are claimed from now on; '' for as fast as can be
--
-- Returns  1: done; 0: there was no pause, nor anything left of one
--
-- Idempotent: a second run begins to count anew, which may give those that waited a tenth of a second of the rate more.

local ends = tonumber(redis.call('HGET', KEYS[1], 'until'))
if not ends then
  return 0
end
if ARGV[1] == '' then
  return redis.call('DEL', KEYS[1])
end
local clock = redis.call('TIME')
local now = math.floor(clock[1] * 1000 + clock[2] / 1000)
redis.call('HSET', KEYS[1], 'until', math.min(ends, now), 'rate', ARGV[1], 'from', now, 'taken', 0)
return 1
