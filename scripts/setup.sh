#!/bin/sh
# Makes $VENV ready: setup.sh runtime | dev | bench. Does nothing when it is ready already.
set -eu
cd "$(dirname "$0")/.."

kind=$1
lock=requirements/$kind.lock
venv=${VENV:-.venv}
stamp=$venv/.ready-$kind

version_of() { "$1" -c 'import sys; print(*sys.version_info[:2], sep=".")' 2>/dev/null; }

# A virtual environment can be there and useless: half made, made by another Python than the one asked for, or older
# than the Python it points to.
venv_fits() {
    have=$(version_of "$venv/bin/python") || return 1
    case $have in 3.?|3.10) return 1 ;; esac
    [ -z "${PYTHON:-}" ] || [ "$(version_of "$PYTHON")" = "$have" ] || return 1
}

# Debian and its children ship Python without what `python -m venv` needs.
need_venv_module() {
    "$1" -c 'import ensurepip, venv' >/dev/null 2>&1 && return
    packages="python$(version_of "$1")-venv python3-venv"
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        for package in $packages; do
            echo "Installing $package: this Python cannot make virtual environments without it."
            { apt-get install -y -q "$package" || { apt-get update -q && apt-get install -y -q "$package"; }; } \
                >/dev/null 2>&1 || continue
            "$1" -c 'import ensurepip, venv' >/dev/null 2>&1 && return
        done
    fi
    echo "This Python ($1) cannot make virtual environments: its modules venv and ensurepip are missing." >&2
    echo "On Debian or Ubuntu run: sudo apt-get install ${packages%% *}" >&2
    echo "or name another Python: make PYTHON=/path/to/python3.12 …" >&2
    exit 1
}

if venv_fits; then
    [ "$stamp" -nt "$lock" ] && [ "$stamp" -nt pyproject.toml ] && exit 0
else
    python=$(scripts/choose_python.sh)
    need_venv_module "$python"
    echo "Making $venv with $("$python" --version)"
    "$python" -m venv --clear "$venv"
fi
"$venv/bin/python" -m pip --version >/dev/null 2>&1 || "$venv/bin/python" -m ensurepip --upgrade >/dev/null

echo "Installing what $lock names into $venv"
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore
"$venv/bin/python" -m pip install --quiet --require-hashes --requirement "$lock"
"$venv/bin/python" -m pip install --quiet --no-deps --no-build-isolation --editable .

# The other two locks hold everything the runtime needs, in the same versions.
touch "$venv/.ready-runtime" "$stamp"
