#!/bin/sh
# Builds .build-fuzz/fuzz, all targets in one program: FUZZ_TARGET names the one that runs. `build.sh check` only checks
# that they fit what they test.
#
# SwiftPM cannot link with the fuzzer's runtime, so the compiler is called directly. Only our own code is instrumented;
# what it depends on is taken from the release build, which must be there.
set -eu
cd "$(dirname "$0")/.."
release=.build/release
out=.build-fuzz
# The release build asks for libraries that only the static standard library has. The rest must be linked dynamically:
# with -static-stdlib the sanitizer's malloc is hidden from C libraries, and their memory cannot be freed by us.
static=$(swiftc -print-target-info | sed -n 's|.*"runtimeResourcePath": "\(.*\)".*|\1_static/linux|p')
# Before the release build's, which has a Core, too.
core=$out
[ "${1:-}" != check ] || core=$out/check
flags="-swift-version 6 -O -g -wmo -parse-as-library -package-name fuzz -enable-testing -sanitize=fuzzer,address
    -I $core -I $release/Modules -I Sources/CMarkGFM -I Sources/CLinux -I Sources/CLoop -I Sources/CSQLite
    -enable-upcoming-feature NonisolatedNonsendingByDefault
    -Xcc -fmodule-map-file=$release/CCurl.build/module.modulemap"
targets="fuzz/*.swift fuzz/Targets/*.swift Sources/FCGIApp/FastCGI/FCGIParameters.swift
    Sources/FCGIApp/FastCGI/FCGIRecords.swift
    Sources/FCGIApp/FastCGI/IncomingRequest.swift Sources/FCGIApp/FastCGI/TransportRefusal.swift"

[ -d $release/Modules ] || { echo 'There is no release build: run `make build` first.' >&2; exit 1; }
mkdir -p $core

if [ "${1:-}" = check ]; then
    # shellcheck disable=SC2046,SC2086
    swiftc $flags -module-name Core -emit-module -emit-module-path $core/Core.swiftmodule \
        $(find Sources/Core -name '*.swift' | sort)
    # shellcheck disable=SC2086
    swiftc $flags -module-name Fuzz -typecheck $targets
    exit
fi

if [ ! -e $out/Core.o ] || [ -n "$(find Package.swift Sources/Core -newer $out/Core.o)" ]; then
    echo 'Compiling Core with the sanitizers'
    # shellcheck disable=SC2086
    swiftc $flags -module-name Core -emit-module -emit-module-path $out/Core.swiftmodule -c -o $out/Core.o \
        $(find Sources/Core -name '*.swift' | sort)
fi
echo 'Compiling and linking the targets'
# shellcheck disable=SC2046,SC2086
swiftc $flags -use-ld=lld -module-name Fuzz -emit-executable -o $out/fuzz \
    -emit-module-path $out/Fuzz.swiftmodule $targets $out/Core.o \
    $(for module in HTTPTypes Logging Crypto CryptoBoringWrapper CCryptoBoringSSL CCryptoBoringSSLShims CXKCP \
        CXKCPShims CCurl; do find $release/$module.build/ -name '*.o'; done) -lcurl -lsqlite3 -lcmark-gfm -lcmark-gfm-extensions \
    -L "$static" -Xlinker --export-dynamic
