#!/bin/sh
# The systemd service: install.sh install | upgrade | rollback | uninstall, under DESTDIR if set.
#
# Each version is a virtual environment of its own in /opt/crypto-assistant, with the files of
# deploy/ as it ships them. `current` is what runs, `previous` what ran before; no other is kept.
set -eu
umask 022

PYTHON=${PYTHON:-/usr/bin/python3}
DESTDIR=${DESTDIR:+$(realpath -ms "$DESTDIR")}
PURGE=${PURGE:-}
service=crypto-assistant
opt=/opt/$service
etc=/etc/$service
state=/var/lib/$service
unit=/etc/systemd/system/$service.service
root=$DESTDIR$opt

building= # removed at the end, unless it came into use
turning=  # towards what is being changed; turned back, unless that was finished
aside=    # what the names of the databases that made way for older ones end with

main() {
    [ -n "$DESTDIR" ] || [ "$(id -u)" = 0 ] || fail "This needs root: sudo make $1"
    cd "$(dirname "$0")/.."
    mkdir -p "$root"
    exec 9<"$root"
    flock -n 9 || fail "Something else is changing $root at the moment"
    current=$(readlink "$root/current" || true)
    previous=$(readlink "$root/previous" || true)
    trap turn_back EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 141' PIPE
    trap 'exit 143' TERM
    "do_$1"
}

do_install() {
    build
    try
    change_to "$building"
    building=
    prune
    say_what_next
}

do_upgrade() {
    [ -n "$current" ] || fail 'Nothing is installed yet: sudo make install'
    do_install
}

do_rollback() {
    [ -n "$previous" ] && [ "$previous" != "$current" ] && [ -d "$root/$previous" ] ||
        fail 'No version before this one is kept'
    change_to "$previous"
    echo "$service is $current again; sudo make rollback returns to $previous."
    ! managed || [ -n "$ran" ] || echo "It did not run: sudo systemctl start $service"
}

do_uninstall() {
    ! managed || [ ! -e "$unit" ] || systemctl --quiet disable --now "$service"
    each_file remove
    [ ! -d "$DESTDIR$unit.d" ] || find "$DESTDIR$unit.d" -lname "$opt/*" -delete
    rm -rf "$root"
    if [ "$PURGE" = 1 ]; then
        rm -rf "$DESTDIR$etc" "$DESTDIR$unit.d" "$DESTDIR$state" "$DESTDIR/var/lib/private/$service"
    else
        [ ! -d "$DESTDIR$unit.d" ] || rmdir --ignore-fail-on-non-empty "$DESTDIR$unit.d"
        echo "$service is removed; $etc and $state are kept: PURGE=1 removes them too."
    fi
    ! managed || systemctl daemon-reload
}

