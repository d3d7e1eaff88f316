#!/bin/sh
# Runs each target for FUZZ_SECONDS (20), or those that are named, and prints how many inputs it tried.
#
# It begins with the inputs of fuzz/corpus/ and of earlier runs (.build-fuzz/corpus/). An input that stops a target is
# kept in .build-fuzz/found/ and ends the run with status 1: make a Swift test of it.
set -u
cd "$(dirname "$0")/.."
seconds=${FUZZ_SECONDS:-20}
[ $# -gt 0 ] || set -- $(ls fuzz/corpus)
failed=0
for target in "$@"; do
    mkdir -p .build-fuzz/found ".build-fuzz/corpus/$target"
    log=.build-fuzz/$target.log
    # A stopped process must leave at once, without the backtracer; leaks are not looked for, Swift keeps its metadata.
    FUZZ_TARGET=$target SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0 .build-fuzz/fuzz \
        -max_total_time="$seconds" -max_len=16384 -timeout=5 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix=".build-fuzz/found/$target-" ".build-fuzz/corpus/$target" "fuzz/corpus/$target" \
        > "$log" 2>&1
    status=$?
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    if [ $status -eq 0 ]; then
        printf '%-10s %10s executions in %s s\n' "$target" "$executions" "$seconds"
    else
        failed=1
        printf '%-10s stopped, see %s:\n' "$target" "$log"
        grep -E 'Fatal error|ERROR: |SUMMARY|Test unit written' "$log" | head -5
    fi
done
exit $failed
