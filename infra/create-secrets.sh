#!/usr/bin/env bash
# Creates the secrets that infra/k8s refers to, with random values, in the cluster itself: none is ever in a file.
# One that exists is left as it is, so it is safe to run again; pods that wait for one start by themselves.
#
#   infra/create-secrets.sh [--context NAME] [--namespace NAME]      (arguments go to every kubectl)
set -euo pipefail
options=("$@")

ours() { kubectl "$@" "${options[@]+"${options[@]}"}"; }

# A cluster that does not answer is not a cluster without the secret.
exists() {
  local found
  found=$(ours get secret "$1" --ignore-not-found --output name) || exit 1
  [[ -n $found ]]
}

random() { od -A n -t x1 -N 32 /dev/urandom | tr -d ' \n'; }

# The values are read from standard input: arguments can be seen by everybody on this machine.
create() { ours create secret generic "$1" --from-env-file=/dev/stdin; }

if ! exists jwt-secret; then
  create jwt-secret <<<"JWT_KEY=$(random)"
fi

if ! exists orders-postgres-secret; then
  password=$(random)
  create orders-postgres-secret <<EOF
POSTGRES_PASSWORD=$password
DATABASE_URL=postgres://orders:$password@orders-postgres-srv:5432/orders
EOF
fi
