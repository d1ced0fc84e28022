#!/bin/sh
# Arrows between the rooms run one way: support <- tensor <- prob, nn <- data, metric, plot <- train <- chapters.
# A chapter may include a lower-numbered one. Reads every #include "..." below lib/ and chapters/.

# Input: FILE INCLUDED, a pair a line; output: a line for every wrong one.
script=$(mktemp)
trap 'rm -f "$script"' EXIT
cat >"$script" <<'AWK'
# The height of a room, chapters by number above all others; 0 when it is none.
function rank(room) {
    if (room ~ /^[0-9][0-9]-/)
        return 100 + substr(room, 1, 2)
    return height[room] + 0
}
BEGIN {
    height["support"] = 1; height["tensor"] = 2
    height["prob"] = height["nn"] = 3
    height["data"] = height["metric"] = height["plot"] = 4
    height["train"] = 5
}
{
    split($1, from, "/")
    split($2, to, "/")
    including = rank(from[2]); included = rank(to[1])
    if (!including || !included)
        print "    " $1 " includes " $2 ", and one of the two is in no room that is known"
    else if (included > including || (included == including && from[2] != to[1] && from[2] !~ /^(prob|nn)$/))
        print "    " $1 " includes " $2 ": the arrow runs the wrong way"
}
AWK

includes() {
    grep -o '^#include "[^"]*"' "$@" /dev/null | sed 's|:#include "| |; s|"$||'
}

wrong=$(includes lib/*/*.[ch] chapters/*/*.[ch] | awk -f "$script")
read=$(includes lib/*/*.[ch] chapters/*/*.[ch] | wc -l)
failed=0
if [ -n "$wrong" ] || [ "$read" -lt 100 ]; then
    echo "$wrong"
    failed=$((failed + 1))
fi

# The check itself, where the answers are known: two of these four are wrong.
found=$(printf '%s\n' 'lib/tensor/a.c train/loop.h' 'chapters/02-vae/a.c 03-flow/flow.h' \
    'chapters/03-flow/a.c 02-vae/vae.h' 'lib/nn/a.c tensor/tensor.h' | awk -f "$script" | wc -l)
[ "$found" -eq 2 ] || failed=$((failed + 1))

echo "suite setup/includes: 2 tests, $failed failed, $((read + 4)) assertions"
[ "$failed" -eq 0 ]
