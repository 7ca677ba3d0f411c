#!/bin/sh
# Writes the screens shown in docs/ and README: sh tests/run captures
# Those of a model's weights want stories260K.gguf in EIGENSCOPE_DATA; without it they stay as they are.
set -eu
program=$1
model=${EIGENSCOPE_DATA:-}/stories260K.gguf
cd "$(dirname "$0")/.."
mkdir -p docs/captures

# capture NAME SIZE FILE [frame's options]: as text and as a drawing.
capture() {
    name=$1 size=$2 file=$3
    shift 3
    "$program" frame "$file" --size "$size" --color none "$@" >"docs/captures/$name-$size.txt"
    "$program" frame "$file" --size "$size" --color 24bit "$@" |
        python3 tests/captures.py >"docs/captures/$name-$size.svg"
}

capture image 80x24 demo:photo -x 'set rank=24'
capture image 120x40 demo:photo -x 'set rank=24'
capture wipe 120x40 demo:photo \
    -x 'k 8; keep-a; method lplr; set rank=40 left-bits=4 right-bits=4; keep-b; wipe'
capture compare 120x40 demo:photo --view compare -x 'method lplr; compare 1'
capture privacy 120x40 demo:gaps -x 'privacy epsilon=0.2 rank=6; show theatre.page=spectrum'
if [ -f "$model" ]; then
    capture weights 120x40 "$model" --view weights -x 'j; j; j'
    capture groups 120x40 "$model" --view groups -x N
fi
ls -l docs/captures
