# Sourced by run and test: makes .venv if it is missing and installs the locked versions.
# Interrupted, it goes on where it stopped; started twice at once, the second waits for the first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
python="${PYTHON:-python3}"
lock=scripts/requirements.lock
stamp=".venv/installed-$(cat "$lock" pyproject.toml | cksum | cut -d' ' -f1)"

fail() {
    echo "$1" >&2
    exit 2
}

make_environment() {
    command -v "$python" >/dev/null ||
        fail "there is no $python; install it with: sudo apt-get install -y python3 python3-venv"
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "$("$python" --version) is too old: set PYTHON to the name of Python 3.11 or newer"
    version="$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
        fail "this Python has no venv; mend it with: sudo apt-get install -y python$version-venv"
    "$python" -m venv --clear .venv
}

install() {
    .venv/bin/python -m pip --version >/dev/null 2>&1 || make_environment
    echo "installing the locked versions into .venv (once) …" >&2
    pip=(.venv/bin/python -m pip --quiet --disable-pip-version-check install)
    "${pip[@]}" --require-hashes -r "$lock"
    "${pip[@]}" --no-deps --no-build-isolation -e .
    rm -f .venv/installed-*
    touch "$stamp"
}

# The lock is held through descriptor 9 and goes with this shell, however it ends.
if [ ! -e "$stamp" ]; then
    exec 9<"$lock"
    if command -v "$python" >/dev/null; then
        "$python" -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)'
    fi
    [ -e "$stamp" ] || install
    exec 9<&-
fi
