#!/usr/bin/env bash
# Installs Octo for you, shows it, or tests it. See SETUP.md.
set -euo pipefail

PI_PACKAGE='@earendil-works/pi-coding-agent'
PI_VERSION='0.87.1'
NODE_NEEDED='22.19.0'
PROGRAMS=(hstry octo octoctl octod octo-files octo-model octo-runner octo-shim octo-tui)
TEST_TOOLS=(tmux strace faketime python3 vim vttest)

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
share=${XDG_DATA_HOME:-$HOME/.local/share}
bin=$HOME/.local/bin
harnesses=$share/octo/harnesses
target=${CARGO_TARGET_DIR:-$root/target}
pi_root=$harnesses/pi/node_modules/$PI_PACKAGE
node_own=$harnesses/node/node_modules/.bin/node

say() { printf '%s\n' "setup: $*"; }
die() {
    printf 'error: %s\n' "$1" >&2
    [[ $# -lt 2 ]] || printf 'hint: %s\n' "$2" >&2
    exit 1
}
usage() {
    cat <<'TEXT'
usage: ./setup.sh              build Octo and install it for you
       ./setup.sh demo [ARGS]  build Octo and show it with a scripted model, without installing it
       ./setup.sh test         install what the tests need and run all of them
TEXT
}

# have_node PROGRAM: whether it is Node, and new enough for Pi.
have_node() {
    local version
    version=$("$1" --version 2>/dev/null) || return 1
    [[ $(printf '%s\n' "$NODE_NEEDED" "${version#v}" | sort -V | head -n 1) == "$NODE_NEEDED" ]]
}

# npm_install FOLDER PACKAGE: installs it there and nowhere else.
npm_install() {
    command -v npm >/dev/null || die 'npm is missing' 'install it: apt-get install npm, or https://nodejs.org'
    say "installing $2 into $1"
    (umask 077 && mkdir -p "$1")
    npm install --prefix "$1" --no-audit --no-fund --ignore-scripts=false --loglevel=error "$2" ||
        die "npm could not install $2" \
            "is there a network? run it again, or by hand: npm install --prefix '$1' '$2'"
}

install_pi() {
    if have_node node; then
        node=$(command -v node)
    else
        node=$node_own
        have_node "$node" || npm_install "$harnesses/node" node@22
        have_node "$node" || die "$node does not run, or is older than $NODE_NEEDED" \
            "put Node $NODE_NEEDED or newer into PATH: https://nodejs.org"
    fi
    if [[ $("$node" -p "require('$pi_root/package.json').version" 2>/dev/null) != "$PI_VERSION" ]]; then
        npm_install "$harnesses/pi" "$PI_PACKAGE@$PI_VERSION"
    fi
}

build() {
    command -v cargo >/dev/null || die 'cargo is missing' 'install Rust: https://rustup.rs'
    command -v git >/dev/null || die 'git is missing' 'install it: apt-get install git'
    say 'building (the first time takes a few minutes)'
    cargo build --manifest-path "$root/Cargo.toml" --release --workspace --locked ||
        die 'the build failed' 'without a network, run "cargo fetch --locked" here once while there is one'
}

install_all() {
    install_pi
    build
    mkdir -p "$bin" "$share/man/man1" "$share/bash-completion/completions" "$share/zsh/site-functions" \
        "$share/fish/vendor_completions.d"
    install -m 755 "${PROGRAMS[@]/#/$target/release/}" "$bin"
    install -m 644 "$root"/man/*.1 "$share/man/man1"
    local file name
    for file in "$root"/completions/*.bash; do
        name=$(basename "$file" .bash)
        install -m 644 "$file" "$share/bash-completion/completions/$name"
    done
    install -m 644 "$root"/completions/_* "$share/zsh/site-functions"
    install -m 644 "$root"/completions/*.fish "$share/fish/vendor_completions.d"
    say "installed into $bin"
    [[ :$PATH: == *:$bin:* ]] || say "add it to your PATH: export PATH=\"$bin:\$PATH\""
    say 'next: octo'
}

install_test_tools() {
    local missing=() tool
    for tool in "${TEST_TOOLS[@]}"; do
        command -v "$tool" >/dev/null || missing+=("$tool")
    done
    [[ ${#missing[@]} -gt 0 ]] || return 0
    local command="apt-get install -y ${missing[*]}"
    if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
        die "the tests need: ${missing[*]}" "install them, on Debian with: sudo $command"
    fi
    say "installing ${missing[*]}"
    apt-get update -qq || say 'apt-get update failed; trying with the lists that are there'
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" ||
        die "could not install: ${missing[*]}" "is there a network? by hand: $command"
}

run_tests() {
    install_test_tools
    install_pi
    export OCTO_TEST_PI_NODE=$node OCTO_TEST_PI_CLI=$pi_root/dist/cli.js
    cd "$root"
    cargo build --workspace --locked
    if command -v cargo-nextest >/dev/null; then
        cargo nextest run --workspace --locked --no-fail-fast
    else
        cargo test --workspace --locked --no-fail-fast
    fi
}

case ${1-} in
'')
    install_all
    ;;
demo)
    shift
    install_pi
    build
    exec "$target/release/octo" demo "$@"
    ;;
test)
    [[ $# -eq 1 ]] || { usage >&2; exit 2; }
    run_tests
    ;;
-h | --help | help)
    usage
    ;;
*)
    usage >&2
    exit 2
    ;;
esac
