#!/bin/bash
# Installs the Debian packages that building, running and testing need; does nothing if all are there.
set -euo pipefail

packages=(
    libfcgi-dev libcurl4-openssl-dev libcmark-gfm-dev libcmark-gfm-extensions-dev libsqlite3-dev pkg-config
    nginx-light openssl curl ca-certificates python3-venv
    libjs-chart.js libjs-highlight.js libjs-katex fonts-stix node-qrcode-generator
    microsocks spawn-fcgi chromium fonts-dejavu-core
)

# More may be named, for what is not done every day.
packages+=("$@")

missing=()
for package in "${packages[@]}"; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [[ $status == installed ]] || missing+=("$package")
done

if ((${#missing[@]})); then
    as_root=()
    if ((EUID != 0)); then
        command -v sudo >/dev/null || {
            echo "setup: as root, run: apt-get install ${missing[*]}" >&2
            exit 1
        }
        as_root=(sudo)
    fi
    # Debian starts nginx on port 80 when it is installed. This program runs an nginx of its own, so that
    # one is not wanted here; the policy file is what dpkg asks before it starts anything.
    policy=/usr/sbin/policy-rc.d
    if [[ ! -e $policy ]]; then
        trap '"${as_root[@]}" rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
        "${as_root[@]}" chmod 755 "$policy"
    fi
    echo "setup: installing ${missing[*]}"
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

command -v swift >/dev/null || {
    echo 'setup: there is no swift on the PATH; install a Swift 6.3 toolchain from https://swift.org/install' >&2
    exit 1
}
