#!/bin/sh
# deps.sh on machines that are made up: every program that it calls comes from one folder, and nothing is installed.
# $here/missing holds the headers that the compiler does not find, $here/unknown the packages that apt lacks.
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
tests=0 failed=0 assertions=0

for tool in sh cat cut grep mktemp rm env; do
    ln -s "$(command -v $tool)" "$here/$tool"
done

program() {
    printf '#!/bin/sh\n%s\n' "$2" >"$here/$1"
    chmod +x "$here/$1"
}
program cc "! grep -q -F -f '$here/missing' -"
program apt-cache "grep -qx \"\$2\" '$here/unknown' || echo Package: \$2"
program find 'echo DejaVuSans.ttf'
for tool in make gnuplot curl; do
    program $tool ''
done

# machine UID 'MISSING HEADERS' 'UNKNOWN PACKAGES' [apt]: makes one; its apt-get notes its calls and installs all
machine() {
    tests=$((tests + 1))
    echo no-such-header >"$here/missing"
    for header in $2; do echo "<$header>" >>"$here/missing"; done
    for package in $3; do echo "$package"; done >"$here/unknown"
    : >"$here/calls"
    program id "echo $1"
    rm -f "$here/apt-get"
    [ "$4" != apt ] || program apt-get \
        "echo \"\$*\" >>'$here/calls'; [ \$1 = update ] || echo no-such-header >'$here/missing'"
    said=$(PATH=$here CC=cc ONEDNN='' CI=true "$here/sh" tests/setup/deps.sh 2>&1 </dev/null)
    status=$?
}

# expect TEXT WANTED GOT
expect() {
    assertions=$((assertions + 1))
    [ "$2" = "$3" ] && return
    printf '    test %d, %s: wanted\n%s\n    got\n%s\n' $tests "$1" "$2" "$3"
    wrong=1
}

has() {
    assertions=$((assertions + 1))
    case $said in *"$1"*) return ;; esac
    printf '    test %d: wanted "%s" in\n%s\n' $tests "$1" "$said"
    wrong=1
}

count() {
    failed=$((failed + ${wrong:-0}))
    wrong=0
}

# Everything is there.
machine 0 '' '' apt
expect status 0 $status
expect output '' "$said"
expect calls '' "$(cat "$here/calls")"
count

# Root, with two libraries missing.
machine 0 'gsl/gsl_rng.h dnnl.h' '' apt
expect status 0 $status
expect calls "update
install -y --no-install-recommends libgsl-dev libdnnl-dev" "$(cat "$here/calls")"
count

# A release with the newer name.
machine 0 'dnnl.h' libdnnl-dev apt
expect status 0 $status
expect calls "update
install -y --no-install-recommends libonednn-dev" "$(cat "$here/calls")"
count

# An archive without oneDNN: no network for nothing.
machine 0 'dnnl.h' 'libdnnl-dev
libonednn-dev' apt
expect status 0 $status
expect calls '' "$(cat "$here/calls")"
has 'done without: oneDNN'
count

# Neither root nor sudo.
machine 1000 'gsl/gsl_rng.h CUnit/Basic.h' '' apt
expect status 1 $status
expect calls '' "$(cat "$here/calls")"
has 'missing: GSL, CUnit (for the tests)'
has 'install with: apt-get install --no-install-recommends libgsl-dev libcunit1-dev'
count

# Another system, where only something useful is missing, then something required.
machine 1000 'cblas.h' ''
expect status 0 $status
has 'Fedora: openblas-devel'
count
machine 0 'png.h' ''
expect status 1 $status
has 'Homebrew: libpng'
count

echo "suite setup/deps: $tests tests, $failed failed, $assertions assertions"
[ "$failed" -eq 0 ]