# Beside what runs, under a name that is free, in the place where it will stay.
build() {
    case $("$PYTHON" -c 'import sys; print(sys.base_prefix)') in
        /usr | /usr/*) ;;
        *) fail "The service runs no Python from outside /usr: PYTHON=/usr/bin/python3" ;;
    esac
    version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' crypto_assistant/__init__.py)
    building=$version
    n=1
    while [ -e "$root/$building" ]; do
        n=$((n + 1))
        building=$version-$n
    done
    new=$root/$building
    echo "Installing the locked dependencies into $new ..."
    "$PYTHON" -m venv "$new"
    pip --require-hashes --only-binary=:all: -r requirements.lock
    pip --no-deps --no-build-isolation .
    cp -r deploy "$new/deploy"

    # The scripts and the byte code name the place without DESTDIR.
    [ -z "$DESTDIR" ] || grep -rlIF --null "$new" "$new/bin" "$new/pyvenv.cfg" |
        xargs -0r sed -i "s|$new|$opt/$building|g"
    "$new/bin/python" -Im compileall -qf -j 0 -s "$new" -p "$opt/$building" "$new/lib"
}

pip() { "$new/bin/python" -m pip --quiet --disable-pip-version-check install --no-compile "$@"; }

try() {
    (cd / && "$new/bin/python" -Im crypto_assistant --version >/dev/null) ||
        fail 'The new version does not run; nothing is changed'
    [ -z "$DESTDIR" ] && [ -n "$current" ] || return 0
    status=0
    with_settings "$new" check >/dev/null || status=$?
    [ "$status" != 78 ] || fail 'The new version refuses the settings; nothing is changed'
}

with_settings() {
    program=$1/bin/$service
    shift
    (cd / && CONFIGURATION_DIRECTORY=$etc STATE_DIRECTORY=$state "$program" "$@")
}

# What runs is stopped and started, so that the copy of its state is its last word; what does not
# run is not started.
change_to() {
    ran=
    ! runs || ran=yes
    turning=$1
    [ -z "$ran" ] || systemctl stop "$service"
    back_up
    put_in_place "$current" "$turning" "$current"
    make_way
    [ -z "$ran" ] || systemctl start "$service"
    previous=$current current=$turning turning=
}

# However this ends: what was not finished leaves no trace, and what ran runs.
turn_back() {
    status=$?
    set +e
    trap '' HUP INT PIPE TERM
    if [ -n "$turning" ]; then
        echo "$turning is not in use: turning back to ${current:-nothing}" >&2
        [ -z "$ran" ] || journalctl --unit="$service" --lines=5 --output=cat --no-pager >&2
        [ -z "$ran" ] || systemctl stop "$service"
        [ -z "$aside" ] || take_back
        put_in_place "$turning" "$current" "$previous"
        [ -z "$ran" ] || run_again
    fi
    [ -z "$building" ] || rm -rf "${root:?}/$building"
    exit "$status"
}

run_again() {
    systemctl restart "$service" && return
    # With settings that it took before, it refuses a database that the other has moved on.
    [ "$(systemctl show --value --property=ExecMainStatus "$service")" = 78 ] &&
        restore_all >&2 && systemctl restart "$service" && return
    echo "$current does not start any more either: journalctl -u $service" >&2
}

# As the version in use left it; removed with that version.
back_up() {
    [ -z "$DESTDIR" ] && [ -n "$current" ] || return 0
    copies=$root/$current/state
    rm -rf "$copies"
    [ -e "$state/live.db" ] || return 0
    install -d -m 0700 "$copies"
    with_settings "$root/$turning" backup "$copies"
}

# A version that comes back refuses a database that the one in use has moved on: it gets its own.
make_way() {
    for copy in "$root/$turning/state"/*.db; do
        name=${copy##*/}
        last=$(echo "$root/$current/state/${name%-*}"-*.db)
        if [ -e "$copy" ] && [ -e "$last" ] && [ "$(schema "$last")" -gt "$(schema "$copy")" ]; then
            restore "$copy"
        fi
    done
}

restore_all() {
    for copy in "$root/$current/state"/*.db; do
        restore "$copy" || return
    done
}

# SQLite's user_version: https://www.sqlite.org/fileformat2.html#user_version_number
schema() { od -An -tu4 --endian=big -j60 -N4 "$1"; }

# The service's user may have put anything where its database was: nothing is written through it.
# The log goes first: it would be applied to the copy.
restore() {
    aside=${aside:-newer-$(date -u +%Y%m%dT%H%M%SZ)}
    database=$(place_of "$1")
    for suffix in -journal -wal -shm ''; do
        [ ! -e "$database$suffix" ] ||
            mv -fT "$database$suffix" "$database.$aside$suffix" || return
    done
    chown --reference="$state/." "$1" &&
        cp --preserve --remove-destination "$1" "$database" || return
    time=${1##*-}
    echo "$database is that of ${time%.db} again; the newer one is kept as $database.$aside"
}

# place_of COPY: the database of which it is one.
place_of() {
    name=${1##*/}
    echo "$state/${name%-*}.db"
}

