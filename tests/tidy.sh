#!/bin/sh
# clang-tidy and cppcheck over the sources: sh tests/run tidy
set -u
cd "$(dirname "$0")/.." || exit 1
. app/setup.sh
need clang-tidy cppcheck -- -- clang-tidy cppcheck || exit 1
[ -f build-tests/clang/build.ninja ] ||
    CC=clang meson setup build-tests/clang -Db_sanitize=address,undefined -Db_lundef=false >/dev/null
ninja -C build-tests/clang >/dev/null || exit 1
passed=0 failed=0
for source in $(git ls-files 'app/*.c' 'engine/*.c'); do
    if clang-tidy -quiet -p build-tests/clang "$source" 2>/dev/null; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
done
if cppcheck -q --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
    --suppress=missingIncludeSystem -Iengine -Iapp \
    -Ibuild-tests/clang/engine -Ibuild-tests/clang/app -Ibuild-tests/clang/shaders engine app; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
fi
echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
