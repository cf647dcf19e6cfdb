#!/bin/sh
# Boots Debian's systemd in a container without a network, and runs inside.py in it:
#   boot.sh PYTHON    whose pip fetches the wheels, since the container cannot
# SUITE is Debian's: bookworm (systemd 252) unless set, or trixie (257).
set -eu
umask 022
python=$1
source=$(realpath "$(dirname "$0")/../..")

if ! [ "$(id -u)" = 0 ] || ! command -v mmdebstrap systemd-nspawn >/dev/null; then
    echo 'A booted systemd needs root, and: apt install mmdebstrap systemd-container' >&2
    exit 1
fi

work=$(mktemp -d /var/tmp/booted.XXXXXX)
root=$work/root
groups=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
group=$groups/booted.$$
trap 'rm -rf "$work"; find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true' EXIT
trap 'exit 130' INT TERM

timeout 300 mmdebstrap --quiet --variant=minbase \
    --include=systemd,systemd-sysv,iproute2,make,python3-venv,python3-pytest \
    "${SUITE:-bookworm}" "$root"
timeout 300 "$python" -m pip --quiet --disable-pip-version-check download --dest="$root/wheels" \
    --python-version="$(chroot "$root" python3 -c 'import platform; print(platform.python_version())')" \
    --only-binary=:all: --require-hashes -r "$source/requirements.lock"

# However the probe ends, systemd ends with its status, and with it the container.
cat >"$root/etc/systemd/system/probe.service" <<'END'
[Unit]
SuccessAction=exit
FailureAction=exit
[Service]
Type=oneshot
TimeoutStartSec=600
Environment=PIP_NO_INDEX=yes PIP_FIND_LINKS=/wheels PYTHONDONTWRITEBYTECODE=yes
ExecStart=/usr/bin/python3 -m pytest -vx -c /dev/null --rootdir=/source --noconftest \
    -p no:cacheprovider /source/tests/systemd/inside.py
StandardOutput=append:/probe.log
StandardError=append:/probe.log
END
mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
ln -s ../probe.service "$root/etc/systemd/system/multi-user.target.wants/probe.service"

# systemd-nspawn takes one tree of control groups for granted; without BPF, IPAddressDeny does nothing.
mkdir "$group"
status=0
sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group" \
    timeout --kill-after=10 660 unshare --mount --propagation=private sh -c '
        umount --lazy --recursive /sys/fs/cgroup
        mount -t cgroup2 none /sys/fs/cgroup
        exec "$0" "$@"' \
    systemd-nspawn --quiet --directory="$root" --bind-ro="$source:/source" --boot --console=pipe \
    --register=no --keep-unit --private-network --system-call-filter=bpf \
    --capability=CAP_BPF,CAP_PERFMON,CAP_NET_ADMIN </dev/null >"$work/console.log" 2>&1 || status=$?
cat "$root/probe.log" || cat "$work/console.log"
exit "$status"
