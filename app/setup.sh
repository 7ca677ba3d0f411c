# Sourced by app/run and tests/run: installs what is missing.
# need COMMANDS-OR-FILES -- LIBRARIES -- PACKAGES: when each command is found and pkg-config
# knows each library, nothing is asked of the package manager.

say() { printf '%s\n' "eigenscope: $*" >&2; }

have_all() {
    while [ "$1" != -- ]; do
        case $1 in
        /*) [ -e "$1" ] || return 1 ;;
        *) command -v "$1" >/dev/null 2>&1 || return 1 ;;
        esac
        shift
    done
    shift
    libraries=
    while [ "$1" != -- ]; do
        libraries="$libraries $1"
        shift
    done
    # shellcheck disable=SC2086
    [ -z "$libraries" ] || pkg-config --exists $libraries 2>/dev/null
}

need() {
    have_all "$@" && return 0
    while [ "$1" != -- ]; do shift; done
    shift
    while [ "$1" != -- ]; do shift; done
    shift
    if ! command -v apt-get >/dev/null 2>&1; then
        say "please install what Debian calls: $*"
        return 1
    fi
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null 2>&1; then
            say "please install, as root: apt-get install $*"
            return 1
        fi
        as_root=sudo
    fi
    say "installing $*"
    # A package list that is older than the archive makes the first try fail.
    export DEBIAN_FRONTEND=noninteractive
    $as_root apt-get install -y -q --no-install-recommends "$@" >&2 ||
        { $as_root apt-get update -q >&2 &&
            $as_root apt-get install -y -q --no-install-recommends "$@" >&2; } ||
        { say "the packages could not be installed: $*"; return 1; }
}

# Without what Vulkan is built with, the processor computes alone.
need_program() {
    need cc pkg-config meson ninja -- \
        openblas lapacke libpng jansson ncursesw libseccomp libjpeg zlib stb -- \
        gcc libc6-dev pkg-config meson ninja-build \
        libopenblas-dev liblapacke-dev libpng-dev libjansson-dev libncurses-dev \
        libseccomp-dev libjpeg62-turbo-dev zlib1g-dev libstb-dev || return 1
    need glslc spirv-val -- vulkan -- glslc spirv-tools libvulkan-dev ||
        say "going on without Vulkan"
}
