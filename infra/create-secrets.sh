#!/usr/bin/env bash
# Writes the secrets of the production overlay, with random values, to files that git ignores. One that exists is left as
# it is, but for a password that it lacks, and its passwords are taken over into those that are written, so it is safe to
# run again.
#
#   infra/create-secrets.sh [DIRECTORY]      by default infra/k8s/overlays/production/secrets
#
# What can't be made up comes by the environment and goes into payments.env: STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET and
# PUBLIC_URL. While one of them is missing everything else is written, and the exit status is 1.
#
# Services that already run sign sessions with a key of theirs: put that into jwt.env instead. For a managed store write
# its URL into the files of the services (docs/MANAGED-STORES.md).
set -euo pipefail
umask 077
directory=${1:-$(dirname "${BASH_SOURCE[0]}")/k8s/overlays/production/secrets}

# 248 bits. Letters and digits, because it stands in URLs; a letter first, because NATS would read a number.
random() { printf 'p%s' "$(od -A n -t x1 -N 31 /dev/urandom | tr -d ' \n')"; }

# As a whole or not at all: a file that broke off would render.
write() {
  if [[ -e $directory/$1 ]]; then
    cat >/dev/null
    echo "kept    $directory/$1"
  else
    cat >"$directory/$1.partial"
    mv "$directory/$1.partial" "$directory/$1"
    echo "written $directory/$1"
  fi
}

# A password that a file lacks which was written before there was a need for it.
#   complete FILE VARIABLE VALUE
complete() {
  if ! grep --quiet "^$2=" "$directory/$1"; then
    # The file may end without a line feed.
    [[ -z $(tail --bytes 1 "$directory/$1") ]] || echo >>"$directory/$1"
    echo "$2=$3" >>"$directory/$1"
    echo "added   $2 to $directory/$1"
  fi
}

# The password that a file already has, be it the store's or, in a URL, the service's; else a new one.
#   password STORE-FILE VARIABLE SERVICE-FILE HOST
password() {
  local found=
  if [[ -e $directory/$1 ]] && grep --quiet "^$2=" "$directory/$1"; then
    found=$(sed -n "s/^$2=//p" "$directory/$1")
  elif [[ -e $directory/$3 ]]; then
    found=$(sed -n "s#^[A-Z_]*URL=[a-z]*://[a-z]*:\([^@]*\)@$4:.*#\1#p" "$directory/$3")
  fi
  if [[ -n $found ]]; then printf %s "$found"; else random; fi
}

mkdir -p "$directory"

write jwt.env <<<"JWT_KEY=$(random)"
write internal.env <<<"INTERNAL_TOKEN=$(random)"

tickets_nats=$(password nats.env TICKETS_PASSWORD tickets.env nats-srv)
orders_nats=$(password nats.env ORDERS_PASSWORD orders.env nats-srv)
expiration_nats=$(password nats.env EXPIRATION_PASSWORD expiration.env nats-srv)
payments_nats=$(password nats.env PAYMENTS_PASSWORD payments.env nats-srv)
client_nats=$(password nats.env CLIENT_PASSWORD client.env nats-srv)
console_nats=$(password nats.env CONSOLE_PASSWORD console.env nats-srv)
admin_nats=$(password nats.env ADMIN_PASSWORD topology.env nats-srv)
write nats.env <<END
TICKETS_PASSWORD=$tickets_nats
ORDERS_PASSWORD=$orders_nats
EXPIRATION_PASSWORD=$expiration_nats
PAYMENTS_PASSWORD=$payments_nats
CLIENT_PASSWORD=$client_nats
CONSOLE_PASSWORD=$console_nats
ADMIN_PASSWORD=$admin_nats
ROUTE_PASSWORD=$(random)
END
complete nats.env CLIENT_PASSWORD "$client_nats"
complete nats.env CONSOLE_PASSWORD "$console_nats"

expiration_redis=$(password expiration-redis.env EXPIRATION_PASSWORD expiration.env expiration-redis-srv)
write expiration-redis.env <<END
EXPIRATION_PASSWORD=$expiration_redis
ADMIN_PASSWORD=$(random)
END

auth_postgres=$(password postgres.env AUTH_PASSWORD auth.env postgres-srv)
tickets_postgres=$(password postgres.env TICKETS_PASSWORD tickets.env postgres-srv)
orders_postgres=$(password postgres.env ORDERS_PASSWORD orders.env postgres-srv)
payments_postgres=$(password postgres.env PAYMENTS_PASSWORD payments.env postgres-srv)
write postgres.env <<END
POSTGRES_PASSWORD=$(random)
AUTH_PASSWORD=$auth_postgres
TICKETS_PASSWORD=$tickets_postgres
ORDERS_PASSWORD=$orders_postgres
PAYMENTS_PASSWORD=$payments_postgres
END
complete postgres.env PAYMENTS_PASSWORD "$payments_postgres"

write auth.env <<<"DATABASE_URL=postgres://auth:$auth_postgres@postgres-srv:5432/auth"
write tickets.env <<END
DATABASE_URL=postgres://tickets:$tickets_postgres@postgres-srv:5432/tickets
NATS_URL=nats://tickets:$tickets_nats@nats-srv:4222
END
write orders.env <<END
DATABASE_URL=postgres://orders:$orders_postgres@postgres-srv:5432/orders
NATS_URL=nats://orders:$orders_nats@nats-srv:4222
END
write expiration.env <<END
NATS_URL=nats://expiration:$expiration_nats@nats-srv:4222
REDIS_URL=redis://expiration:$expiration_redis@expiration-redis-srv:6379
END
write client.env <<END
NATS_URL=nats://client:$client_nats@nats-srv:4222
FORM_KEY=$(random)
END
# The first operator and the first viewer; write more beside them, each with a name of his own.
write console.env <<END
NATS_URL=nats://console:$console_nats@nats-srv:4222
OPERATOR_TOKENS=operator:$(random)
VIEWER_TOKENS=viewer:$(random)
END
write topology.env <<<"NATS_URL=nats://admin:$admin_nats@nats-srv:4222"

# Last, because it may not be possible.
if [[ ! -e $directory/payments.env ]]; then
  missing=
  for variable in STRIPE_SECRET_KEY STRIPE_WEBHOOK_SECRET PUBLIC_URL; do
    [[ -n ${!variable-} ]] || missing+=" $variable"
  done
  if [[ -n $missing ]]; then
    echo "$directory/payments.env is not written: set$missing (see payments.env.example), and run this again" >&2
    exit 1
  fi
fi
write payments.env <<END
DATABASE_URL=postgres://payments:$payments_postgres@postgres-srv:5432/payments
NATS_URL=nats://payments:$payments_nats@nats-srv:4222
STRIPE_SECRET_KEY=${STRIPE_SECRET_KEY-}
STRIPE_WEBHOOK_SECRET=${STRIPE_WEBHOOK_SECRET-}
PUBLIC_URL=${PUBLIC_URL-}
END
