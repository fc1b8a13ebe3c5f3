-- When a ticket was changed last: what is told again if the broker has lost it. By a trigger, so that a change by the release
-- before is noted, too. Of the tickets that are there it is not known, so they count as changed now.
-- It waits no longer behind others than they may wait behind it; then it is tried again.
set local lock_timeout = '2s';
alter table tickets add column changed_at timestamptz not null default now();

create function note_change() returns trigger language plpgsql as $$
begin
  new.changed_at := now();
  return new;
end
$$;

create trigger changed before update on tickets
  for each row when (new.version <> old.version) execute function note_change();
