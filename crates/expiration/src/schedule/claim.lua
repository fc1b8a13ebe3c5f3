#!lua flags=allow-oom
-- Claims the jobs that are due, in place: they stay in the set, under one score that no other claim ever has.
-- allow-oom: a full Redis takes no new timers, but those it has must fire.
--
-- KEYS[1]  sorted set of jobs: member = order id, score = due time in ms; a score with a fraction is a claim
-- KEYS[2]  counter of claims
-- ARGV[1]  the worker's clock, ms since the epoch
-- ARGV[2]  lease in ms: a claim that is not completed or released by then is due again
-- ARGV[3]  most jobs to claim; bounded by the caller, because Redis serves nobody else meanwhile (500 take about 2 ms)
--
-- Returns  { claim, wait_ms, id, former score, id, former score, ... }
--   claim    the claim's score as text (exact: 41 bits of ms and 12 of fraction), '' when nothing was due
--   wait_ms  ms until the next job (or lapsing claim) is due, 0 when one is due already, -1 when the set is empty
--
-- Run twice by a client that got no answer, the second run claims other jobs; the first lot comes back after the lease.

local clock = redis.call('TIME')
local redis_now = clock[1] * 1000 + math.floor(clock[2] / 1000)
-- Never early by either clock.
local now = math.min(redis_now, tonumber(ARGV[1]))

local jobs = redis.call('ZRANGE', KEYS[1], '-inf', string.format('%.17g', now), 'BYSCORE', 'LIMIT', 0, ARGV[3], 'WITHSCORES')
local claim = ''
if #jobs > 0 then
  local fraction = redis.call('INCR', KEYS[2]) % 4095 + 1
  claim = string.format('%.17g', redis_now + tonumber(ARGV[2]) + fraction / 4096)
  local scored = {}
  for i = 1, #jobs, 2 do
    scored[i] = claim
    scored[i + 1] = jobs[i]
  end
  redis.call('ZADD', KEYS[1], 'XX', unpack(scored))
end

local wait_ms = -1
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if first[2] then
  wait_ms = math.max(0, math.ceil(tonumber(first[2]) - now))
end
return { claim, wait_ms, unpack(jobs) }
