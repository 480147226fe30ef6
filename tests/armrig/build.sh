#!/usr/bin/env bash
# Makes, once, what up.sh needs: an arm64 Debian root, a wheelhouse of aarch64
# wheels and the ssh keys. All of it is cached in $ARMRIG_CACHE.
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$HERE/common.sh"

PACKAGES=ca-certificates,iproute2,less,libgomp1,mount,openssh-server,procps,psmisc
PACKAGES+=,python3,python3-pip,python3-venv,rsync,sudo,util-linux
PIP_PYTHON=$HERE/../../.venv/bin/python # the checkout's own, where there is one: a bare python3 may lack pip
[ -x "$PIP_PYTHON" ] || PIP_PYTHON=python3
WHEEL_NAMES="numpy onnxruntime openvino ai-edge-litert psutil pip setuptools wheel ${ARMRIG_WHEELS:-}"
# Those that a board gets without what they ask for (`alone` in bench/plan/runtimes.py), some of which has no wheel.
ALONE="ncnn==1.0.20261020 executorch==1.1.0" # which belongs to torch 2.10

tools() {   # command:package
    local t need=()
    for t in mmdebstrap:mmdebstrap qemu-aarch64-static:qemu-user-static arch-test:arch-test \
        ssh-keygen:openssh-client unshare:util-linux taskset:util-linux pgrep:procps; do
        command -v "${t%%:*}" >/dev/null || need+=("${t##*:}")
    done
    [ ${#need[@]} = 0 ] && return 0
    say "installing ${need[*]}"
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${need[@]}" >/dev/null
}

# The machine's own Debian sources and apt network settings, read now, kept nowhere here.
sources() {
    if [ -n "${ARMRIG_SOURCES:-}" ]; then cat "$ARMRIG_SOURCES"; return; fi
    # shellcheck disable=SC2016
    apt-get indextargets --format 'deb $(REPO_URI) $(CODENAME) $(COMPONENT)' \
        'Identifier: Packages' 'Origin: Debian' | grep -E " $1(-updates|-security)? " | sort -u || :
}

root() {
    local suite tmp=$ROOT.tmp stamp
    # shellcheck disable=SC1091
    suite=${ARMRIG_SUITE:-$(. /etc/os-release && echo "${VERSION_CODENAME:-}")}
    stamp="$suite $PACKAGES $(declare -f root | cksum)"
    [ "$(cat "$ROOT.stamp" 2>/dev/null)" != "$stamp" ] || { say "root: cached"; return 0; }
    sources "$suite" >"$CACHE/sources"
    [ -s "$CACHE/sources" ] || die "apt here has no Debian source for '$suite' (run apt-get update," \
        "or give ARMRIG_SUITE and a sources.list in ARMRIG_SOURCES)"
    apt-config dump | grep -E '^Acquire::(http|https)::.*"[^"]+";$' >"$CACHE/apt.conf" || :
    say "root: making Debian $suite arm64, some minutes"
    rm -rf --one-file-system "$tmp" "$ROOT.stamp"
    nice -n 10 mmdebstrap --quiet --variant=apt --architectures=arm64 --include="$PACKAGES" \
        --aptopt="$CACHE/apt.conf" "$suite" "$tmp" - <"$CACHE/sources" >"$CACHE/root.log" 2>&1 ||
        { tail -20 "$CACHE/root.log" >&2; die "mmdebstrap failed, see $CACHE/root.log"; }
    rm -f "$CACHE/apt.conf" "$CACHE/sources" "$tmp/etc/apt/apt.conf.d/99mmdebstrap" "$tmp/etc/apt/sources.list"
    chroot "$tmp" useradd -m -s /bin/bash -p '*' -G sudo pi
    echo 'pi ALL=(ALL) NOPASSWD: ALL' >"$tmp/etc/sudoers.d/010_pi-nopasswd"
    echo armrig >"$tmp/etc/hostname"
    echo '127.0.0.1 localhost armrig' >"$tmp/etc/hosts"
    echo "armrig: emulated by qemu-user, not a Raspberry Pi" >"$tmp/etc/armrig-release"
    # pip inside finds the wheelhouse by itself and never asks a network.
    mkdir -p "$tmp/opt/wheelhouse"
    printf '[global]\nno-index = true\nfind-links = /opt/wheelhouse\n' >"$tmp/etc/pip.conf"
    cat >"$tmp/usr/local/bin/vcgencmd" <<'VC'
#!/bin/sh
case "$1" in
measure_temp) echo "temp=45.0'C" ;;
get_throttled) echo "throttled=0x0" ;;
measure_clock) echo "frequency(48)=$(cat /sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq)000" ;;
*) echo 'error=1 error_msg="Command not registered"' ;;
esac
VC
    chmod 755 "$tmp/usr/local/bin/vcgencmd"
    rm -rf --one-file-system "$ROOT"
    mv "$tmp" "$ROOT"
    echo "$stamp" >"$ROOT.stamp"
}

