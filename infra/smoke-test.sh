#!/usr/bin/env bash
# Plays an order through a running platform, by the paths of the ingress: sold, ordered, expired, free again.
#
#   infra/smoke-test.sh URL [SECONDS] [CURL-OPTION...]
#
# SECONDS is how long an order may take to expire, ORDER_EXPIRATION_WINDOW and some (default 60; 0 leaves that part out).
# Options are for reaching a host that no DNS knows: infra/smoke-test.sh http://127.0.0.1:8080 60 --header 'Host: ticketing.dev'
#
# With CARD in the environment, a token of Stripe's test mode such as tok_visa, the buyer pays in the end. That needs a test
# key, or a stand-in for Stripe as `cargo xtask up` has one; a live key refuses such a card.
set -euo pipefail
url=${1:?which platform? for example http://127.0.0.1:8080}
patience=${2:-60}
shift $(($# > 1 ? 2 : 1))
options=("$@")
jar=$(mktemp)
trap 'rm -f "$jar"' EXIT

# call METHOD PATH [BODY]: the status in $status, the body in $body.
call() {
  local answer
  answer=$(curl --silent --show-error --max-time 10 --cookie "$jar" --cookie-jar "$jar" "${options[@]+"${options[@]}"}" \
    --request "$1" --header 'Content-Type: application/json' ${3:+--data "$3"} --write-out '\n%{http_code}' "$url$2") || answer=$'\n000'
  status=${answer##*$'\n'}
  body=${answer%$'\n'*}
}

# The first text of this name in $body, or nothing.
field() { [[ $body =~ \"$1\":\"([^\"]*)\" ]] && echo "${BASH_REMATCH[1]}" || true; }

# until SECONDS WHAT TEST...: tries the test until it holds.
until_holds() {
  local seconds=$1 what=$2 deadline=$((SECONDS + $1))
  shift 2
  until "$@"; do
    if ((SECONDS >= deadline)); then
      echo "FAILED: not within $seconds s: $what (the last answer: $status $body)" >&2
      exit 1
    fi
    sleep 0.5
  done
  echo "ok      $what"
}

# 200: an earlier try, whose answer was lost, had ordered it.
posts() { call POST "$1" "$2" && [[ $status == 20[01] ]]; }
order_is() { call GET "/api/orders/$order" && [[ $(field status) == "$1" ]]; }
ticket_is_held() { call GET "/api/tickets/$ticket" && [[ $(field orderId) == "$order" ]]; }
ticket_is_free() { call GET "/api/tickets/$ticket" && [[ $status == 200 && -z $(field orderId) ]]; }
payments_knows() { call GET "/api/payments?orderId=$order" && [[ $status == 200 ]]; }
money_is() { call GET "/api/orders/$order" && [[ $body == *"\"payment\":{\"status\":\"$1\""* ]]; }
shop_shows() { call GET "$1" && [[ $status == 200 && $body == *"$2"* ]]; }
deletes() { call DELETE "$1" && [[ $status == 204 ]]; }

user="smoke-$(od -A n -t x1 -N 6 /dev/urandom | tr -d ' \n')"
until_holds 60 "a user signs up" posts /api/users/signup "{\"email\":\"$user@example.com\",\"password\":\"$user-$user\"}"
until_holds 60 "a ticket is for sale" posts /api/tickets '{"title":"smoke test","price":20}'
ticket=$(field id)
until_holds 60 "the shop shows it" shop_shows "/tickets/$ticket" "smoke test"
until_holds 60 "it is ordered" posts /api/orders "{\"ticketId\":\"$ticket\"}"
order=$(field id)
until_holds 30 "the shop shows the order" shop_shows "/orders/$order" "smoke test"
until_holds 30 "the seat is held" ticket_is_held
until_holds 30 "it can be paid" payments_knows
if ((patience > 0)); then
  until_holds "$patience" "nobody pays, and the order expires" order_is cancelled
  until_holds 30 "the seat is free again" ticket_is_free
  until_holds 30 "it is ordered again" posts /api/orders "{\"ticketId\":\"$ticket\"}"
  order=$(field id)
fi
until_holds 30 "the buyer gives it up" deletes "/api/orders/$order"
until_holds 30 "the order is cancelled" order_is cancelled
until_holds 30 "the seat is free" ticket_is_free
if [[ -n ${CARD-} ]]; then
  until_holds 30 "it is ordered once more" posts /api/orders "{\"ticketId\":\"$ticket\"}"
  order=$(field id)
  until_holds 60 "the buyer pays" posts /api/payments "{\"orderId\":\"$order\",\"token\":\"$CARD\"}"
  until_holds 30 "the order is complete" order_is complete
  until_holds 30 "the money is with the seller" money_is captured
fi
