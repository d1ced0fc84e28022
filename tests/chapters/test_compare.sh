#!/bin/sh
# bin/compare from the outside: what it writes, that it goes on where it was, that a family which fails leaves the
# rest alone, that its numbers are those of the family's own program, and what it says to bad input.
bin=${BIN:-bin}
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
tests=0 failed=0 assertions=0 wrong=0

# compare OPTIONS: one thread, small counts
compare() {
    said=$("$bin/compare" --threads 1 --quiet "$@" 2>&1 </dev/null)
    status=$?
}

count() {
    tests=$((tests + 1))
    failed=$((failed + wrong))
    wrong=0
}

# expect WHAT WANTED GOT
expect() {
    assertions=$((assertions + 1))
    [ "$2" = "$3" ] && return
    printf '    %s: wanted\n%s\n    got\n%s\n%s\n' "$1" "$2" "$3" "$said"
    wrong=1
}

# has TEXT PIECE: a piece of a text
has() {
    assertions=$((assertions + 1))
    case $1 in *"$2"*) return ;; esac
    printf '    wanted "%s" in\n%s\n' "$2" "$1"
    wrong=1
}

# refused STATUS PIECE: the last call failed so, in one line with that piece
refused() {
    expect status "$1" $status
    has "$said" "$2"
    expect 'lines of errors' 1 "$(echo "$said" | grep -c '^error: ')"
}

# A comparison with everything it writes.
out=$here/bars
compare --track bars --quick --families vae,boltzmann --samples 200 --out "$out"
expect status 0 $status
has "$said" 'sums to 1.000000 over all 512 states'
has "$said" 'training data'
for file in compare.txt compare.csv compare.json compare.tex compare.html; do
    expect "$file is there" yes "$([ -s "$out/$file" ] && echo yes)"
done
expect 'rows of the CSV' 'Gaussian,boltzmann,other real data,training data,vae,' \
    "$(sed -n '2,$s/^"\([^"]*\)".*/\1/p' "$out/compare.csv" | LC_ALL=C sort | tr '\n' ',')"
expect 'fetches of the page' '' "$(grep -Eo '(src|href)="[^"]{1,30}|<(script|link|iframe)' "$out/compare.html" | grep -v '^src="data:')"
expect 'pictures without a text' 0 "$(grep -o '<img [^>]\{0,20\}' "$out/compare.html" | grep -vc '^<img alt="[^"]')"
count

# The same command again trains nothing and says the same.
families() { grep -v '^"\(other real\|training\|Gaussian\)' "$1"; } # the baselines' seconds are measured anew
families "$out/compare.csv" >"$here/before.csv"
compare --track bars --quick --families vae,boltzmann --samples 200 --out "$out"
has "$said" 'there already'
families "$out/compare.csv" >"$here/after.csv"
expect 'the same table' yes "$(cmp -s "$here/before.csv" "$here/after.csv" && echo yes)"
compare --track bars --quick --families vae --samples 300 --out "$out"
refused 1 'another --samples'
count

# The family's own program writes the same likelihoods, to the last digit, and its training the same weights.
cp "$out/vae-1/eval.json" "$here/eval.json"
said=$("$bin/vae" eval --run "$out/vae-1" --examples 14 --importance 500 --amortisation 20 --samples 0 --threads 1 --quiet 2>&1)
expect 'the same eval.json' yes "$(cmp -s "$here/eval.json" "$out/vae-1/eval.json" && echo yes)"
steps=$(sed -n 's/.*"steps":[^0-9]*\([0-9]*\).*/\1/p' "$out/vae-1/row.json")
said=$("$bin/vae" train --data bars-3 --seed 1 --threads 1 --latent 2 --steps "$steps" --out "$here/again" --quiet 2>&1)
expect 'the same weights' yes "$(cmp -s "$here/again/weights.safetensors" "$out/vae-1/weights.safetensors" && echo yes)"
count

# A finished run is taken as it is; one of other data is refused by name.
compare --track bars --runs "$here/again" --samples 100 --eval-examples 14 --out "$here/taken"
expect status 0 $status
has "$said" 'vae'
expect 'families of the CSV' 1 "$(grep -c '^"\(vae\|flow\|ddpm\|gan\|transformer\|helmholtz\|boltzmann\)"' "$here/taken/compare.csv")"
compare --track plane --runs "$here/again" --out "$here/other"
refused 1 "the run in $here/again was trained on bars-3, this comparison is about moons"
compare --track bars --runs "$here/none" --out "$here/other"
refused 1 "'$here/none' holds no run"
rm "$here/again/weights.safetensors"
compare --track bars --runs "$here/again" --out "$here/other"
refused 1 'is not finished'
count

# A family that diverges has a row that says so; the rest go on. Without any numbers the status is 1.
compare --track bars --quick --families vae,boltzmann --with 'vae: --lr 1e6' --samples 100 --out "$here/diverged"
expect status 0 $status
has "$said" 'vae has no numbers: the loss became'
has "$(cat "$here/diverged/compare.csv")" '"the loss became'
expect 'the other one' 1 "$(grep -c '^"boltzmann",[0-9]' "$here/diverged/compare.csv")"
compare --track bars --quick --families vae --with 'vae: --lr 1e6' --samples 100 --out "$here/alone"
expect status 1 $status
count

# Interrupted in training, it says how to go on, and does.
said=$(timeout -s INT 4 "$bin/compare" --track bars --minutes 0.15 --families boltzmann --samples 100 --threads 1 --quiet \
    --out "$here/cut" 2>&1 </dev/null)
has "$said" 'go on with the same command: bin/compare --track bars'
compare --track bars --minutes 0.15 --families boltzmann --samples 100 --out "$here/cut"
expect status 0 $status
has "$(cat "$here/cut/boltzmann-1.log")" 'resumed'
count

# Bad input: one line.
compare --track bars --minutes 0 --out "$here/zero"
refused 2 '--minutes'
compare --track bars --minutes 1 --quick --out "$here/zero"
refused 2 'give one of them'
compare --track bars --quick --families vea --out "$here/zero"
refused 2 "did you mean 'vae'"
compare --track bars --data moons --quick --out "$here/zero"
refused 1 'bars-2, bars-3 and bars-4'
compare --track plane --data digits --quick --out "$here/zero"
refused 1 'points of two numbers'
compare --track bars --quick --samples 5 --out "$here/zero"
refused 2 '--samples'
compare --track bars --quick --with 'latent 5' --out "$here/zero"
refused 2 'a colon'
compare --track bars --quick --with 'vae: --latnt 5' --families vae --out "$here/typo"
refused 2 "--latent"
: >"$here/file"
compare --track bars --quick --out "$here/file/out"
refused 1 "$here/file"
expect 'nothing was made' no "$([ -e "$here/zero" ] && echo yes || echo no)"
count

echo "suite chapters/compare: $tests tests, $failed failed, $assertions assertions"
[ "$failed" -eq 0 ]
