#!/bin/sh
# make demo: the tour. Every family on points of the plane and on digits that the code draws itself, each for a few
# seconds, and the pages that compare them.
#
#     sh tests/setup/demo.sh BIN
#
# The runs replace those of the last demo.
bin=${1:-bin}

compare() {
    out=$1
    shift
    echo
    echo "$bin/compare --out $out $*"
    "$bin/compare" --out "$out" --force "$@" </dev/null || exit 1
}

# picture PATH TEXT: a line for a picture that is there
picture() {
    [ ! -f "$1" ] || printf '  %-44s %s\n' "$1" "$2"
}

compare runs/demo-plane --track plane --data moons --minutes 0.1 --eval-examples 300 --samples 500
compare runs/demo-digits --track digits-binary --quick

if [ ! -f runs/demo-digits/compare.html ]; then
    echo "error: the runs are in runs/demo-plane and runs/demo-digits, but no page was written" >&2
    exit 1
fi
echo
echo "Look at:"
picture runs/demo-digits/compare.html "every family on digits, after two seconds each: open it in a browser"
picture runs/demo-digits/figures/samples.png "what they draw by then: noise on its way to structure"
picture runs/demo-plane/compare.html "every family on two moons"
picture runs/demo-plane/figures/density.png "the densities they learned beside the true one"
picture runs/demo-plane/figures/samples.png "where their samples fall"
echo "Longer training makes structure: bin/vae train --data digits-binary, or any chapter's README."
