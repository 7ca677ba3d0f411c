#!/bin/sh
# compile.sh GLSLC SPIRV_VAL DEPFILE SOURCE OUTPUT [-DNAME=VALUE ...]: GLSL to SPIR-V, checked, as the
# numbers of a C array. Contraction is forbidden where the sources say `precise`.
set -eu
glslc=$1 val=$2 depfile=$3 source=$4 output=$5
shift 5
"$glslc" --target-env=vulkan1.2 -Werror -O -I "$(dirname "$source")" "$@" -MD -MF "$depfile" -MT "$output" \
    -o "$output.spv" "$source"
"$val" --target-env vulkan1.2 "$output.spv"
"$glslc" --target-env=vulkan1.2 -Werror -O -I "$(dirname "$source")" "$@" -mfmt=num -o "$output" "$source"
