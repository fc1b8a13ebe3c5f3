#!lua
-- Applies events of the orders' stream to the set, renews the lease, and moves the checkpoint, which it alone creates.
-- A full Redis refuses it, as it refuses new timers: the rebuild waits.
--
-- KEYS[1]  sorted set of jobs
-- KEYS[2]  hash of the checkpoint
-- KEYS[3]  hash of the rebuild under way
-- ARGV[1]  the token of this rebuild
-- ARGV[2]  lease in ms
-- ARGV[3]  the run in which it began
-- ARGV[4]  the checkpoint that it goes on from: seven fields with a space between them
-- ARGV[5]  up to which sequence it has come, ARGV[6] at which one it ends: for people
-- ARGV[7]  'part': the checkpoint stays; 'place': it moves; 'end': it moves, holds in this run, and the lease is given back
-- ARGV[8]  to ARGV[13]: the six fields of the places that it moves to; '' each if it stays
-- ARGV[14] how many timers to add, then id and due time in ms of each
-- then     how many to extend, then id and due time in ms of each
-- then     ids to remove, to the end. All bounded by the caller: a script takes less than 2 ms
--
-- Returns  { 'done', added, extended, removed }, or { what is in the way }, and then nothing has changed:
--   'lease'       it is over, or somebody else's
--   'run'         the server has lost or may have lost data since the rebuild began
--   'checkpoint'  it is not the one that the rebuild goes on from
--
-- Nothing that is there is moved by an addition, nor what a worker has claimed by an extension (extend.lua). Idempotent as
-- long as the checkpoint stays; a second run of one that moves it is refused.

local clock = redis.call('TIME')
local now = math.floor(clock[1] * 1000 + clock[2] / 1000)
local lease = redis.call('HMGET', KEYS[3], 'token', 'until')
local left = tonumber(lease[2] or 0) - now
if lease[1] ~= ARGV[1] or left <= 0 or left > tonumber(ARGV[2]) then
  return { 'lease' }
end
local run = string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)') or 'unknown'
if run ~= ARGV[3] then
  return { 'run' }
end
local checkpoint = redis.call('HMGET', KEYS[2], 'created', 'sequence', 'stored', 'fired_created', 'fired_sequence', 'fired_stored', 'run')
for i = 1, 7 do
  checkpoint[i] = checkpoint[i] or ''
end
if table.concat(checkpoint, ' ') ~= ARGV[4] then
  return { 'checkpoint' }
end

local at = 14
local added, extended, removed = 0, 0, 0

local scored = {}
local adds = tonumber(ARGV[at])
for i = at + 1, at + 2 * adds, 2 do
  scored[#scored + 1] = ARGV[i + 1]
  scored[#scored + 1] = ARGV[i]
end
if adds > 0 then
  added = redis.call('ZADD', KEYS[1], 'NX', unpack(scored))
end
at = at + 2 * adds + 1

local extends = tonumber(ARGV[at])
local ids = {}
for i = at + 1, at + 2 * extends, 2 do
  ids[#ids + 1] = ARGV[i]
end
if extends > 0 then
  local scores = redis.call('ZMSCORE', KEYS[1], unpack(ids))
  local moved = {}
  for i = 1, extends do
    if tonumber(scores[i] or 0) % 1 == 0 then
      moved[#moved + 1] = ARGV[at + 2 * i]
      moved[#moved + 1] = ids[i]
    end
  end
  if #moved > 0 then
    extended = redis.call('ZADD', KEYS[1], 'GT', 'CH', unpack(moved))
  end
end
at = at + 2 * extends + 1

if #ARGV >= at then
  removed = redis.call('ZREM', KEYS[1], unpack(ARGV, at))
end

if ARGV[7] ~= 'part' then
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[2], 'created', ARGV[8], 'sequence', ARGV[9], 'stored', ARGV[10],
    'fired_created', ARGV[11], 'fired_sequence', ARGV[12], 'fired_stored', ARGV[13])
end
if ARGV[7] == 'end' then
  redis.call('HSET', KEYS[2], 'run', run)
  redis.call('DEL', KEYS[3])
else
  redis.call('HSET', KEYS[3], 'until', now + tonumber(ARGV[2]), 'applied', ARGV[5], 'last', ARGV[6])
end
return { 'done', added, extended, removed }
