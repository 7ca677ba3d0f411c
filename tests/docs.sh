#!/bin/sh
# docs/reference is what the program prints. TAP.
#   sh tests/docs.sh PROGRAM TOP            compares
#   sh tests/docs.sh PROGRAM TOP --update   rewrites
set -u
program=$1 top=$2 update=${3-}
count=0 bad=0
[ -z "$update" ] || mkdir -p "$top/docs/reference"
fresh=$(mktemp) || exit 1
trap 'rm -f "$fresh"' EXIT
for page in words methods quantizers formats scan views actions man; do
    count=$((count + 1))
    kept=docs/reference/$page.md
    [ "$page" = man ] && kept=docs/eigenscope.1.scd
    "$program" docs "$page" >"$fresh" || { echo "Bail out! docs $page failed"; exit 1; }
    [ -n "$update" ] && cp "$fresh" "$top/$kept"
    if cmp -s "$fresh" "$top/$kept"; then
        echo "ok $count - $kept"
    else
        bad=1
        echo "not ok $count - $kept is not what \`eigenscope docs $page\` prints"
        diff "$top/$kept" "$fresh" | head -5 | sed 's/^/# /'
    fi
done
echo "1..$count"
exit "$bad"
