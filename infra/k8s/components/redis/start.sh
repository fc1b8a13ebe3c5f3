#!/bin/sh
# Puts the passwords' digests into the list of users, and becomes the server. Without a password only PING is allowed,
# which is what the probes say.
set -eu
digest() { printf %s "$1" | sha256sum | cut -d ' ' -f 1; }
umask 077
sed -e "s/EXPIRATION_SHA256/$(digest "${EXPIRATION_PASSWORD:?}")/" \
    -e "s/ADMIN_SHA256/$(digest "${ADMIN_PASSWORD:?}")/" \
    "${CONFIG_DIR:=/etc/valkey}/users.acl" >"${RUN_DIR:=/run/valkey}/users.acl"
unset EXPIRATION_PASSWORD ADMIN_PASSWORD
exec valkey-server "$CONFIG_DIR/valkey.conf" "$@"
