#!/usr/bin/env bash
# Every check of the project as a sub-command. `./ci.sh all` is what CI runs; each is the same by hand.
set -euo pipefail
cd "$(dirname "$0")"

usage() {
    cat <<'TEXT'
usage: ./ci.sh CHECK...

  all           lint, tests, fuzzing and proof, in this order: what CI runs
  lint          fmt, clippy, doc, no_std, features, package
  tests         test, openssl
  fuzzing       fuzz_replay, fuzz_reached, fuzz, fuzz_service
  proof         bench_smoke, check, deny

  fmt           the format, as rustfmt.toml has it, and comments within 100 columns
  clippy        lints of the workspace and all its targets, warnings denied
  doc           rustdoc of the workspace, warnings denied; an example on every public type
  no_std        the closing core builds against core alone, and depends on nothing
  features      the adapter builds with each of its features alone, as its users take them
  package       each published crate builds from its package, without the rest of the tree
  test          unit tests, behaviours, examples in docs
  openssl       our ends against OpenSSL's, which is built from source: about 3 minutes the first time, on two cores
                (skipped if perl, make or a C compiler is not installed)
  fuzz_replay   the committed corpus of every fuzz target
  fuzz_reached  every event in every state of the core that the model reaches, and each of its steps, has a file of a
                corpus that reaches it; no region of the source is missed that was run before
  fuzz [S]      every fuzz target for S seconds, 20 by default: no finding, and none slower than its floor; with the
                same seed each time, so that it reports a change more than luck (skipped if no C++ compiler is installed)
  fuzz_service  what ClusterFuzzLite and OSS-Fuzz build, built here into a folder, and run (skipped likewise)
  bench_smoke   every bench runs once
  check         close-notify check: every configuration of the model, every attack replayed
  deny          licences, sources and advisories (skipped if cargo-deny is not installed)

By their names alone:

  fuzz_peers        the fuzz targets with OpenSSL and the next rustls among those that are compared: about 5 minutes the
                    first time
  mutants           mutants of the closing core; the survivors must be those of impl/core/MUTANTS.md (about 20 min)
  msrv              the workspace builds with the oldest Rust that it promises (skipped if rustup does not have it)
  minimal_versions  the published crates build with the oldest versions that they ask of their dependencies
TEXT
}

lint=(fmt clippy doc no_std features package)
tests=(test openssl)
fuzzing=(fuzz_replay fuzz_reached fuzz fuzz_service)
proof=(bench_smoke check deny)
published=(close-notify-core close-notify-framing close-notify-linger close-notify)

check_fmt() {
    cargo fmt --all --check
    # Tables stay as wide as they are.
    local wide
    wide=$(LC_ALL=C.UTF-8 grep -rnP --include='*.rs' '^(?=.{101})\s*//(?![/!]? *\|)' benches cli fuzz impl model || true)
    if [ -n "$wide" ]; then
        printf 'comments over 100 columns:\n%s\n' "$wide" >&2
        return 1
    fi
}

check_clippy() { cargo clippy --workspace --all-targets -- -D warnings; }
check_test() { cargo test --workspace; }

