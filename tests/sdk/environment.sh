# What the suites in Python run with; sourced by their `run`, at the top of the repository.

target=${CARGO_TARGET_DIR:-target}
venv=$target/sdk-venv

# The binary under test: PORTCULLIS_BIN, or the debug build.
need_binary() {
    PORTCULLIS_BIN=$(realpath -m "${PORTCULLIS_BIN:-$target/debug/portcullis}")
    export PORTCULLIS_BIN PYTHONDONTWRITEBYTECODE=1
    if [ ! -x "$PORTCULLIS_BIN" ]; then
        echo "$PORTCULLIS_BIN is not there: run \`cargo build\` first, or set PORTCULLIS_BIN" >&2
        return 2
    fi
}

# The environment belongs to one set of requirements and one Python.
prepare_venv() {
    local key
    key=$({ cat tests/sdk/requirements.txt tests/sdk/constraints.txt; python3 --version; } | sha256sum)
    [ "$(cat "$venv/key" 2>/dev/null)" = "$key" ] && return
    need python3-venv python3 -c 'import ensurepip'
    echo "   installing the SDKs into $venv"
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check \
        --requirement tests/sdk/requirements.txt --constraint tests/sdk/constraints.txt
    echo "$key" >"$venv/key"
}

# need PACKAGE COMMAND...: the command works, or the Debian package that brings it is installed.
need() {
    local package=$1
    shift
    "$@" >/dev/null 2>&1 && return
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "$package is missing: install it, on Debian with \`sudo apt-get install $package\`" >&2
        return 2
    fi
    echo "   installing $package"
    apt-get -qq update && apt-get -qq -o DPkg::Lock::Timeout=300 install -y "$package" >/dev/null
}

# run_suite DIRECTORY ARGUMENT...: its style, then its tests. Arguments go to pytest.
run_suite() {
    local suite=$1
    shift
    "$venv/bin/ruff" check --no-cache --quiet "$suite"
    "$venv/bin/ruff" format --no-cache --quiet --check "$suite"
    # Every wait in the suites is bounded; this is for what they did not think of.
    timeout 600 "$venv/bin/python" -m pytest "$suite" "$@"
}
