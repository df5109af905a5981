#!/bin/sh
# Makes the package of one function: build.sh data_poller | task_processor. Leaves the folder build/lambda/NAME and, where it
# is small enough for Lambda, NAME.zip beside it. What is larger goes into a container image: deploy/lambda/Dockerfile.
#
#   TABLES=no                 task_processor without what works on tables: small, for all queues but task_processing
#   PYTHON=.venv/bin/python   has pip and hatchling; `make check` once makes one
#   PLATFORM=x86_64           or aarch64: build for Lambda and not for this machine, from wheels alone
#   RUNTIME=3.12              with PLATFORM: the Python of the function
set -eu
cd "$(dirname "$0")/../.."

name=${1:-}
case $name in
    data_poller) tables=no ;;
    task_processor) tables=${TABLES:-yes} ;;
    *) echo "Say which: build.sh data_poller | task_processor" >&2; exit 2 ;;
esac
python=${PYTHON:-.venv/bin/python}
python=$(cd "$(dirname "$python")" && pwd)/$(basename "$python")
"$python" -c 'import hatchling, pip' 2>/dev/null || {
    echo "$python has no pip or no hatchling; run make check once, or name another with PYTHON=…" >&2
    exit 2
}

out=build/lambda/$name
rm -rf "$out" "$out.zip"
mkdir -p "$out"
chosen=build/lambda/$name.lock

# The lock without what is left out. An entry is its line and the lines with hashes that follow.
awk -v tables="$tables" '
    FNR == NR { if ($1 !~ /^#/ && NF && (NF == 1 || tables == "no")) left_out[$1] = 1; next }
    /^[A-Za-z0-9]/ { entry = $1; sub(/[=\[].*/, "", entry); skip = entry in left_out }
    !skip { print }
' deploy/lambda/left_out.txt requirements/runtime.lock >"$chosen"

export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore
set -- --quiet --no-deps --no-compile --target "$out"
if [ -n "${PLATFORM:-}" ]; then
    # One package comes as sources alone, which hold nothing for a platform.
    foreign="--only-binary=:all: --no-binary=dkimpy --implementation cp --python-version ${RUNTIME:-3.12}"
    foreign="$foreign --platform manylinux_2_28_$PLATFORM --platform manylinux_2_17_$PLATFORM --platform manylinux2014_$PLATFORM"
else
    foreign=
fi
# shellcheck disable=SC2086
"$python" -m pip install "$@" $foreign --require-hashes --requirement "$chosen"
"$python" -m pip install "$@" --no-build-isolation .

cp "deploy/lambda/functions/$name.py" "$out/"
# Descriptions of some four hundred services of Amazon; three are spoken to.
find "$out/botocore/data" -mindepth 1 -maxdepth 1 -type d ! -name sqs ! -name s3 ! -name sts ! -name sso ! -name sso-oidc -exec rm -rf {} +
find "$out" -type d \( -name __pycache__ -o -name tests -o -name bin \) -prune -exec rm -rf {} +
# Servers and simulators for tests.
rm -rf "$out/wipsie/testing"

if [ -z "$foreign" ]; then
    # In an interpreter that has nothing but the package: it loads, and says what it takes.
    (cd "$out" && "$python" -I -S -c "
import sys
sys.path.insert(0, '.')
import $name
try:
    $name.handler({}, None)
except Exception as error:
    sys.exit(0 if type(error).__name__ == 'UnsupportedEvent' else f'The package does not work: {error!r}')
sys.exit('The package takes an event that nobody knows')
") 2>"$out.log" || { cat "$out.log" >&2; exit 1; }
fi

"$python" - "$out" "$out.zip" <<'PACK'
import pathlib
import sys
import zipfile

folder, target = map(pathlib.Path, sys.argv[1:])
files = sorted(path for path in folder.rglob("*") if path.is_file())
size = sum(path.stat().st_size for path in files)
with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
    for path in files:
        # The same bytes for the same files, whenever they were made.
        entry = zipfile.ZipInfo(str(path.relative_to(folder)), (2020, 1, 1, 0, 0, 0))
        entry.external_attr = 0o644 << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(entry, path.read_bytes())
unpacked = f"unpacked {size / 1e6:.0f} MB"
if size > 250 * 1024 * 1024:
    target.unlink()
    print(f"{folder}: {unpacked}, too much for a zip: make a container image of it, see deploy/lambda/Dockerfile")
else:
    print(f"{target}: {target.stat().st_size / 1e6:.0f} MB, {unpacked}")
PACK
