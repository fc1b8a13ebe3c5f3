#!lua flags=no-writes
-- Reads the checkpoint, the run and who rebuilds, all of one moment.
--
-- KEYS[1]  hash of the checkpoint
-- KEYS[2]  hash of the rebuild under way
-- KEYS[3]  sorted set of jobs
-- ARGV[1]  longest lease of a rebuild in ms
-- ARGV[2]  for how many ms the orders' stream keeps a message; '' for ever
--
-- Returns  { now_ms, run, created, sequence, stored, fired_created, fired_sequence, fired_stored, checkpoint's run,
--            by, since, applied, last, beyond }
--   now_ms   Redis' clock
--   run      the server's name for the history of its data: another one after each restart and each failover
--   created  and on to the checkpoint's run: its fields, '' each if there is none
--   by       and on to last: of a rebuild whose lease is not over, '' each if there is none
--   beyond   how many timers are due later than the stream keeps their event
--
-- Changes nothing. The server is asked for its run here: a connection may have gone on to another one unnoticed.

local clock = redis.call('TIME')
local now = math.floor(clock[1] * 1000 + clock[2] / 1000)
local answer = { now, string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)') or 'unknown' }

local checkpoint = redis.call('HMGET', KEYS[1], 'created', 'sequence', 'stored', 'fired_created', 'fired_sequence', 'fired_stored', 'run')
for i = 1, 7 do
  answer[#answer + 1] = checkpoint[i] or ''
end

local rebuild = redis.call('HMGET', KEYS[2], 'by', 'since', 'applied', 'last', 'until')
local left = tonumber(rebuild[5] or 0) - now
-- One that ends later than any does is of a clock that was set back since.
local is_live = left > 0 and left <= tonumber(ARGV[1])
for i = 1, 4 do
  answer[#answer + 1] = is_live and rebuild[i] or ''
end

local beyond = 0
if ARGV[2] ~= '' then
  beyond = redis.call('ZCOUNT', KEYS[3], string.format('(%.17g', now + tonumber(ARGV[2])), '+inf')
end
answer[#answer + 1] = beyond
return answer
