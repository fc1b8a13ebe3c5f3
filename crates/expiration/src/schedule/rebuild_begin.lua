#!lua flags=allow-oom
-- Takes the lease of a rebuild, unless somebody has it, and reads what the rebuild goes on from.
-- allow-oom: it writes one small hash, and a rebuild also removes.
--
-- KEYS[1]  hash of the checkpoint
-- KEYS[2]  hash of the rebuild under way
-- ARGV[1]  the token of this rebuild, which no other has
-- ARGV[2]  the worker's name
-- ARGV[3]  lease in ms
--
-- Returns  {}: somebody else rebuilds
--          { run, created, sequence, stored, fired_created, fired_sequence, fired_stored, checkpoint's run }: it may begin
--   run      the server's name for the history of its data (checkpoint_look.lua)
--   created  and on to the checkpoint's run: its fields, '' each if there is none
--
-- The hash has the fields token, by, since, until (both ms by Redis' clock), applied, last. Idempotent with the same token.

local clock = redis.call('TIME')
local now = math.floor(clock[1] * 1000 + clock[2] / 1000)
local lease = redis.call('HMGET', KEYS[2], 'token', 'until')
local left = tonumber(lease[2] or 0) - now
-- One that ends later than any does is of a clock that was set back since.
if left > 0 and left <= tonumber(ARGV[3]) and lease[1] ~= ARGV[1] then
  return {}
end
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[2], 'token', ARGV[1], 'by', ARGV[2], 'since', now, 'until', now + tonumber(ARGV[3]), 'applied', 0, 'last', 0)

local answer = { string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)') or 'unknown' }
local checkpoint = redis.call('HMGET', KEYS[1], 'created', 'sequence', 'stored', 'fired_created', 'fired_sequence', 'fired_stored', 'run')
for i = 1, 7 do
  answer[#answer + 1] = checkpoint[i] or ''
end
return answer
