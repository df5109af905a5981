#!/bin/sh
# Makes ready what the tests run against: PostgreSQL, Redis, PgBouncer and ClamAV, and the programs openssl, Tesseract and Chromium.
# Does nothing when they are there.
#
# Only the programs are needed: the tests start servers of their own in temporary folders. No system service is left
# running, and none is used.
set -eu

# Debian keeps each release of PostgreSQL in a folder of its own, outside PATH; PgBouncer lies in /usr/sbin.
PATH=$PATH:/usr/sbin:/usr/local/bin
has_postgres() {
    command -v initdb >/dev/null 2>&1 && return
    for folder in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql@*/bin; do
        [ -x "$folder/initdb" ] && [ -x "$folder/psql" ] && return
    done
    return 1
}

missing=
has_postgres || missing="$missing postgresql"
command -v redis-server >/dev/null 2>&1 || missing="$missing redis-server"
command -v pgbouncer >/dev/null 2>&1 || missing="$missing pgbouncer"
# Makes the certificates of the servers that speak TLS.
command -v openssl >/dev/null 2>&1 || missing="$missing openssl"
# Programs that a few tests want, and are skipped without: readers of photos, a scanner, a browser.
programs=
has_languages() {
    languages=$(tesseract --list-langs 2>/dev/null) || return
    for language in deu eng hin por spa; do
        echo "$languages" | grep -qx "$language" || return
    done
}
has_languages ||
    programs="$programs tesseract-ocr tesseract-ocr-deu tesseract-ocr-hin tesseract-ocr-por tesseract-ocr-spa"
command -v clamd >/dev/null 2>&1 || programs="$programs clamav-daemon"
command -v chromium >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 || programs="$programs chromium"
[ -z "$missing$programs" ] && exit 0

fetch() {
    apt-get install -y -q --no-install-recommends "$@" >/dev/null 2>&1 ||
        { apt-get update -q && apt-get install -y -q --no-install-recommends "$@"; } >/dev/null 2>&1
}

# The packages would make a cluster of their own and start everything as services: both are forbidden meanwhile.
install() {
    export DEBIAN_FRONTEND=noninteractive
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        trap 'rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    clusters=/etc/postgresql-common/createcluster.conf
    case $missing in
    *postgresql*)
        fetch postgresql-common || return
        cp -p "$clusters" "$clusters.kept"
        echo 'create_main_cluster = false' >>"$clusters"
        ;;
    esac
    installed=0
    # shellcheck disable=SC2086  # several words on purpose
    [ -z "$missing" ] || fetch $missing || installed=1
    # One by one: what cannot be had is not in the way of the others.
    for program in $programs; do
        fetch "$program" || echo "Without $program a few tests are skipped: it could not be installed." >&2
    done
    [ ! -e "$clusters.kept" ] || mv "$clusters.kept" "$clusters"
    return $installed
}

if [ -w /var/lib/dpkg ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing$missing$programs: tests run against what is really there."
    install && exit 0
    problem="they could not be installed"
else
    problem="they are not installed"
fi
echo "Tests that need$missing$programs will be skipped: $problem. Debian, Ubuntu: sudo apt-get install$missing$programs" \
    "(macOS: brew install postgresql redis pgbouncer openssl tesseract tesseract-lang clamav, and Chrome)." >&2
# In CI a missing server is a failure; the tests say so too.
[ -n "$missing" ] || exit 0
case ${CI:-} in '' | 0 | false) exit 0 ;; *) exit 1 ;; esac
