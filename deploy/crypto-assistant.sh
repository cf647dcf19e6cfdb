#!/bin/sh
# The installed program with the settings and the state of the service; root's commands know the
# token and the keys too.
export CONFIGURATION_DIRECTORY=/etc/crypto-assistant STATE_DIRECTORY=/var/lib/crypto-assistant
exec /opt/crypto-assistant/current/bin/crypto-assistant "$@"
