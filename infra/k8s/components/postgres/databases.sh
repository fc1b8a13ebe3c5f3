#!/bin/bash
# Makes a database for each service, owned by a role that can reach no other. The image runs it once, on an empty volume;
# running it again does no harm and sets the passwords again.
set -eu

make() {
  # The password comes by the environment: arguments can be seen by everybody on the node.
  PASSWORD=$2 psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname=postgres --set=name="$1" <<'SQL'
\getenv password PASSWORD
select format('create role %I', :'name') where not exists (select from pg_roles where rolname = :'name') \gexec
-- 5 replicas, one of them new in a rollout, of 16 connections; and one more for a migration.
alter role :"name" login nosuperuser nocreatedb nocreaterole noreplication connection limit 85 password :'password';
select format('create database %I owner %I', :'name', :'name') where not exists (select from pg_database where datname = :'name') \gexec
revoke all on database :"name" from public;
SQL
}

make auth "${AUTH_PASSWORD:?}"
make tickets "${TICKETS_PASSWORD:?}"
make orders "${ORDERS_PASSWORD:?}"
make payments "${PAYMENTS_PASSWORD:?}"

# Nobody but the superuser has business in these.
psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname=postgres <<'SQL'
revoke connect on database postgres from public;
revoke connect on database template1 from public;
SQL
