#!/bin/sh
# What the laboratory needs from the machine: looks for each thing by using it, and installs what is missing
# with apt-get (Debian, Ubuntu; as root or through sudo) or prints the names of its packages.
#
#     sh tests/setup/deps.sh        CC and ONEDNN as for make; silent when everything is there
#
# Exit status 1 when something required is missing at the end; what is only useful is named and done without.

CC=${CC:-gcc}
case $CC in
*clang*) compiler_packages='clang libc6-dev|clang|clang|llvm' openmp_packages='libomp-dev|libomp-devel|openmp|libomp' ;;
*) compiler_packages='gcc libc6-dev|gcc|gcc|gcc' openmp_packages='gcc|gcc|gcc|gcc' ;;
esac

# builds HEADER FLAGS: whether a program that includes the header compiles and links
builds() {
    # shellcheck disable=SC2086
    printf '#include <stdio.h>\n#include <%s>\nint main(void) { return 0; }\n' "$1" |
        $CC -x c - -o /dev/null $2 >/dev/null 2>&1
}

command_found() {
    command -v "$1" >/dev/null 2>&1
}

font_found() {
    [ -n "$(find /usr/share/fonts /usr/local/share/fonts /Library/Fonts -iname 'dejavusans.ttf' 2>/dev/null)" ]
}

# need NEED 'WHAT' 'DEBIAN|FEDORA|ARCH|HOMEBREW' CHECK...: notes what is missing; NEED is required or useful
need() {
    kind=$1 what=$2 packages=$3
    shift 3
    "$@" && return
    debian="$debian $(echo "$packages" | cut -d '|' -f 1)"
    fedora="$fedora $(echo "$packages" | cut -d '|' -f 2)"
    arch="$arch $(echo "$packages" | cut -d '|' -f 3)"
    homebrew="$homebrew $(echo "$packages" | cut -d '|' -f 4)"
    if [ "$kind" = required ]; then
        required="$required${required:+, }$what"
    else
        useful="$useful${useful:+, }$what"
    fi
}

look() {
    debian='' fedora='' arch='' homebrew='' required='' useful=''
    need required "a C compiler ($CC)" "$compiler_packages" builds stdlib.h ''
    need required make 'make|make|make|make' command_found make
    need required GSL 'libgsl-dev|gsl-devel|gsl|gsl' builds gsl/gsl_rng.h '-lgsl -lgslcblas -lm'
    need required cJSON 'libcjson-dev|cjson-devel|cjson|cjson' builds cjson/cJSON.h -lcjson
    need required libpng 'libpng-dev|libpng-devel|libpng|libpng' builds png.h -lpng
    need required zlib 'zlib1g-dev|zlib-devel|zlib|zlib' builds zlib.h -lz
    need required 'CUnit (for the tests)' 'libcunit1-dev|CUnit-devel|cunit|cunit' builds CUnit/Basic.h -lcunit
    need useful 'OpenMP (else one thread)' "$openmp_packages" builds omp.h -fopenmp
    need useful 'OpenBLAS (else GSL'\''s slower CBLAS)' \
        'libopenblas-dev|openblas-devel|openblas|openblas' builds cblas.h -lopenblas
    [ "$ONEDNN" = no ] || need useful 'oneDNN (else slower matrix products)' \
        'libdnnl-dev|onednn-devel|onednn|onednn' builds dnnl.h -ldnnl
    need useful 'gnuplot (else scripts without pictures)' 'gnuplot-nox|gnuplot|gnuplot|gnuplot' command_found gnuplot
    need useful 'DejaVu fonts (for the pictures)' \
        'fonts-dejavu-core|dejavu-sans-fonts|ttf-dejavu|font-dejavu' font_found
    need useful 'curl (for make data)' 'curl ca-certificates|curl|curl|curl' command_found curl
}

# Newer releases call oneDNN's package libonednn-dev. Drops a useful package that the archive does not have.
known_to_apt() {
    for package in $debian; do
        if apt-cache show "$package" 2>/dev/null | grep -q '^Package:'; then
            echo "$package"
        elif [ "$package" = libdnnl-dev ]; then
            apt-cache show libonednn-dev 2>/dev/null | grep -q '^Package:' && echo libonednn-dev
        else
            echo "$package" # apt-get will say that it does not exist
        fi
    done
}

# One line for the reader, the whole story only when it goes wrong.
quietly() {
    log=$(mktemp)
    DEBIAN_FRONTEND=noninteractive $as_root "$@" </dev/null >"$log" 2>&1
    status=$?
    [ $status -eq 0 ] || cat "$log"
    rm -f "$log"
    return $status
}

install_with_apt() {
    if [ "$(id -u)" -eq 0 ]; then
        as_root='env DEBIAN_FRONTEND=noninteractive'
    elif command_found sudo && { sudo -n true 2>/dev/null || { [ -t 0 ] && [ -z "$CI" ] && sudo -v; }; }; then
        as_root='sudo env DEBIAN_FRONTEND=noninteractive'
    else
        return 1
    fi
    [ -z "$required" ] && [ -z "$(known_to_apt)" ] && apt-cache show make >/dev/null 2>&1 && return
    echo "installing:$debian"
    quietly apt-get update || return 1
    # shellcheck disable=SC2046
    set -- $(known_to_apt)
    [ $# -eq 0 ] || quietly apt-get install -y --no-install-recommends "$@"
}

say_what_is_missing() {
    [ -z "$required" ] || echo "missing: $required"
    [ -z "$useful" ] || echo "done without: $useful"
    if command_found apt-get; then
        case $debian in
        *libdnnl-dev*) newer=' (libdnnl-dev is libonednn-dev in newer releases)' ;;
        *) newer= ;;
        esac
        echo "install with: apt-get install --no-install-recommends$debian$newer"
        return
    fi
    echo "packages on Debian, Ubuntu:$debian"
    echo "            Fedora:$fedora"
    echo "            Arch Linux:$arch"
    echo "            Homebrew:$homebrew"
}

look
[ -n "$debian" ] || exit 0
if command_found apt-get; then
    install_with_apt && look
fi
[ -n "$debian" ] || exit 0
say_what_is_missing >&2
[ -z "$required" ]
