# Sourced by demo, test and bench. `find_python` sets $python to a Python 3.11 or newer; `use_venv EXTRA` sets it to the
# Python of a virtual environment in which this checkout and that extra of it are installed, making it if need be.
# Quiet but for a line when something is installed; only then it needs the package index that pip is configured for.

set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)

say() { printf '%s\n' "$1" >&2; }

fail() {
    printf 'error: %s\n\nhint: %s\n' "$1" "$2" >&2
    exit 1
}

# Runs a command; shows what it printed only if it failed.
quietly() {
    if output=$("$@" 2>&1); then return 0; fi
    say "$output"
    return 1
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then set -- "$PYTHON"; else set -- python3 python3.13 python3.12 python3.11; fi
    for python; do
        if is_recent "$python" && "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then return 0; fi
    done
    fail "no Python 3.11 or newer with the modules ensurepip and venv was found (tried: $*)" \
        "install one (on Debian and Ubuntu with the package python3-venv), or set PYTHON to its path"
}

use_venv() {
    extra=$1
    wanted=$(echo "$root" | cat - "$root/pyproject.toml" | cksum)
    if ! use_active_venv; then use_own_venv; fi
    if is_installed; then return 0; fi
    say "installing into $venv"
    rm -f "$stamp"
    quietly "$python" -m pip install --quiet --disable-pip-version-check --no-input --editable "$root[$extra]" ||
        fail "the dependencies could not be installed" "is the package index reachable that pip is configured for?"
    echo "$wanted" >"$stamp"
}

# An active virtual environment is the user's: it is used where it will do, and never made anew.
use_active_venv() {
    if [ -z "${VIRTUAL_ENV:-}" ] || [ -n "${PYTHON:-}" ]; then return 1; fi
    look_at "$VIRTUAL_ENV"
    is_recent "$python" && { is_installed || has_pip; }
}

# The checkout's own: made anew where it does not run, was not finished, or is not of the Python that was asked for.
use_own_venv() {
    look_at "$root/.venv"
    if is_recent "$python" && is_asked_for && { is_installed || has_pip; }; then return 0; fi
    find_python
    if [ -e "$venv" ]; then say "making $venv anew: it is broken, or of another Python"; fi
    quietly "$python" -m venv --clear "$venv" ||
        fail "the virtual environment $venv could not be made" "is the disk full, or the directory not yours?"
    look_at "$venv"
}

look_at() {
    venv=$1
    python="$venv/bin/python"
    stamp="$venv/mops-installed-$extra"
}

is_recent() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
is_installed() { [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; }
has_pip() { "$python" -m pip --version >/dev/null 2>&1; }

is_asked_for() { [ -z "${PYTHON:-}" ] || [ "$(full_version "$PYTHON")" = "$(full_version "$python")" ]; }
full_version() { "$1" -c 'import sys; print(sys.version)' 2>/dev/null || :; }