# pip takes --platform for file names but reads dependency markers ("x86_64 needs
# CUDA") off the running machine: tell it the target's answers.
download() {
    nice -n 10 "${ARMRIG_PYTHON:-$PIP_PYTHON}" -c "import platform, runpy
platform.machine = lambda: 'aarch64'
platform.python_version = lambda: '$py.0'
platform.python_version_tuple = lambda: tuple('$py.0'.split('.'))
runpy.run_module('pip', run_name='__main__')" download -q --only-binary=:all: "${args[@]}" \
        -d "$WHEELS.tmp" "$@" >"$CACHE/wheels.log" 2>&1 ||
        { tail -20 "$CACHE/wheels.log" >&2; die "pip download failed"; }
}

wheels() {
    local py p args=() stamp
    py=$(basename "$(readlink -f "$ROOT/usr/bin/python3")")
    py=${py#python}
    for p in 2_35 2_34 2_31 2_28 2_27 2_26 2_24 2_17; do args+=(--platform "manylinux_${p}_aarch64"); done
    args+=(--platform manylinux2014_aarch64 --python-version "$py" --implementation cp)
    stamp="$py $WHEEL_NAMES $ALONE torch=$TORCH $(declare -f wheels download | cksum)"
    [ "$(cat "$WHEELS.stamp" 2>/dev/null)" != "$stamp" ] || { say "wheelhouse: cached"; return 0; }
    rm -rf "$WHEELS.tmp"
    # shellcheck disable=SC2086
    download $WHEEL_NAMES ${TORCH:+torch==$TORCH}
    # shellcheck disable=SC2086
    download --no-deps $ALONE
    rm -rf "$WHEELS"
    mv "$WHEELS.tmp" "$WHEELS"
    echo "$stamp" >"$WHEELS.stamp"
}

keys() {
    mkdir -p "$KEYS"
    chmod 700 "$KEYS"
    [ -e "$KEYS/id" ] || ssh-keygen -q -t ed25519 -N '' -C armrig -f "$KEYS/id"
    [ -e "$KEYS/host" ] || ssh-keygen -q -t ed25519 -N '' -C armrig-host -f "$KEYS/host"
}

# A build that was killed leaves its mounts, and a folder with mounts in it cannot be removed.
unmount_left() {
    awk -v root="$ROOT.tmp/" 'index($2, root) == 1 { print $2 }' /proc/mounts | sort -r | xargs -r umount --lazy
}

# A running rig has the root mounted: never replace it underneath.
! compgen -G "$CACHE/run-*/pids" >/dev/null || for RUN in "$CACHE"/run-*; do
    ! running >/dev/null || { say "a rig is up ($RUN): nothing built"; exit 0; }
done
tools
ensure_binfmt
unmount_left
root
wheels
keys
say "ready: root $(du -sh "$ROOT" | cut -f1), wheelhouse $(du -sh "$WHEELS" | cut -f1) in $CACHE"
