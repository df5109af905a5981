#!/bin/sh
# Makes the environments of the rival systems ready: $VENV-rivals, $VENV-rivals-arq, one for each requirements/rivals*.lock.
# They stand apart from $VENV, because the rivals ask for versions that Wipsie and they themselves do not share.
set -eu
cd "$(dirname "$0")/.."

base=${VENV:-.venv}
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore

for lock in requirements/rivals*.lock; do
    kind=$(basename "$lock" .lock)
    venv=$base-$kind
    [ "$venv/.ready" -nt "$lock" ] && [ -x "$venv/bin/python" ] && continue
    echo "Making $venv from $lock"
    # The interpreter below $VENV is the one everything else is measured with.
    "$base/bin/python" -m venv --clear "$venv"
    "$venv/bin/python" -m pip install --quiet --require-hashes --requirement "$lock"
    touch "$venv/.ready"
done
