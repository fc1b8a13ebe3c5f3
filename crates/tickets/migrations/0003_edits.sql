-- How often each seller has changed tickets in the minute of the last change.
create table edits (
  user_id text collate "C" primary key,
  minute timestamptz not null,
  edits integer not null
);
