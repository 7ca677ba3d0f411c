#!/bin/sh
# Every fuzz target for SECONDS, from its corpus: sh tests/run fuzz SECONDS
set -u
seconds=$1
cd "$(dirname "$0")/../.." || exit 1
dir=build-tests/fuzz
[ -f $dir/build.ninja ] ||
    CC=clang meson setup $dir -Db_sanitize=address,undefined -Db_lundef=false \
        -Dc_args=-fsanitize=fuzzer-no-link >/dev/null || exit 1
ninja -C $dir fuzz >/dev/null || exit 1
found=$(mktemp -d) || exit 1
passed=0 failed=0
for target in "$dir"/tests/fuzz_*; do
    [ -x "$target" ] && [ -f "$target" ] || continue
    name=$(basename "$target")
    mkdir -p "$found/$name"
    # New inputs go to a folder of their own; only findings are kept.
    if "$target" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 -malloc_limit_mb=512 \
        -max_len=65536 -print_final_stats=0 -verbosity=0 -artifact_prefix="$found/$name-" \
        "$found/$name" tests/corpus/*/ 2>"$found/$name.log"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        tail -n 30 "$found/$name.log" >&2
        echo "eigenscope: $name found something: $found/$name-*" >&2
    fi
done
[ $failed -gt 0 ] || rm -rf "$found"
echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
