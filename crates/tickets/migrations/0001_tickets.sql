-- Ids compare by bytes, so that a lock order by id is the same here as in the services.
create table tickets (
  id text collate "C" primary key,
  -- 0 when put up for sale; each change raises it by one and is told once, so versions are contiguous.
  version bigint not null default 0,
  title text not null,
  price numeric not null,
  -- The seller.
  user_id text collate "C" not null,
  -- The order that holds the ticket: reserved, or sold. Null: free.
  order_id text collate "C",
  created_at timestamptz not null default now(),

  constraint a_ticket_has_a_title check (title <> ''),
  constraint a_ticket_costs_something check (price > 0)
);

create index tickets_in_order on tickets (created_at, id);

-- Tombstones: orders whose cancellation has come. Events arrive late, twice and in any order, and an order:created that
-- comes behind its order:cancelled must reserve nothing, whether it is the first delivery or a repetition.
create table cancelled_orders (
  order_id text collate "C" primary key,
  cancelled_at timestamptz not null default now()
);

create index cancelled_orders_by_age on cancelled_orders (cancelled_at);
