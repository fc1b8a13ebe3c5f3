#!lua flags=allow-oom
-- Removes those jobs of a claim whose events are stored. The rest of the claim stays.
--
-- KEYS[1]  sorted set of jobs
-- ARGV[1]  the claim's score
-- ARGV[2]  order id, and so on; bounded by the size of a claim
--
-- Returns  how many were removed: a job whose claim has lapsed and was taken by another worker is left to that one
--
-- Idempotent: a second run finds nothing under the claim's score.

local claim = tonumber(ARGV[1])
local removed = 0
for i = 2, #ARGV do
  if tonumber(redis.call('ZSCORE', KEYS[1], ARGV[i]) or 0) == claim then
    removed = removed + redis.call('ZREM', KEYS[1], ARGV[i])
  end
end
return removed
