#!/bin/sh
# docs/reference is what the program prints. TAP.
#   sh tests/docs.sh PROGRAM TOP            compares
#   sh tests/docs.sh PROGRAM TOP --update   rewrites
set -u
program=$1 reference=$2/docs/reference update=${3-}
count=0 bad=0
mkdir -p "$reference"
fresh=$(mktemp) || exit 1
trap 'rm -f "$fresh"' EXIT
for page in words methods quantizers formats views actions; do
    count=$((count + 1))
    "$program" docs "$page" >"$fresh" || { echo "Bail out! docs $page failed"; exit 1; }
    [ -n "$update" ] && cp "$fresh" "$reference/$page.md"
    if cmp -s "$fresh" "$reference/$page.md"; then
        echo "ok $count - docs/reference/$page.md"
    else
        bad=1
        echo "not ok $count - docs/reference/$page.md is not what \`eigenscope docs $page\` prints"
        diff "$reference/$page.md" "$fresh" | head -5 | sed 's/^/# /'
    fi
done
echo "1..$count"
exit "$bad"
