#!/bin/sh
# The installed program with the settings and the state of the service; root's commands know the
# token and the keys too.
export CONFIGURATION_DIRECTORY=/etc/crypto-assistant STATE_DIRECTORY=/var/lib/crypto-assistant
program=/opt/crypto-assistant/current/bin/crypto-assistant
kept=/var/lib/private/crypto-assistant

[ "$(id -u)" = 0 ] && [ -d "$kept" ] || exec "$program" "$@"

# A file that root makes here would be closed to the service, which runs as a user of its own.
umask 077
status=0
"$program" "$@" || status=$?
find "$kept" -mindepth 1 -maxdepth 1 -user root -exec chown -h --reference="$kept" {} +
exit "$status"
