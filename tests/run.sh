#!/bin/sh
# Runs the test programs given as arguments, one process a suite, and prints each suite's counts and the sum.
# Exit status 1 when any fails, crashes or when nothing ran. Full output of a failing suite is shown.
# UNDER is a command that the programs run under, as "valgrind -q".

# Two threads, so that there is something to share; a thread that waits sleeps soon, so that a busy machine
# costs little.
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-2}" GOMP_SPINCOUNT="${GOMP_SPINCOUNT:-1000}" KMP_BLOCKTIME="${KMP_BLOCKTIME:-0}"
passed=0 failed=0
log=$(mktemp)
for program in "$@"; do
    start=$(date +%s)
    # shellcheck disable=SC2086
    $UNDER "$program" </dev/null >"$log" 2>&1
    status=$?
    ! grep -q 'are definitely lost in loss record' "$log" || status=1 # of valgrind
    line=$(grep '^suite .*: [0-9]* tests, [0-9]* failed' "$log" | tail -n 1)
    if [ -z "$line" ]; then
        cat "$log"
        echo "suite $program: ended with status $status before its counts"
        failed=$((failed + 1))
        continue
    fi
    run=$(echo "$line" | sed 's/^suite [^:]*: \([0-9]*\) tests.*/\1/')
    bad=$(echo "$line" | sed 's/.* tests, \([0-9]*\) failed.*/\1/')
    if [ "$status" -ne 0 ]; then
        cat "$log"
        [ "$bad" -eq 0 ] && bad=1
    fi
    echo "$line, $(($(date +%s) - start)) s"
    failed=$((failed + bad))
    passed=$((passed + run - bad))
done
rm -f "$log"
echo
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
