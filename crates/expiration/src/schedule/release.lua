#!lua flags=allow-oom
-- Gives jobs of a claim back: their due time becomes their score again.
--
-- KEYS[1]  sorted set of jobs
-- ARGV[1]  the claim's score
-- ARGV[2]  order id, ARGV[3] its due time in ms, and so on in pairs; bounded by the size of a claim
--
-- Returns  how many were given back: a job whose claim has lapsed and was taken by another worker is left to that one
--
-- Idempotent: a second run finds nothing under the claim's score.

local claim = tonumber(ARGV[1])
local released = 0
for i = 2, #ARGV, 2 do
  if tonumber(redis.call('ZSCORE', KEYS[1], ARGV[i]) or 0) == claim then
    redis.call('ZADD', KEYS[1], 'XX', ARGV[i + 1], ARGV[i])
    released = released + 1
  end
end
return released
