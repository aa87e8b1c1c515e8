# shellcheck shell=bash
# Sourced by ./demo and ./check: a private Python environment with this package in it.
#
#   prepare_environment FOLDER EXTRAS
#
# installs the package, editable, into the virtual environment FOLDER of the repository with the
# extras named ("" for none, "dev", "dev,peers"), and sets `python` to its interpreter. It returns
# at once when that was done before and neither pyproject.toml nor the place of the repository has
# changed since. The Python to start from is $PYTHON, else python3.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
base_python=${PYTHON:-python3}

say() { printf 'thalweg: %s\n' "$*" >&2; }

fail() {
    say "$*"
    exit 1
}

# Runs a command without input; what it printed is shown only if it failed.
quietly() {
    local output
    output=$("$@" 2>&1 </dev/null) || {
        printf '%s\n' "$output" >&2
        fail "the command '$*' failed"
    }
}

require_python() {
    command -v "$base_python" >/dev/null ||
        fail "Python 3.11 or newer is needed and '$base_python' was not found; install it, or set PYTHON to its path."
    local version
    version=$("$base_python" -c 'import platform; print(platform.python_version())')
    "$base_python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "Python 3.11 or newer is needed and '$base_python' is $version; set PYTHON to the path of a newer one."
}

# Debian keeps what puts pip into a new environment in a package of its own.
require_venv() {
    if "$base_python" -c 'import ensurepip, venv' 2>/dev/null; then return; fi
    command -v apt-get >/dev/null ||
        fail "'$base_python' lacks the modules venv and ensurepip; install them (often a package named python3-venv)."
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null ||
            fail "the Debian package python3-venv is needed; run 'apt-get install python3-venv' as root."
        as_root=(sudo)
    fi
    say "installing the Debian package python3-venv, since '$base_python' has no ensurepip"
    quietly "${as_root[@]}" apt-get update
    quietly "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install --yes --no-install-recommends python3-venv
    "$base_python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "'$base_python' lacks ensurepip although python3-venv is installed; set PYTHON to /usr/bin/python3."
}

prepare_environment() {
    local folder=$root/$1 extras=$2 state
    # The editable install points at the repository: one that was moved is installed again.
    state="$root $(cksum <"$root/pyproject.toml")"
    # A stamp names the extras and holds the state. It is there only while the environment is
    # whole. The pattern lets an environment with more extras serve where fewer are asked for.
    local stamp=$folder/thalweg-installed-
    python=$folder/bin/python

    if ! "$python" -I -c 'import pip' 2>/dev/null || ! compgen -G "$stamp*" >/dev/null; then
        require_python
        require_venv
        say "making the Python environment $1"
        rm -rf "$folder"
        quietly "$base_python" -m venv "$folder"
    elif grep -qsxF -- "$state" "$stamp$extras"*; then
        return
    fi
    say "installing the package into $1; the first time, this takes a minute or two"
    rm -f "$stamp"*
    quietly "$python" -m pip install --quiet --disable-pip-version-check \
        --editable "$root${extras:+[$extras]}"
    printf '%s\n' "$state" >"$stamp$extras"
}
