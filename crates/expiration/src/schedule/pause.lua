#!lua flags=allow-oom
-- Stops all claims until an instant at most. Claims that are in a worker's hands go on.
-- allow-oom: whoever is on call needs it most when the server is full, and it is one small hash.
--
-- KEYS[1]  hash of the pause
-- ARGV[1]  until when, ms since the epoch by Redis' clock
-- ARGV[2]  how many a second of those that waited are claimed afterwards; '' for as fast as can be
-- ARGV[3]  who wants it
-- ARGV[4]  longest pause in ms
--
-- Returns  1: it is paused; 0: that instant is past; -1: it is too far off. Then nothing has changed
--
-- The hash has the fields since, until (both ms), rate, by; and of one that is over, from (ms) and taken (claim.lua,
-- resume.lua). Idempotent: a second run sets the same. One that is paused already keeps its `since`.

local clock = redis.call('TIME')
local now = math.floor(clock[1] * 1000 + clock[2] / 1000)
local ends = tonumber(ARGV[1])
if ends <= now then
  return 0
end
if ends > now + tonumber(ARGV[4]) then
  return -1
end
local before = redis.call('HMGET', KEYS[1], 'since', 'until')
local since = now
if before[1] and before[2] and now < tonumber(before[2]) then
  since = before[1]
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'since', since, 'until', ARGV[1], 'by', ARGV[3])
if ARGV[2] ~= '' then
  redis.call('HSET', KEYS[1], 'rate', ARGV[2])
end
return 1
