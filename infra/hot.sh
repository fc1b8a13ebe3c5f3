#!/bin/sh
# The start of a development container (Dockerfile, target `hot`): compiles $SERVICE whenever a source changes, and starts
# it again whenever that brought a new program. While it does not compile, the old program goes on.
set -eu
cd /src
program=target/debug/${SERVICE:?}
# Once: the signal comes back here, too. The loop of the service ends when `entr` does, which waits until it has drained.
trap 'trap "" TERM INT; kill 0; wait; exit 0' TERM INT

# `entr` ends when a file was added or removed, and looks again. One program of the packages that the image was built from: for
# `--package` cargo would choose other features of the dependencies, and compile all of them again.
while :; do
  find crates -type f | entr -d -n -p cargo build --offline --locked --workspace --exclude bench --exclude chaos --exclude demo \
    --exclude fuzz --exclude judge --exclude model --exclude platform --exclude showcase --exclude stripe-stand-in --exclude testkit --exclude xtask --bin "$SERVICE" || sleep 0.2
done &

(
  trap 'exit 0' TERM
  while :; do
    echo "$program" | entr -n -r "$program" || sleep 0.2
  done
) &
wait