take_back() {
    for copy in "$root/$turning/state"/*.db; do
        database=$(place_of "$copy")
        [ ! -e "$database.$aside" ] ||
            rm -f "$database" "$database-journal" "$database-wal" "$database-shm"
        for suffix in '' -shm -wal -journal; do
            [ ! -e "$database.$aside$suffix" ] ||
                mv -fT "$database.$aside$suffix" "$database$suffix"
        done
    done
    aside=
    echo 'The newer database is in its place again' >&2
}

# put_in_place FROM TO BEFORE: the files of version TO, where those of FROM were.
put_in_place() {
    shipped=$root/$1/deploy ours=$root/$2/deploy
    point previous "$3"
    point current "$2"
    install -d "$DESTDIR$etc" "$DESTDIR$unit.d"
    install -d -m 0700 "$DESTDIR$etc/credentials"
    put crypto-assistant.conf "$etc/crypto-assistant.conf" 0644
    each_file put
    ! managed || systemctl daemon-reload
}

# A link is replaced by one rename, so that it exists at every moment.
point() {
    if [ -n "$2" ]; then
        ln -sfn "$2" "$root/.$1"
        mv -T "$root/.$1" "$root/$1"
    else
        rm -f "$root/$1"
    fi
}

each_file() {
    "$1" crypto-assistant.service "$unit" 0644
    "$1" crypto-assistant.sh "/usr/local/bin/$service" 0755
    for file in bash-completion/completions/$service fish/vendor_completions.d/$service.fish \
        man/man1/$service.1 zsh/site-functions/_$service; do
        "$1" "../share/$file" "/usr/local/share/$file" 0644
    done
    [ "$(systemd_version)" -lt 254 ] || "$1" growing-pauses.conf "$unit.d/growing-pauses.conf" 0644
}

# An edited file stays; where ours has changed since, it is put beside.
put() {
    there=$DESTDIR$2
    if [ ! -e "$ours/$1" ] || cmp -s "$ours/$1" "$there"; then
        return
    elif [ ! -e "$there" ] || is_shipped "$1"; then
        install -D -m "$3" "$ours/$1" "$there.new"
        mv "$there.new" "$there"
    elif ! cmp -s "$shipped/$1" "$ours/$1"; then
        install -D -m "$3" "$ours/$1" "$there.new"
        echo "$2 is kept as you edited it; ours is $2.new"
    fi
}

# What is there came with a version that is kept: whichever it is, after an upgrade that was killed.
is_shipped() {
    for copy in "$root"/*/deploy/"$1"; do
        ! cmp -s "$copy" "$there" || return 0
    done
    return 1
}

remove() {
    there=$DESTDIR$2
    rm -f "$there.new"
    if [ "$PURGE" = 1 ] || is_shipped "$1"; then
        rm -f "$there"
    elif [ -e "$there" ]; then
        echo "$2 is kept as you edited it"
    fi
}

prune() {
    for kept in "$root"/*; do
        case ${kept##*/} in
            current | previous | "$current" | "$previous") ;;
            *) rm -rf "$kept" ;;
        esac
    done
}

managed() { [ -z "$DESTDIR" ] && [ -d /run/systemd/system ]; }

runs() {
    managed || return 1
    case $(systemctl is-active "$service") in
        active | activating | reloading) ;;
        *) return 1 ;;
    esac
}

systemd_version() {
    { systemd-analyze --version || echo systemd 0; } 2>/dev/null | sed -n '1s/^systemd \([0-9]*\).*/\1/p'
}

say_what_next() {
    if [ -n "$ran" ]; then
        echo "$service $current runs; sudo make rollback returns to $previous."
        return
    fi
    echo "$service $current is installed. What remains:"
    [ -e "$DESTDIR$etc/credentials/TELEGRAM_BOT_TOKEN" ] || cat <<END
  - write the bot's token into $etc/credentials/TELEGRAM_BOT_TOKEN; the exchanges' keys
    belong beside it, one file each ($etc/crypto-assistant.conf names them)
  - sudo $service pair, and put the line that it prints into $etc/crypto-assistant.conf
END
    if [ -n "$DESTDIR" ] || managed; then
        say_resolvers
        echo "  - sudo systemctl enable --now $service"
    else
        echo "  - there is no systemd here: sudo $service run starts it"
    fi
}

# The unit lets nobody in a private network be asked, hence not these either.
say_resolvers() {
    private='10\.|172\.(1[6-9]|2[0-9]|3[01])\.|192\.168\.|169\.254\.|100\.(6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])\.|f[cd]|fe80'
    resolvers=$(sed -nE "s/^nameserver +(($private)[^ %]*).*/\1/ip" /etc/resolv.conf 2>/dev/null | xargs)
    [ -z "$resolvers" ] || [ -n "$DESTDIR" ] || cat <<END
  - let the service ask this host's resolvers: sudo systemctl edit $service, with the lines
    [Service] and IPAddressAllow=$resolvers
END
}

fail() {
    echo "$*" >&2
    exit 1
}

main "${1:-install}"
