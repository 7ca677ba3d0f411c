#!/bin/sh
# Writes the screens shown in docs/ and README: sh tests/run captures
set -eu
program=$1
cd "$(dirname "$0")/.."
mkdir -p docs/captures
for size in 80x24 120x40; do
    "$program" frame demo:photo --size $size --color none -x 'set rank=24' >docs/captures/image-$size.txt
    "$program" frame demo:photo --size $size --color 24bit -x 'set rank=24' |
        python3 tests/captures.py >docs/captures/image-$size.svg
done
compare='k 8; keep-a; method lplr; set rank=40 left-bits=4 right-bits=4; keep-b; wipe'
"$program" frame demo:photo --size 120x40 --color none -x "$compare" >docs/captures/wipe-120x40.txt
"$program" frame demo:photo --size 120x40 --color 24bit -x "$compare" |
    python3 tests/captures.py >docs/captures/wipe-120x40.svg
rows='method lplr; compare 1'
"$program" frame demo:photo --view compare --size 120x40 --color none -x "$rows" >docs/captures/compare-120x40.txt
"$program" frame demo:photo --view compare --size 120x40 --color 24bit -x "$rows" |
    python3 tests/captures.py >docs/captures/compare-120x40.svg
ls -l docs/captures
