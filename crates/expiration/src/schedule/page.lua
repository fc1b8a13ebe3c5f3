#!lua flags=no-writes
-- Reads a page of the schedule by its ranks: however many timers share an instant, a page costs no more.
--
-- KEYS[1]  sorted set of jobs
-- ARGV[1]  from this instant on, ms
-- ARGV[2]  to before this one, ms
-- ARGV[3]  most timers of the page; bounded by the caller (1,000 take less than 1 ms)
-- ARGV[4]  score of the last timer of the page before, '' for the first page
-- ARGV[5]  its id. If it is there no more, or elsewhere by now, the page begins where it stood
--
-- Returns  { now_ms, id, score, id, score, ... }, by score and id
--   now_ms  Redis' clock
--
-- Changes nothing.

-- By bytes, as the set sorts them: what Lua compares depends on the server's locale.
local function is_behind(a, b)
  for i = 1, math.min(#a, #b) do
    if a:byte(i) ~= b:byte(i) then
      return a:byte(i) > b:byte(i)
    end
  end
  return #a > #b
end

local clock = redis.call('TIME')
local now = math.floor(clock[1] * 1000 + clock[2] / 1000)
local begin = redis.call('ZCOUNT', KEYS[1], '-inf', '(' .. ARGV[1])
local stop = redis.call('ZCOUNT', KEYS[1], '-inf', '(' .. ARGV[2])
if ARGV[4] ~= '' then
  local score = redis.call('ZSCORE', KEYS[1], ARGV[5])
  local after
  if score and tonumber(score) == tonumber(ARGV[4]) then
    after = redis.call('ZRANK', KEYS[1], ARGV[5]) + 1
  else
    -- Among those with its score the ids are sorted: halve the range until the place is found (20 steps for a million).
    after = redis.call('ZCOUNT', KEYS[1], '-inf', '(' .. ARGV[4])
    local high = redis.call('ZCOUNT', KEYS[1], '-inf', ARGV[4])
    while after < high do
      local middle = math.floor((after + high) / 2)
      if is_behind(redis.call('ZRANGE', KEYS[1], middle, middle)[1], ARGV[5]) then
        high = middle
      else
        after = middle + 1
      end
    end
  end
  begin = math.max(begin, after)
end
local last = math.min(stop, begin + tonumber(ARGV[3])) - 1
if last < begin then
  return { now }
end
return { now, unpack(redis.call('ZRANGE', KEYS[1], begin, last, 'WITHSCORES')) }
