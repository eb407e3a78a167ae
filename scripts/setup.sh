# Sourced by run and test: makes .venv if it is missing and installs the locked versions.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
python="${PYTHON:-python3}"
lock=scripts/requirements.lock
if [ ! -x .venv/bin/python ]; then
    command -v "$python" >/dev/null || { echo "no $python: install Python 3.11 or newer" >&2; exit 2; }
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
        echo "$("$python" --version) is too old: set PYTHON to Python 3.11 or newer" >&2; exit 2; }
    "$python" -c 'import venv, ensurepip' 2>/dev/null || {
        echo "this Python has no venv; mend it with: sudo apt-get install -y python3-venv" >&2; exit 2; }
    "$python" -m venv .venv
fi
stamp=".venv/installed-$(cat "$lock" pyproject.toml | cksum | cut -d' ' -f1)"
if [ ! -e "$stamp" ]; then
    echo "installing the locked versions into .venv (once) …" >&2
    pip=".venv/bin/python -m pip --quiet --disable-pip-version-check"
    $pip install --require-hashes -r "$lock"
    $pip install --no-deps --no-build-isolation -e .
    rm -f .venv/installed-*
    touch "$stamp"
fi
