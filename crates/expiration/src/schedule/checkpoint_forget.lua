#!lua flags=allow-oom
-- Removes the checkpoint, so that a rebuild from the beginning of the streams makes it anew. For operators.
-- allow-oom: it makes room.
--
-- KEYS[1]  hash of the checkpoint
-- KEYS[2]  hash of the rebuild under way
-- ARGV[1]  longest lease of a rebuild in ms
--
-- Returns  1: removed, or there was none; 0: a rebuild is under way, and nothing has changed
--
-- Idempotent.

local clock = redis.call('TIME')
local now = math.floor(clock[1] * 1000 + clock[2] / 1000)
local left = tonumber(redis.call('HGET', KEYS[2], 'until') or 0) - now
if left > 0 and left <= tonumber(ARGV[1]) then
  return 0
end
redis.call('DEL', KEYS[1])
return 1
