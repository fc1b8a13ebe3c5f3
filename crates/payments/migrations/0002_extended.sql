-- Orders that operators have given more time. It has a column of its own, because events come in any order: an `order:created` that
-- comes late, also to the release before, must not take it back. A row without a buyer may be an order that is only known to
-- have more time.
-- It waits no longer behind others than payments may wait behind it; then it is tried again.
set local lock_timeout = '2s';
alter table orders
  add column extended_to timestamptz(3),
  drop constraint an_order_is_known_or_a_tombstone,
  -- What is there has met the narrower one: no need to look at each row under a lock.
  add constraint an_order_is_known_or_a_tombstone check (
    (user_id is null) = (price is null) and (user_id is null) = (expires_at is null)
    and (user_id is not null or status <> 'created' or extended_to is not null)) not valid;
