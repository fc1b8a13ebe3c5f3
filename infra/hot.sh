#!/bin/sh
# The start of a development container (Dockerfile, target `hot`): compiles $SERVICE whenever a source changes, and starts
# it anew whenever that brought a new program. While it does not compile, the old program goes on.
set -eu
cd /src
program=target/debug/${SERVICE:?}
# Once, and then until the service has drained: the signal comes back here, too.
trap 'trap "" TERM INT; kill 0; wait; exit 0' TERM INT

# `entr` ends when a file was added or removed, and looks again.
while :; do
  find crates -type f | entr -d -n -p cargo build --offline --locked --package "$SERVICE" || sleep 0.2
done &

while :; do
  echo "$program" | entr -n -r "$program" || sleep 0.2
done &
wait
