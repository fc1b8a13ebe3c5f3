-- What a seller sees of their own, however many others sell.
create index tickets_of_a_seller_in_order on tickets (user_id, created_at, id);
