-- The copy of the tickets that `tickets` owns. Rows come from its events and from nowhere else.
-- Ids compare by bytes, so that a lock order by id is the same here as in the services.
create table tickets (
  id text collate "C" primary key,
  -- The version of the newest event applied: an older one is a duplicate.
  version bigint not null,
  title text not null,
  price numeric not null
);

create table orders (
  id text collate "C" primary key,
  -- 0 when placed, 1 once complete or cancelled. Nothing else raises it.
  version bigint not null default 0,
  status text not null default 'created'
    check (status in ('created', 'awaiting:payment', 'complete', 'cancelled')),
  user_id text collate "C" not null,
  ticket_id text collate "C" not null references tickets (id),
  -- When an unpaid order is cancelled, by this server's clock. Milliseconds, because that is what the wire can say:
  -- the row and the event name one instant.
  expires_at timestamptz(3) not null,
  created_at timestamptz not null default now(),
  cancelled_at timestamptz,
  cancel_reason text check (cancel_reason in ('expired', 'buyer')),
  payment_id text collate "C",
  -- W3C trace context of the request that placed the order.
  traceparent text,

  constraint a_cancelled_order_says_when_and_why
    check ((status = 'cancelled') = (cancelled_at is not null) and (cancelled_at is null) = (cancel_reason is null)),
  constraint a_complete_order_names_its_payment check ((status = 'complete') = (payment_id is not null)),
  constraint no_order_expires_early check (cancel_reason <> 'expired' or cancelled_at >= expires_at)
);

-- A ticket is sold once: the index holds every order that is not cancelled, the complete ones too.
create unique index one_live_order_a_ticket on orders (ticket_id) where status <> 'cancelled';

-- What the sweeper looks for. It stays as small as the number of unpaid orders.
create index unpaid_orders_by_expiry on orders (expires_at) where status in ('created', 'awaiting:payment');

create index orders_of_a_user on orders (user_id, created_at);
