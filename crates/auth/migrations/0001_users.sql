create table users (
  id text collate "C" primary key,
  -- Normalised by the service, so that the same address written in two ways is the same row.
  email text collate "C" not null unique,
  -- A PHC string, which says how it was made: `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>`.
  password_hash text not null,
  created_at timestamptz not null default now()
);

-- Failed attempts to sign in or up, those in progress among them.
create table attempts (
  -- `account:<normalised email>`, whether or not there is such an account, or `address:<ip>`.
  key text collate "C" primary key,
  failures integer not null check (failures >= 0),
  -- When the first of them was, by this server's clock. A window later they count no more.
  since timestamptz not null
);

-- What the pruner looks for.
create index attempts_by_age on attempts (since);
