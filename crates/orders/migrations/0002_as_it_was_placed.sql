-- An order keeps what its buyer agreed to, whatever the seller writes afterwards. Null: placed by a release that read
-- the copy instead, so its copy has to do.
alter table orders
  add column ticket_version bigint,
  add column title text,
  add column price numeric;

-- Those that can still be paid. A reserved ticket is not edited, so their copy is what was agreed to.
update orders o
set ticket_version = t.version, title = t.title, price = t.price
from tickets t
where t.id = o.ticket_id and o.status in ('created', 'awaiting:payment');

-- What a buyer's limit counts.
create index unpaid_orders_of_a_user on orders (user_id) where status in ('created', 'awaiting:payment');
