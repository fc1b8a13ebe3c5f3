#!lua flags=allow-oom
-- Claims jobs in place: they stay in the set, under one score that no other claim ever has.
-- allow-oom: a full Redis takes no new timers, but those it has must fire.
--
-- KEYS[1]  sorted set of jobs: member = order id, score = due time in ms; a score with a fraction is a claim
-- KEYS[2]  counter of claims
-- KEYS[3]  sorted set with the member 'now': the fleet's clock in ms, by which all leases count
-- KEYS[4]  hash of the pause, where there is one (pause.lua): before `until` nothing is claimed; then, with a `rate`, what
--          waited (its score is not beyond `until`) no faster than so many a second by all workers together; what falls due
--          later at once, and before it. Without a `rate`, or when nothing that waited is left, the hash is deleted.
-- KEYS[5]  hash of who holds what: fraction of the claim's score (1 to 4095) -> '<score> <worker>'
-- ARGV[1]  the worker's clock, us since the epoch
-- ARGV[2]  lease in ms: a claim that is not completed or released by then is due again
-- ARGV[3]  most jobs to claim; bounded by the caller, because Redis serves nobody else meanwhile (500 take about 1 ms)
-- ARGV[4]  ms ahead: jobs that are due within so much are claimed as well, for a worker that waits for each instant
-- ARGV[5]  how many of them, where more are due than it may claim, are those that became due last: so nothing fresh
--          waits behind a whole backlog, and the oldest still get the rest. After a pause it is what is kept for those that
--          waited, where more than the rest has become due since.
-- ARGV[6]  the worker's name
--
-- Returns  { claim, redis_us, wait_ms, id, former score, id, former score, ... }
--   claim    the claim's score as text (exact: 41 bits of ms and 12 of fraction), '' when nothing was claimed
--   redis_us Redis' clock; what is due was decided by the slower one of it and the worker's
--   wait_ms  ms until the next job (or lapsing claim) is due, 0 when one is due already, -1 when the set is empty; in a pause
--            until it ends at the latest; after it, while some still wait, at most until 20 ms of the rate have come together
--
-- Run twice by a client that got no answer, the second run claims other jobs; the first lot comes back after the lease.

local clock = redis.call('TIME')
local redis_us = clock[1] * 1000000 + clock[2]
-- Never early by either clock.
local now_us = math.min(redis_us, tonumber(ARGV[1]))
local now = now_us / 1000
local limit, fresh = tonumber(ARGV[3]), tonumber(ARGV[5])

-- A lease ends by the clock that the next worker looks at, or it would last for as long as that one is behind. The
-- fleet's clock is the latest that a worker and Redis agreed on: one worker that is behind does not shorten its leases.
local fleet = tonumber(redis.call('ZSCORE', KEYS[3], 'now') or 0)
if fleet < now - 1000 or fleet > redis_us / 1000 then
  fleet = math.floor(now)
  redis.call('ZADD', KEYS[3], fleet, 'now')
end

-- Those that waited in a pause which is over: not beyond `ends`, and `credit` of them may be claimed now.
local ends, credit, rate, taken
local pause = redis.call('HMGET', KEYS[4], 'until', 'rate', 'from', 'taken')
if pause[1] then
  ends, rate = tonumber(pause[1]), tonumber(pause[2])
  if redis_us < ends * 1000 then
    return { '', redis_us, math.ceil(ends - redis_us / 1000) }
  end
  local left = rate and redis.call('ZCOUNT', KEYS[1], '-inf', ends) or 0
  if left > 0 then
    -- Counted from one instant on, so that no fraction is lost. What was not used for 100 ms is forfeited.
    local earned = math.floor((redis_us / 1000 - tonumber(pause[3] or ends)) * rate / 1000)
    taken = math.max(tonumber(pause[4] or 0), earned - math.max(1, math.floor(rate / 10)))
    credit = math.min(left, math.max(0, earned - taken))
  else
    redis.call('DEL', KEYS[4])
    ends = nil
  end
end

local horizon = string.format('%.17g', now + tonumber(ARGV[4]))
local jobs
if ends then
  local kept = math.min(credit, fresh)
  local later = redis.call('ZRANGE', KEYS[1], '(' .. pause[1], horizon, 'BYSCORE', 'LIMIT', 0, limit - kept, 'WITHSCORES')
  local up_to = string.format('%.17g', math.min(ends, now))
  jobs = redis.call('ZRANGE', KEYS[1], '-inf', up_to, 'BYSCORE', 'LIMIT', 0, math.min(credit, limit - #later / 2), 'WITHSCORES')
  if #jobs > 0 then
    redis.call('HSET', KEYS[4], 'taken', taken + #jobs / 2)
  end
  for i = 1, #later do
    jobs[#jobs + 1] = later[i]
  end
else
  jobs = redis.call('ZRANGE', KEYS[1], '-inf', horizon, 'BYSCORE', 'LIMIT', 0, limit, 'WITHSCORES')
  if #jobs == 2 * limit and tonumber(jobs[#jobs]) <= now then
    -- At least so many are due by now, so the newest of them are none of the oldest that stay.
    local newest = redis.call('ZRANGE', KEYS[1], string.format('%.17g', now), '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, fresh, 'WITHSCORES')
    for i = 1, #newest do
      jobs[#jobs - #newest + i] = newest[i]
    end
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
  redis.call('HSET', KEYS[5], fraction, claim .. ' ' .. ARGV[6])
end

local wait_ms = -1
local first
if ends then
  first = redis.call('ZRANGE', KEYS[1], '(' .. pause[1], '+inf', 'BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES')
else
  first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
end
if first[2] then
  wait_ms = math.max(0, math.ceil(tonumber(first[2]) - now))
end
if ends and redis.call('ZRANGE', KEYS[1], '-inf', ends, 'BYSCORE', 'LIMIT', 0, 1)[1] then
  local next_ms = math.max(20, math.ceil(1000 / rate))
  wait_ms = wait_ms < 0 and next_ms or math.min(wait_ms, next_ms)
end
return { claim, redis_us, wait_ms, unpack(jobs) }
