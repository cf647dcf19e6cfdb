#!/bin/sh
# Installs the systemd service: a virtual environment in /opt/crypto-assistant/VERSION, to which
# `current` points.
set -eu
umask 022

PYTHON=${PYTHON:-/usr/bin/python3}
DESTDIR=${DESTDIR:+$(realpath -ms "$DESTDIR")}
opt=/opt/crypto-assistant
etc=/etc/crypto-assistant

fail() {
    echo "$*" >&2
    exit 1
}

[ -n "$DESTDIR" ] || [ "$(id -u)" = 0 ] || fail 'Installing needs root: sudo make install'
case $("$PYTHON" -c 'import sys; print(sys.base_prefix)') in
    /root/* | /home/*) fail "The service cannot read $PYTHON in a home directory: PYTHON=/usr/bin/python3" ;;
esac
cd "$(dirname "$0")/.."

# Build beside what runs.
echo "Installing the locked dependencies into $DESTDIR$opt ..."
new=$DESTDIR$opt/.new
trap 'rm -rf "$new"' EXIT
install -d "$DESTDIR$opt"
"$PYTHON" -m venv --clear "$new"
pip() { "$new/bin/python" -m pip --quiet --disable-pip-version-check install --no-compile "$@"; }
pip --require-hashes --only-binary=:all: -r requirements.lock
pip --no-deps --no-build-isolation .
version=$("$new/bin/python" -Ic 'from importlib.metadata import version; print(version("crypto-assistant"))')

# The scripts and the byte code name the place where they will live, not where they were built.
home=$opt/$version
grep -rlIF --null "$new" "$new/bin" "$new/pyvenv.cfg" | xargs -0 sed -i "s|$new|$home|g"
"$new/bin/python" -Im compileall -qf -j 0 -s "$new" -p "$home" "$new/lib"

# Switch: a link is replaced by one rename, so that `current` exists at every moment.
rm -rf "$DESTDIR$home.old"
[ ! -e "$DESTDIR$home" ] || mv "$DESTDIR$home" "$DESTDIR$home.old"
mv "$new" "$DESTDIR$home"
ln -sfn "$version" "$DESTDIR$opt/.current"
mv -T "$DESTDIR$opt/.current" "$DESTDIR$opt/current"
rm -rf "$DESTDIR$home.old"

install -d "$DESTDIR$etc" "$DESTDIR/etc/systemd/system"
install -d -m 0700 "$DESTDIR$etc/credentials"
[ -e "$DESTDIR$etc/crypto-assistant.conf" ] ||
    install -m 0644 deploy/crypto-assistant.conf "$DESTDIR$etc/crypto-assistant.conf"
install -m 0644 deploy/crypto-assistant.service "$DESTDIR/etc/systemd/system/crypto-assistant.service"
[ -n "$DESTDIR" ] || [ ! -d /run/systemd/system ] || systemctl daemon-reload

cat <<END
crypto-assistant $version is installed. Two steps remain:
  1. write the bot's token and your chat id into two files in $etc/credentials:
     TELEGRAM_BOT_TOKEN and TELEGRAM_CHAT_ID; for your own account the exchanges' keys
     as well, one file each (crypto-assistant.conf names them)
  2. systemctl enable --now crypto-assistant
END
