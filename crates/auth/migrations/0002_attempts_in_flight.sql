-- Attempts of which nobody knows yet whether they fail: when each began, by this server's clock. One that was left behind
-- counts no more once it is older than any can be. A row may now be there for them alone, with a `since` of `-infinity`.
--
-- The default is for the release before, which counts an attempt as failed before it is made and knows no other.
alter table attempts add column pending timestamptz[] not null default '{}';
