#!lua flags=allow-oom
-- Gives the lease of a rebuild back before its end: another worker need not wait until it is over.
-- allow-oom: it makes room.
--
-- KEYS[1]  hash of the rebuild under way
-- ARGV[1]  the token of this rebuild
--
-- Returns  1: given back; 0: it was somebody else's, or nobody's
--
-- Idempotent.

if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then
  return 0
end
return redis.call('DEL', KEYS[1])
