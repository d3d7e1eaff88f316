#!/bin/bash
# Checks the layering that the compiler cannot see: which folders may use which library or system call.
set -euo pipefail
cd "$(dirname "$0")/.."
failed=0

# refuse PATTERN REASON ALLOWED...: PATTERN may occur in Sources only in the paths ALLOWED (regular expressions).
refuse() {
    local pattern=$1 reason=$2 found
    shift 2
    found=$(grep -rnE --include='*.swift' -- "$pattern" Sources || true)
    # What a comment says is not a use.
    found=$(grep -vE '^[^:]*:[0-9]+:[[:space:]]*//' <<<"$found" || true)
    for allowed in "$@"; do found=$(grep -vE "^$allowed" <<<"$found" || true); done
    if [[ -n $found ]]; then
        printf 'layers: %s\n%s\n' "$reason" "$found" >&2
        failed=1
    fi
}

refuse '^[a-z ]*import (struct |class |func )?Foundation($|\.)' 'Foundation is not linked; use Glibc or FoundationEssentials'
refuse 'import CCurl' 'only Upstream/HTTP sees libcurl' 'Sources/Core/Upstream/HTTP/'
refuse 'import CMarkGFM' 'only HTTP/Rendering sees cmark' 'Sources/Core/HTTP/Rendering/'
refuse '\bFCGX_' 'only FastCGI sees libfcgi' 'Sources/FCGIApp/FastCGI/'
refuse 'import CLinux' 'only the store sees it' 'Sources/Core/Store/'
refuse 'import CSQLite' 'only the ledger sees SQLite' 'Sources/Core/Store/Files/Usage/'
refuse 'import CLoop' 'only the loop sees epoll' 'Sources/Core/Support/EventLoop.swift'
refuse 'import CFCGI' 'only the process sees the C shim' 'Sources/FCGIApp/'
refuse '\b(flock|rename|renameat2?|fsync|fdatasync)\(|F_OFD_' 'only the store locks, renames and syncs files' \
    'Sources/Core/Store/'
refuse 'import ArgumentParser' 'only the process knows its command line' 'Sources/FCGIApp/'
refuse '\bFCGI' 'the prefix FCGI belongs to the process' 'Sources/FCGIApp/'

# The arrows between the folders of Core.
scripts/layers.py || failed=1

((failed)) || echo 'layers: clean'
exit "$failed"
