-- Where the money of the payment that completed the order is in the end. Null: not known yet, or never, from a payments
-- service that settles nothing.
-- It waits no longer behind others than orders may wait behind it; then it is tried again.
set local lock_timeout = '2s';
alter table orders add column payment_outcome text;
-- Of the rows that are there all are null: no need to look at each of them under a lock.
alter table orders add constraint a_payment_outcome_is_known
  check (payment_outcome in ('captured', 'released', 'refunded', 'failed')) not valid;

-- Payments that could not be taken. A row is open until payments says what became of the money, or a person has seen to it.
create table rejected_payments (
  payment_id text collate "C" primary key,
  order_id text collate "C" not null,
  -- The payment at Stripe: what a refund by hand needs.
  stripe_id text not null,
  reason text not null,
  rejected_at timestamptz not null default now(),
  outcome text check (outcome in ('captured', 'released', 'refunded', 'failed')),
  settled_at timestamptz,
  -- What a person did about it, who closed the row instead of payments.
  note text,

  constraint a_settled_one_says_how check ((settled_at is null) = (outcome is null and note is null))
);

create index rejected_payments_of_an_order on rejected_payments (order_id, rejected_at);
create index open_rejected_payments on rejected_payments (rejected_at) where settled_at is null;
