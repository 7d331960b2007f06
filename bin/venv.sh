#!/bin/sh
# Makes .venv from a lock file (hashes, no addresses), finds a Chromium, or writes the lock files anew.
# usage: bin/venv.sh requirements.lock | requirements-dev.lock | browser | lock
set -eu
say() { printf '%s\n' "$*" >&2; }
fail() { say "Vigie can't start: $*"; exit 1; }

find_python() {
    for name in "${PYTHON:-python3}" python3.13 python3.12 python3.11; do
        if command -v "$name" >/dev/null 2>&1 &&
            "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    fail "no Python 3.11 or newer was found: install one, or name it: make run PYTHON=/path/to/python3"
}

make_venv() {
    python=$(find_python)
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
        fail "Python's venv module is missing: install it (on Debian: apt-get install python3-venv)"
    "$python" -m venv "$1" || fail "a virtual environment can't be made in $(pwd): is it writable, and is there space?"
}

install() {
    [ -f "$1" ] || fail "$1 is missing"
    stamp=".venv/$1.installed"
    wanted="$(cksum <"$1") $(uname -sm)"
    if [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
        return
    fi
    [ -w . ] || fail "$(pwd) is not writable"
    .venv/bin/python -c 'import pip' 2>/dev/null || make_venv .venv
    say "Installing the packages of $1 into .venv; this happens once ..."
    # Every package is in the file with its hashes, so nothing else may come along.
    .venv/bin/python -m pip install -qq --disable-pip-version-check --no-input --no-deps --require-hashes \
        --only-binary :all: -r "$1" ||
        fail "the packages of $1 could not be installed: is there a network, and space on the disk?"
    printf '%s' "$wanted" >"$stamp"
}

browser() {
    [ -n "${CHROMIUM:-}" ] && [ -x "$CHROMIUM" ] && return
    command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 && return
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        say "Installing Debian's chromium for the browser tests ..."
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium >/dev/null &&
            return
    fi
    say "The browser tests need Chromium. Type: sudo apt-get install chromium"
    say "or name one you have: make test CHROMIUM=/path/to/chromium"
    exit 1
}

lock() {
    tools=$(mktemp -d)
    trap 'rm -rf "$tools"' EXIT
    make_venv "$tools"
    "$tools/bin/python" -m pip install --quiet --disable-pip-version-check 'pip-tools~=7.5'
    compile() {
        "$tools/bin/python" -m piptools compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header \
            --no-annotate --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options \
            --pip-args '--only-binary :all:' "$@" pyproject.toml
    }
    compile --upgrade --output-file requirements.lock
    compile --extra dev --constraint requirements.lock --output-file requirements-dev.lock
}

case "$1" in
browser) browser ;;
lock) lock ;;
*) install "$1" ;;
esac
