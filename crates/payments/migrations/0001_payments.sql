-- A copy of the orders, from their events. Events come late, twice and in any order: a row whose buyer is not known yet is
-- a tombstone, left by an order:cancelled or order:completed that overtook its order:created.
-- Ids compare by bytes, so that a lock order by id is the same here as in the services.
create table orders (
  id text collate "C" primary key,
  version bigint not null,
  -- created; completed and cancelled are final.
  status text not null,
  user_id text collate "C",
  -- What the buyer has to pay.
  price numeric,
  expires_at timestamptz(3),
  -- The payment that completed it.
  payment_id text collate "C",

  constraint a_status_is_known check (status in ('created', 'completed', 'cancelled')),
  constraint an_order_is_known_or_a_tombstone check (
    (user_id is null) = (price is null) and (user_id is null) = (expires_at is null)
    and (user_id is not null or status <> 'created'))
);

create table payments (
  id text collate "C" primary key,
  order_id text collate "C" not null references orders (id),
  user_id text collate "C" not null,
  -- token: a card that the client has turned into a token; page: the provider's own page.
  kind text not null,
  -- In the currency's smallest unit, as the provider counts.
  amount bigint not null,
  currency text not null,
  -- pending     the provider was asked, or will be, and what it did is not known yet
  -- open        the page is there, and the buyer has not paid on it
  -- authorised  the money is held for us, and payment:created is told
  -- captured, released, refunded, failed   what became of that, and payment:settled is told
  -- declined, closed   no money was ever held, and nothing was told
  status text not null,
  -- What is still to be done: capture or release what is authorised, close what is not.
  decision text,
  -- The card's token, only as long as the provider may have to be asked again.
  token text,
  -- By which the same request is known again.
  token_hash text,
  stripe_intent text,
  stripe_session text,
  url text,
  -- Why it was declined, closed or rejected: for the buyer.
  reason text,
  -- Raised when the answer that the provider keeps under an idempotency key is known to have done nothing.
  key_round integer not null default 0,
  -- When the settler has to look at it; null: never again.
  due_at timestamptz,
  -- Looks since the last change.
  attempts integer not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  -- W3C trace context of the request that began it.
  traceparent text,

  constraint a_kind_is_known check (kind in ('token', 'page')),
  constraint a_payment_status_is_known check (status in (
    'pending', 'open', 'authorised', 'captured', 'released', 'refunded', 'failed', 'declined', 'closed')),
  constraint a_decision_is_known check (decision in ('capture', 'release', 'close')),
  constraint an_amount_is_paid check (amount > 0),
  constraint a_token_is_kept_only_while_it_may_be_needed check (token is null or status = 'pending'),
  constraint authorised_money_has_an_intent check (
    stripe_intent is not null or status not in ('authorised', 'captured', 'released', 'refunded', 'failed'))
);

-- One live payment an order: whoever pays twice at once pays once.
create unique index one_live_payment_an_order on payments (order_id)
  where status in ('pending', 'open', 'authorised', 'captured');

create index payments_of_an_order on payments (order_id, created_at, id);

create index payments_due on payments (due_at) where due_at is not null;

-- Events of the provider that have had their effect: they come twice, and late.
create table stripe_events (
  id text collate "C" primary key,
  received_at timestamptz not null default now()
);

create index stripe_events_by_age on stripe_events (received_at);
