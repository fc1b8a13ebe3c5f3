#!lua flags=allow-oom
-- Claims jobs in place: they stay in the set, under one score that no other claim ever has.
-- allow-oom: a full Redis takes no new timers, but those it has must fire.
--
-- KEYS[1]  sorted set of jobs: member = order id, score = due time in ms; a score with a fraction is a claim
-- KEYS[2]  counter of claims
-- KEYS[3]  sorted set with the member 'now': the fleet's clock in ms, by which all leases count
-- ARGV[1]  the worker's clock, us since the epoch
-- ARGV[2]  lease in ms: a claim that is not completed or released by then is due again
-- ARGV[3]  most jobs to claim; bounded by the caller, because Redis serves nobody else meanwhile (500 take about 1 ms)
-- ARGV[4]  ms ahead: jobs that are due within so much are claimed as well, for a worker that waits for each instant
-- ARGV[5]  how many of them, where more are due than it may claim, are those that became due last: so nothing fresh
--          waits behind a whole backlog, and the oldest still get the rest
--
-- Returns  { claim, redis_us, wait_ms, id, former score, id, former score, ... }
--   claim    the claim's score as text (exact: 41 bits of ms and 12 of fraction), '' when nothing was claimed
--   redis_us Redis' clock; what is due was decided by the slower one of it and the worker's
--   wait_ms  ms until the next job (or lapsing claim) is due, 0 when one is due already, -1 when the set is empty
--
-- Run twice by a client that got no answer, the second run claims other jobs; the first lot comes back after the lease.

local clock = redis.call('TIME')
local redis_us = clock[1] * 1000000 + clock[2]
-- Never early by either clock.
local now_us = math.min(redis_us, tonumber(ARGV[1]))
local now = now_us / 1000
local limit, fresh = tonumber(ARGV[3]), tonumber(ARGV[5])

local horizon = string.format('%.17g', now + tonumber(ARGV[4]))
local jobs = redis.call('ZRANGE', KEYS[1], '-inf', horizon, 'BYSCORE', 'LIMIT', 0, limit, 'WITHSCORES')
if #jobs == 2 * limit and tonumber(jobs[#jobs]) <= now then
  -- At least so many are due by now, so the newest of them are none of the oldest that stay.
  local newest = redis.call('ZRANGE', KEYS[1], string.format('%.17g', now), '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, fresh, 'WITHSCORES')
  for i = 1, #newest do
    jobs[#jobs - #newest + i] = newest[i]
  end
end
-- Another worker's claim that has not lapsed can't be claimed ahead of time. They are at the end, if anywhere.
local i = #jobs
while i > 0 and tonumber(jobs[i]) > now do
  if tonumber(jobs[i]) % 1 ~= 0 then
    table.remove(jobs, i)
    table.remove(jobs, i - 1)
  end
  i = i - 2
end

-- A lease ends by the clock that the next worker looks at, or it would last for as long as that one is behind. The
-- fleet's clock is the latest that a worker and Redis agreed on: one worker that is behind does not shorten its leases.
local fleet = tonumber(redis.call('ZSCORE', KEYS[3], 'now') or 0)
if fleet < now - 1000 or fleet > redis_us / 1000 then
  fleet = math.floor(now)
  redis.call('ZADD', KEYS[3], fleet, 'now')
end

local claim = ''
if #jobs > 0 then
  local fraction = redis.call('INCR', KEYS[2]) % 4095 + 1
  claim = string.format('%.17g', math.floor(math.max(now, fleet)) + tonumber(ARGV[2]) + fraction / 4096)
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
return { claim, redis_us, wait_ms, unpack(jobs) }
