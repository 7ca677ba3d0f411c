#!/bin/sh
# Adds a quantizer, a method, a format, a view and an action to a copy of the sources, each
# by one file (and one word in a list), and asks the program for them: sh tests/run rooms
set -u
cd "$(dirname "$0")/.." || exit 1
copy=$(mktemp -d) || exit 1
trap 'rm -rf "$copy"' EXIT
git ls-files -z | xargs -0 cp --parents -t "$copy" && cd "$copy" || exit 1

# member FAMILY SIBLING COPY: engine/quantizers uniform mine, with the struct and its name changed
member() {
    family=$(basename "${1%s}")
    sed "s/const struct $family ${family}_$2\b/const struct $family ${family}_$3/; s/\.name = \"[a-z-]*\"/.name = \"$3\"/" \
        "$1/$2.c" >"$1/$3.c"
}
member engine/quantizers uniform mine
member engine/methods truncated_svd mine
member engine/formats npy mine
member app/views image mine
sed -i 's/"\.npy"/".mine"/' engine/formats/mine.c
sed -i -E "s/^(methods|quantizers|formats) = \[/&'mine', /" engine/meson.build
sed -i -E "s/^(views = \[.*)\]/\1, 'mine']/" app/meson.build
sed -i 's/^const struct action common_actions\[\] = {/&\n    { "mine", "K", "Values", "smallest value, my way", NULL, minimum },/' app/actions.c

passed=0 failed=0
check() {
    if "$@" >"$copy/log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "failed: $*"
        tail -n 5 "$copy/log"
    fi
}
says() {
    text=$1
    shift
    "$@" | grep -q "$text"
}
check meson setup build
check ninja -C build app/eigenscope
program=build/app/eigenscope
check $program run naive demo:phantom256 --bits 2 --quantizer mine
check $program run mine demo:phantom256 --rank 20 -o out.mine
check test -s out.mine
check says '\[2 ' $program frame demo:phantom256 --view mine --size 80x24 --color none
check says 'k=1 ' $program frame demo:phantom256 --size 80x24 --color none -x mine
check says 'smallest value, my way' $program docs actions
check says '| mine' $program docs quantizers
echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
