-- What it takes to find out that the broker has lost events that it had acknowledged, and to tell them again.
--
-- The release before deletes rows of the outbox without remembering where they are in the stream. A loss while it runs beside this
-- one is found as soon as it takes the place that a relay of this release remembers, which is one of the newest; what only the
-- release before has told and nobody has remembered behind is lost unseen, until `retell`.
--
-- It waits no longer behind others than they may wait behind it; then it is tried again.
set local lock_timeout = '2s';
alter table outbox
  -- When that was changed of which it tells again; null: when it was put here.
  add column changed_at timestamptz;

-- Up to where in the stream the relays have told: a row for each relay that is at work, put in with each pass that deletes from
-- the outbox, in the same transaction, and the row before taken out. Never updated: while an old snapshot is held, each version of
-- one row would have to be walked over.
create table outbox_told (
  id bigint generated always as identity primary key,
  -- The stream, by the instant at which it was made; the message in it; and when that was stored. ns since the epoch.
  created_ns bigint not null,
  sequence bigint not null,
  stored_ns bigint not null,
  at timestamptz not null default now()
);

-- Whatever was changed before `since` is stored up to this place of the stream, if that still has the place.
create table outbox_marks (
  id bigint generated always as identity primary key,
  created_ns bigint not null,
  sequence bigint not null,
  stored_ns bigint not null,
  since timestamptz not null,
  made_at timestamptz not null default now()
);

-- Up to where each consumer of the stream was seen to have taken everything.
create table outbox_taken (
  consumer text collate "C" primary key,
  created_ns bigint not null,
  sequence bigint not null,
  seen_at timestamptz not null default now()
);

-- What was told again, and why.
create table outbox_told_again (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  -- What was changed from then on.
  since timestamptz not null,
  events bigint not null,
  -- lost       the broker had lost what it had acknowledged
  -- fell out   it was gone from the stream before a listener came for it
  -- asked      an operator wanted it
  cause text not null check (cause in ('lost', 'fell out', 'asked'))
);
