#!/bin/sh
# Prints a Python that can run Wipsie: $PYTHON when given, else the first fitting one on the PATH.
set -eu

fits() { command -v "$1" >/dev/null 2>&1 && "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

describe() {
    if command -v "$1" >/dev/null 2>&1; then "$1" --version 2>&1; else echo "no $1"; fi
}

if [ -n "${PYTHON:-}" ]; then
    fits "$PYTHON" && { echo "$PYTHON"; exit 0; }
    echo "PYTHON=$PYTHON does not fit: Wipsie needs Python 3.11 or newer, this is $(describe "$PYTHON")." >&2
    exit 1
fi
for candidate in python3 python3.14 python3.13 python3.12 python3.11 python; do
    fits "$candidate" && { echo "$candidate"; exit 0; }
done
echo "Wipsie needs Python 3.11 or newer; here is $(describe python3)." >&2
echo "Install one (Debian, Ubuntu: apt-get install python3 python3-venv), or name one: make PYTHON=/path/to/python3.12 …" >&2
exit 1
