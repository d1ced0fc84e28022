#!/bin/sh
# make demo: two small variational autoencoders on digits that the code draws itself, and where their pictures are.
#
#     sh tests/setup/demo.sh BIN
#
# The first has a latent of twelve numbers, enough for good samples, the second one of two, so that all of it fits
# into a picture. Both replace the runs of the last demo.
bin=${1:-bin}

train() {
    out=$1
    shift
    echo
    echo "$bin/vae train --out $out $*"
    "$bin/vae" train --out "$out" --force "$@" </dev/null || exit 1
}

# picture PATH TEXT: a line for a picture that is there
picture() {
    [ ! -f "$1" ] || printf '  %-44s %s\n' "$1" "$2"
}

train runs/demo --data digits-binary --latent 12 --steps 8000
train runs/demo-plane --data digits-binary --latent 2 --steps 4000

if [ ! -f runs/demo/figures/samples.png ]; then
    echo "error: the runs are in runs/demo and runs/demo-plane, but no picture was drawn" >&2
    exit 1
fi
echo
echo "Look at:"
picture runs/demo/figures/samples.png "digits drawn from noise"
picture runs/demo/figures/reconstructions.png "test digits, and damaged ones, through the latent and back"
picture runs/demo/figures/interpolations.png "from one digit to another"
picture runs/demo/figures/sliders.png "one latent number at a time"
picture runs/demo-plane/figures/manifold.png "all of a latent of two numbers"
picture runs/demo-plane/figures/latent.png "where the test digits lie in it"
