#!/usr/bin/env bash
# Every target with its options and its seeds, into $OUT. OSS-Fuzz and ClusterFuzzLite call this in their image; `./ci.sh
# fuzz_service` calls it without one, and runs what it built.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# In the image this file is a copy beside the tree.
if [ -d close-notify ]; then cd close-notify; else cd "$(git rev-parse --show-toplevel)"; fi

options=()
if [ "${SANITIZER:-address}" = address ]; then options+=(--asan); fi
cargo fz build "$OUT" "${options[@]}"

for corpus in fuzz/corpus/*/; do
    name=$(basename "$corpus")
    rm -f "$OUT/${name}_seed_corpus.zip"
    zip -jqr "$OUT/${name}_seed_corpus.zip" "$corpus"
done
