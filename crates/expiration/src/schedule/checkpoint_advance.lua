#!lua flags=allow-oom
-- Advances the checkpoint to places up to which every message is in the set. Creates none: only a rebuild does.
-- allow-oom: it changes one small hash.
--
-- KEYS[1]  hash of the checkpoint
-- ARGV[1]  the checkpoint that was looked at, its seven fields with a space between them
-- ARGV[2]  created, ARGV[3] sequence, ARGV[4] stored: the new place in the orders' stream
-- ARGV[5]  fired_created, ARGV[6] fired_sequence, ARGV[7] fired_stored: the one in the stream of expirations
--
-- Returns  1: it is advanced; 0: there is none, it is another one by now, it is of another run of the server or of another
--          stream, or it is as far already
--
-- The streams were asked whether they still have the places of the one that was looked at. Another one was not, and what it
-- says of a loss must not be forgotten. Idempotent: a second run finds another checkpoint.

local checkpoint = redis.call('HMGET', KEYS[1], 'created', 'sequence', 'stored', 'fired_created', 'fired_sequence', 'fired_stored', 'run')
for i = 1, 7 do
  checkpoint[i] = checkpoint[i] or ''
end
local run = string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)') or 'unknown'
if table.concat(checkpoint, ' ') ~= ARGV[1] or checkpoint[7] ~= run then
  return 0
end
if checkpoint[1] ~= ARGV[2] or checkpoint[4] ~= ARGV[5] then
  return 0
end
if tonumber(checkpoint[2]) > tonumber(ARGV[3]) or tonumber(checkpoint[5]) > tonumber(ARGV[6]) then
  return 0
end
redis.call('HSET', KEYS[1], 'sequence', ARGV[3], 'stored', ARGV[4], 'fired_sequence', ARGV[6], 'fired_stored', ARGV[7])
return 1
