#!/bin/sh
# bundle.sh FILE.inc ...: the compiled shaders as C arrays, code_FILE each.
set -eu
for file; do
    name=${file##*/}
    printf 'static const uint32_t code_%s[] = {\n' "${name%.inc}"
    cat "$file"
    printf '};\n'
done
