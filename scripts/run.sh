#!/bin/bash
# Runs the program, nginx and, where the settings name it, the embedded upstream, until Ctrl-C or until one of
# them ends. Everything it writes is in run/. The variables are those that `make help` shows.
set -euo pipefail
cd "$(dirname "$0")/.."

SETTINGS=${SETTINGS:-settings.json}
STATE=${STATE:-run/state}
WORKERS=${WORKERS:-2}
BINARY=${BINARY:-.build/release/chatgpt-api-server}
PORT=${PORT:-}
TLS=${TLS:-}
upstream_port=8099
root=$PWD
run=$root/run
certificate=$run/tls/certificate.pem
names=()
declare -A name_of=()

fail() {
    echo "run: $*" >&2
    exit 1
}

is_free() { ! (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null; }

# start NAME COMMAND...: in its own session, so that Ctrl-C reaches this script alone, which then ends the
# children in order. They are told to end if this script is killed, too.
start() {
    local name=$1
    shift
    : >"$run/log/$name.log"
    setsid setpriv --pdeathsig TERM "$@" >>"$run/log/$name.log" 2>&1 9>&- &
    name_of[$!]=$name
    names+=("$!")
}

# until_true NAME SECONDS COMMAND...: waits for COMMAND to succeed, not longer than NAME lives.
until_true() {
    local name=$1 end=$((SECONDS + $2)) child=${names[-1]}
    shift 2
    until "$@" >/dev/null 2>&1; do
        kill -0 "$child" 2>/dev/null || ended "$child"
        ((SECONDS < end)) || fail "$name did not get ready; its log is $run/log/$name.log"
        sleep 0.1
    done
}

ended() {
    local name=${name_of[$1]}
    echo "run: $name ended unexpectedly. The end of its log, $run/log/$name.log:" >&2
    tail -n 20 "$run/log/$name.log" >&2 || true
    exit 1
}

stop() {
    local status=$? index child
    trap '' INT TERM
    trap - EXIT
    # nginx first, so that nobody is let in while the others drain.
    for ((index = ${#names[@]} - 1; index >= 0; index--)); do
        child=${names[index]}
        kill -TERM "$child" 2>/dev/null || true
        wait "$child" 2>/dev/null || true
        # What a killed child left of its session, such as nginx's workers.
        kill -TERM -- "-$child" 2>/dev/null || true
    done
    [[ -z ${place:-} || $place == "$run" ]] || rm -rf "$place"
    exit "$status"
}
trap stop EXIT
trap 'echo; echo "run: stopping"; exit 0' INT TERM HUP

[[ -x $BINARY ]] || fail "$BINARY is not there; run: make build"
[[ -r $SETTINGS ]] || fail "the settings file $SETTINGS cannot be read"
[[ $WORKERS =~ ^[1-9][0-9]{0,2}$ ]] || fail "WORKERS must be a number from 1 to 999, not \"$WORKERS\""
mkdir -p "$run/log"
exec 9>"$run/lock"
flock -n 9 || fail 'another "make run" is going on in this directory'

tls_options=()
if [[ -n $TLS && $TLS != 0 ]]; then
    if ! openssl x509 -checkend 86400 -noout -in "$certificate" >/dev/null 2>&1; then
        mkdir -p "$run/tls"
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 365 -subj /CN=localhost \
            -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' \
            -keyout "$run/tls/key.pem" -out "$certificate" 2>"$run/log/openssl.log" ||
            fail "openssl could not make a certificate; see $run/log/openssl.log"
        chmod 600 "$run/tls/key.pem"
    fi
    tls_options=(--certificate "$certificate" --certificate-key "$run/tls/key.pem")
fi

answers=$(python3 scripts/run_settings.py --settings "$SETTINGS" --output "$run/settings.json" --port "$PORT" \
    --upstream-port "$upstream_port" "${tls_options[@]}")
eval "$answers" # url host port chat upstream, quoted by the script above
"$BINARY" check-settings --settings "$run/settings.json" >"$run/log/settings.log" 2>&1 || {
    cat "$run/log/settings.log" >&2
    fail "$SETTINGS is not valid"
}
is_free "$host" "$port" || fail "port $port of $host is in use; choose another: make run PORT=9080"

# nginx's workers are another user when root starts it. They cannot reach a source tree in, say, /root; then
# the socket and the static files are put where they can.
place=$run
www=$root/www
if ((EUID == 0)) && ! setpriv --reuid=www-data --regid=www-data --clear-groups test -r "$www" -a -x "$www" -a -x "$run"; then
    place=$(mktemp -d /tmp/chatgpt-api-server.XXXXXX)
    chmod 755 "$place"
    cp -r "$www" "$place/www"
    chmod -R a+rX "$place/www"
    www=$place/www
fi
mkdir -p "$place/nginx"

if [[ -n $upstream ]]; then
    is_free 127.0.0.1 "$upstream_port" ||
        fail "port $upstream_port, of the embedded upstream, is in use; end what listens there"
    start upstream .venv/bin/python scripts/embedded_upstream.py --port "$upstream_port"
    until_true upstream 120 curl -fs "http://127.0.0.1:$upstream_port/health"
fi

start serve "$BINARY" serve --settings "$run/settings.json" --state-dir "$STATE" --socket "$place/app.socket" \
    --workers "$WORKERS"
until_true serve 60 grep -qx ready "$run/log/serve.log"
# The first start prints the admin key, once. It is told here and in its file, so it need not stay in a log.
kept=$(grep -v sk-cas- "$run/log/serve.log" || true)
printf '%s\n' "$kept" >"$run/log/serve.log"

"$BINARY" nginx-config --settings "$run/settings.json" --socket "$place/app.socket" --www "$www" \
    --prefix "$place/nginx" --workers "$WORKERS" >"$run/nginx.conf" || fail 'the configuration of nginx could not be written'
start nginx nginx -c "$run/nginx.conf" -g 'daemon off;' -e "$run/log/nginx-start.log"
curl=(curl -s)
[[ $url == http:* ]] || curl+=(--cacert "$certificate")
if [[ $url == https:* && -z ${tls_options[*]} ]]; then curl=(curl -sk); fi
until_true nginx 30 "${curl[@]}" -o /dev/null "$url/healthz"

# A user to try things with. Its key is kept beside the state that knows it.
trial=$run/trial-key-$(realpath "$STATE" | sha256sum | cut -c1-16).txt
works() {
    local answer
    answer=$("${curl[@]}" -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $(cat "$trial")" "$url/api/recall")
    [[ $answer != 401 ]]
}
if [[ ! -s $trial ]] || ! works; then
    (
        umask 077
        "$BINARY" users add --state-dir "$STATE" --user-id trial --username 'Trial user' >"$trial" 2>"$run/log/trial.log" ||
            "$BINARY" users rotate-key --state-dir "$STATE" --user-id trial >"$trial" 2>>"$run/log/trial.log"
    ) || fail "no user could be made; see $run/log/trial.log"
fi

cat <<END

  Running        $url
  Browser        $url/chat
  Admin key      $(realpath "$STATE")/admin-key.txt
  A user's key   $(cat "$trial")
  Logs           $run/log and $place/nginx

  Try it:

  ${curl[*]} $url$chat -H 'Authorization: Bearer $(cat "$trial")' -d reply_only=true -d 'prompt=Write one sentence about the sea.'

  Ctrl-C stops everything.

END

set +e
wait -n -p child "${names[@]}"
ended "$child"