check_doc() {
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps
    local bare
    # Comments, attributes and the item stand together: an empty line ends what belongs to it. Nobody but tests sees the
    # references of framing.
    bare=$(find impl/*/src -name '*.rs' -not -path '*/reference/*' -exec awk '
        FNR == 1 || /^ *$/ { shown = 0 }
        /^ *\/\/\/ ```/ { shown = 1 }
        /^(    )?pub (struct|enum|trait|union) / && !/Sealed/ { if (!shown) print FILENAME ": " $0; shown = 0 }
    ' {} +)
    if [ -n "$bare" ]; then
        printf 'public types without an example:\n%s\n' "$bare" >&2
        return 1
    fi
}
check_check() { cargo run --release -- check; }
check_bench_smoke() { cargo bench -p close-notify-benches -- --test; }

# Tests switch on more of our dependencies than our users do: what compiles there may not compile without them.
check_features() {
    local features
    for features in "" http ring serde metrics tokio tracing http,ring,serde,metrics,tokio,tracing; do
        cargo check -p close-notify --no-default-features --features "$features"
    done
}

# The packages build each other, as the registry would give them, and none reads a file outside of itself. In a folder of
# its own: cargo keeps the sources of a version, and would take those of an earlier run in the same place.
check_package() {
    local out
    out=$(mktemp -d)
    # shellcheck disable=SC2064  # the folder is known now, and is gone when the function returns
    trap "rm -rf '$out'" RETURN
    cargo package --quiet --allow-dirty --target-dir "$out" "${published[@]/#/--package=}"
}

check_openssl() {
    local tool
    for tool in perl make cc; do
        if ! command -v "$tool" >/dev/null; then
            skip "OpenSSL cannot be built without $tool"
            return 0
        fi
    done
    cargo clippy -p close-notify-interop --all-targets --features openssl -- -D warnings
    cargo test -p close-notify-interop --features openssl
}

check_fuzz_replay() {
    cargo test -p close-notify-fuzz -p close-notify-fz -p close-notify-reference -p insecure-test-crypto
}

check_fuzz_peers() {
    cargo clippy -p close-notify-fuzz --all-targets --features openssl,rustls-next -- -D warnings
    cargo test -p close-notify-fuzz --features openssl,rustls-next
}

check_fuzz_reached() {
    mkdir -p target
    cargo fz reached >target/reached.md || { tail -n 1 target/reached.md; return 1; }
    tail -n 1 target/reached.md
    cargo fz regions
}

fuzz_seconds=20
check_fuzz() {
    has_cpp || return 0
    cargo fz all "$fuzz_seconds" --seed 1
}

check_fuzz_service() {
    has_cpp || return 0
    local out target
    for target in zip unzip; do
        command -v "$target" >/dev/null || { skip "seeds are packed with $target"; return 0; }
    done
    out=$(mktemp -d)
    # shellcheck disable=SC2064  # the folder is known now, and is gone when the function returns
    trap "rm -rf '$out'" RETURN
    OUT=$out SANITIZER=none .clusterfuzzlite/build.sh
    for target in "$out"/*.options; do
        target=${target%.options}
        unzip -q "${target}_seed_corpus.zip" -d "$target.seeds"
        "$target" -runs=0 -timeout=5 "$target.seeds" >"$target.log" 2>&1 || { tail "$target.log"; return 1; }
    done
    echo "what was built for a fuzzing service ran: $(cd "$out" && echo *.options | sed 's/\.options//g')"
}

has_cpp() {
    command -v c++ >/dev/null || { skip "libFuzzer cannot be built without a C++ compiler"; return 1; }
}

# Proof: rustc is given a sysroot that holds `core` and nothing else, so a use of std or alloc cannot compile.
check_no_std() {
    local host sysroot bare libs
    host=$(rustc -vV | sed -n 's/^host: //p')
    sysroot=$(rustc --print sysroot)
    bare=$(mktemp -d)
    # shellcheck disable=SC2064  # the folder is known now, and is gone when the function returns
    trap "rm -rf '$bare'" RETURN
    libs="lib/rustlib/$host/lib"
    mkdir -p "$bare/$libs"
    ln -s "$sysroot/$libs"/libcore-* "$sysroot/$libs"/libcompiler_builtins-* "$bare/$libs/"
    if echo '#![no_std] extern crate std;' |
        rustc --sysroot "$bare" --crate-type rlib -o "$bare/control.rlib" - 2>/dev/null; then
        echo "the control that uses std was built: the check proves nothing" >&2
        return 1
    fi
    rustc --sysroot "$bare" --edition 2024 --crate-type rlib --crate-name close_notify_core \
        -o "$bare/core.rlib" impl/core/src/lib.rs
    local dependencies
    dependencies=$(cargo tree -p close-notify-core -e normal,build --prefix none | tail -n +2)
    if [ -n "$dependencies" ]; then
        echo "the closing core has dependencies: $dependencies" >&2
        return 1
    fi
    echo "close-notify-core builds with core alone and depends on nothing"
}

check_deny() {
    if ! cargo deny --version >/dev/null 2>&1; then
        skip "cargo-deny is not installed (cargo install cargo-deny)"
        return 0
    fi
    cargo deny check
}

# The names of the survivors, without their place, must be the list of MUTANTS.md: none new, none stale.
check_mutants() {
    local out status=0
    out=$(mktemp -d)
    # A shorter walk and no backtraces: a mutant is built and judged in a few seconds.
    WALK_DEPTH=3 RUST_BACKTRACE=0 CARGO_PROFILE_TEST_DEBUG=0 CARGO_PROFILE_DEV_DEBUG=0 \
        cargo mutants -p close-notify-core --jobs 1 --output "$out" --timeout 60 -- --tests || status=$?
    if [ "$status" -ne 0 ] && [ "$status" -ne 2 ] && [ "$status" -ne 3 ]; then
        return "$status"
    fi
    diff <(sed -n 's/^- `\([^`]*\)`: .*/\1/p' impl/core/MUTANTS.md | sort -u) \
        <(sed -E 's/^([^:]+):[0-9]+:[0-9]+: /\1: /' "$out/mutants.out/missed.txt" | sort -u)
}

check_msrv() {
    local version
    version=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    if ! cargo "+$version" --version >/dev/null 2>&1; then
        skip "Rust $version is not installed (rustup toolchain install $version)"
        return 0
    fi
    cargo "+$version" check --workspace
}

# Which versions are the oldest is asked of cargo by a flag that is not stable; what is built is stable Rust.
check_minimal_versions() {
    local copy
    copy=$(mktemp -d)
    # shellcheck disable=SC2064  # the folder is known now, and is gone when the function returns
    trap "rm -rf '$copy'" RETURN
    git ls-files -z | tar --null --files-from=- --create --file=- | tar --extract --file=- --directory="$copy"
    cd "$copy"
    RUSTC_BOOTSTRAP=1 cargo update --quiet -Z direct-minimal-versions
    cargo check --all-features "${published[@]/#/--package=}"
}

# A check that cannot run here says why, and is counted.
skip() {
    echo "skipped: $*"
    echo "$check: $*" >>"$skipped"
}

run() {
    local check=$1 start=$SECONDS status
    printf '\n=== %s ===\n' "$check"
    # Not as a condition: there bash would go on after the first command that fails.
    set +e
    (set -e; "check_$check")
    status=$?
    set -e
    if [ "$status" -ne 0 ]; then
        printf '\nFAILED: %s (after %d s). Run it again with: ./ci.sh %s\n' "$check" $((SECONDS - start)) "$check" >&2
        exit 1
    fi
    printf '=== %s: %d s ===\n' "$check" $((SECONDS - start))
    took+=("$check $((SECONDS - start)) s")
}

[ $# -gt 0 ] || { usage >&2; exit 2; }
skipped=$(mktemp)
trap 'rm -f "$skipped"' EXIT
took=()
while [ $# -gt 0 ]; do
    name=$1
    shift
    case $name in
        fuzz)
            case ${1:-} in [0-9]*) fuzz_seconds=$1; shift ;; esac
            run fuzz
            ;;
        all) set -- lint tests fuzzing proof "$@" ;;
        lint | tests | fuzzing | proof) declare -n members=$name; set -- "${members[@]}" "$@" ;;
        -h | --help | help) usage ;;
        *) if declare -F "check_$name" >/dev/null; then run "$name"; else usage >&2; exit 2; fi ;;
    esac
done

if [ ${#took[@]} -gt 1 ]; then
    printf '\n%d checks in %d s: %s\n' ${#took[@]} $SECONDS "$(printf '%s, ' "${took[@]}" | sed 's/, $//')"
fi
printf '%d skipped\n' "$(wc -l <"$skipped")"
sed 's/^/  /' "$skipped"
