#!/usr/bin/env bash
# Runs the same scenarios against XmppChat, Prosody and ejabberd, interleaved, and prints what each needs per unit of work.
# docs/performance.md says what is measured and how.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/prerequisites.sh

usage() {
  cat <<'END'
bench/compare.sh [--runs N] [--servers LIST] [--cases REGEX] [--seconds S] [--users N] [--keep FILE] [--write]
  --runs N        repetitions, of which the minimum counts (default 3; accounts, contacts and the memory cases: once)
  --servers LIST  of xmppchat,prosody,ejabberd (default) and xmppchat-mongodb, on the MongoDB of the tests, which needs root; each
                  without archives, and with -archive behind its name with them
  --cases REGEX   only the cases whose name matches
  --seconds S     length of one measurement (default 3)
  --users N       users who have each other as contacts (default 2000)
  --keep FILE     where the results go as they come, one JSON object a line; otherwise they are not kept
  --write         update the table in docs/performance.md
END
}

runs=3 servers=xmppchat,prosody,ejabberd cases=. seconds=3 users=2000 keep= write=()
while [ $# -gt 0 ]; do
  case $1 in
    --runs) runs=$2; shift ;;
    --servers) servers=$2; shift ;;
    --cases) cases=$2; shift ;;
    --seconds) seconds=$2; shift ;;
    --users) users=$2; shift ;;
    --keep) keep=$2; shift ;;
    --write) write=(--write docs/performance.md) ;;
    -h | --help) usage; exit ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done
servers=${servers//,/ }

# 400 sessions in pairs and 2,000 idle ones beside them.
accounts=2400
certs=
engine= mongodb= http=
dir=$(mktemp -d)
declare -A pid port tls_port http_port version template

cleanup() {
  for server in "${!pid[@]}"; do stop "$server"; done
  [ -z "$engine" ] || { kill "$engine"; wait "$engine"; } 2> /dev/null || true
  rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

package_version() { dpkg-query -W -f '${Version}' "$1" | sed 's/[-+].*//'; }

# Servers: each has a directory, two ports, and a function that starts it ------------------------------------------------------

start_prosody() {
  prosody -F --config "$dir/$1/prosody.cfg.lua" > "$dir/$1/out" 2>&1 < /dev/null &
  pid[$1]=$!
}

start_ejabberd() {
  # ejabberdctl insists on its own user and on epmd; erl alone needs neither. +K and +P are what ejabberdctl passes.
  local library
  library=$(dpkg -L ejabberd | sed -n 's|/[^/]*/ebin/ejabberd\.app$||p')
  (
    cd "$dir/$1"
    HOME=$PWD ERL_LIBS=$library:/usr/lib/erlang/lib exec erl -noinput -start_epmd false +K true +P 250000 \
      -mnesia dir "\"$PWD/mnesia\"" -ejabberd config "\"$PWD/ejabberd.yml\"" log_path "\"$PWD/ejabberd.log\"" -s ejabberd
  ) > "$dir/$1/out" 2>&1 < /dev/null &
  pid[$1]=$!
}

# start_xmppchat SERVER [KEY=VALUE...]
start_xmppchat() {
  env "${@:2}" dotnet Xmpp.Server/bin/Release/net10.0/xmppchat.dll --config "$dir/$1/xmppchat.json" > "$dir/$1/out" 2>&1 < /dev/null &
  pid[$1]=$!
}

start_xmppchat-mongodb() {
  [ -n "$engine" ] || start_engine
  start_xmppchat "$1" XMPPCHAT_store=mongodb "XMPPCHAT_mongodb__uri=$mongodb" "XMPPCHAT_mongodb__database=$1"
}

# It says two lines: where it is, and how it is reached.
start_engine() {
  tests/mongo-engine/engine.sh run > "$dir/engine" 2> "$dir/engine.log" < /dev/null &
  engine=$!
  for _ in $(seq 1800); do
    kill -0 "$engine" 2> /dev/null || break
    mongodb=$(sed -n 2p "$dir/engine")
    [ -z "$mongodb" ] || return 0
    sleep 0.2
  done
  tail -n 20 "$dir/engine.log" >&2
  fail "the MongoDB of the tests did not start"
}

prepare() {
  local server=$1 from=${template[$1]}
  mkdir -p "$dir/$server"
  sed -e "s|@DIR@|$dir/$server|g; s|@CERTS@|$certs|g; s|@PORT@|${port[$server]}|g; s|@TLS_PORT@|${tls_port[$server]}|g; s|@HTTP_PORT@|${http_port[$server]}|g" \
    "bench/servers/$from" > "$dir/$server/$from"
  [[ $server != *-archive ]] || with archive "$server"
  for p in "${port[$server]}" "${tls_port[$server]}" "${http_port[$server]}"; do
    ! listening "$p" || fail "port $p is in use"
  done
}

# with WHAT SERVER: also what its configuration has for that only.
with() { sed -i "s|/[*]$1 \(.*\) [*]/|\1|; s|^--$1 ||; s|^#$1 ||" "$dir/$2/${template[$2]}"; }

# Only some cases want HTTP, and the memory of the others is to be theirs.
serve_http() {
  with http "$1"
  restart "$1"
}

listening() { (: < "/dev/tcp/127.0.0.1/$1") 2> /dev/null; }

start() {
  local server=$1
  "start_${server%-archive}" "$server"
  for _ in $(seq 600); do
    kill -0 "${pid[$server]}" 2> /dev/null || break
    listening "${port[$server]}" && listening "${tls_port[$server]}" && { [ -z "$http" ] || listening "${http_port[$server]}"; } && return
    sleep 0.2
  done
  tail -n 20 "$dir/$server/out" >&2
  fail "$server did not start"
}

stop() {
  local server=$1
  [ -n "${pid[$server]:-}" ] || return 0
  kill "${pid[$server]}" 2> /dev/null || true
  for _ in $(seq 50); do
    kill -0 "${pid[$server]}" 2> /dev/null || break
    sleep 0.2
  done
  kill -KILL "${pid[$server]}" 2> /dev/null || true
  wait "${pid[$server]}" 2> /dev/null || true
  unset "pid[$server]"
}

restart() { stop "$1"; start "$1"; }

# Cases ------------------------------------------------------------------------------------------------------------------

bench() { bench/Xmpp.Bench/bin/Release/net10.0/xmpp-bench "$@"; }

# measure SERVER CASE plain|tls|http SCENARIO [OPTIONS]: one line of JSON more in the results. A failed case stops nothing else.
measure() {
  local server=$1 case=$2 security=$3 scenario=$4
  shift 4
  local where=(--port "${port[$server]}" --tls none)
  case $security in
    tls) where=(--port "${tls_port[$server]}" --tls direct) ;;
    http) where=(--port "${http_port[$server]}" --tls none --websocket) ;;
  esac
  echo "  $case: $server" >&2
  # One mechanism that all three offer.
  bench "$scenario" "${where[@]}" --mechanism SCRAM-SHA-1 --pid "${pid[$server]}" --server "${version[$server]}" --case "$case" --json "$@" \
    >> "$results" || echo "compare.sh: $case failed on $server" >&2
}

# on_each CASE plain|tls|http SCENARIO [OPTIONS]
on_each() {
  [[ $1 =~ $cases ]] || return 0
  local server
  for server in $servers; do measure "$server" "$@"; done
}

# The same on a process that has served nobody yet: memory once used is seldom given back.
on_each_fresh() {
  [[ $1 =~ $cases ]] || return 0
  local server
  for server in $servers; do
    restart "$server"
    measure "$server" "$@"
  done
}

# Users with contacts are others: their rosters would be in the way of the other cases.
friends=(--user 'friend{n}' --password 'friend-{n}')

befriend() {
  [[ contacts =~ $cases || presence =~ $cases || eventing =~ $cases ]] || return 0
  local server
  for server in $servers; do
    bench register --count "$users" --port "${port[$server]}" --tls none "${friends[@]}" > /dev/null
    measure "$server" contacts plain contacts --users "$users" "${friends[@]}"
  done
}

traffic=(--duration "$seconds" --warmup 2)

run_once() {
  on_each chat-w1 plain chat --pairs 200 --window 1 "${traffic[@]}"
  on_each chat-sm-w1 plain chat --pairs 200 --window 1 --acknowledged "${traffic[@]}"
  on_each chat-w16 plain chat --pairs 200 --window 16 "${traffic[@]}"
  on_each chat-tls-w1 tls chat --pairs 200 --window 1 "${traffic[@]}"
  on_each chat-w1-25pairs plain chat --pairs 25 --window 1 "${traffic[@]}"
  on_each chat-w1-idle2000 plain chat --pairs 200 --window 1 --idle 2000 "${traffic[@]}"
  on_each ping plain ping --sessions 200 "${traffic[@]}"
  on_each login plain login --count 1000 --concurrency 4
  on_each login-tls tls login --count 1000 --concurrency 4
  on_each presence plain presence --users "$users" "${friends[@]}"
  on_each offline plain offline
  on_each room-200 plain room --occupants 200 "${traffic[@]}"
  on_each publish-1000 plain publish --subscribers 1000 "${traffic[@]}"
  on_each eventing plain eventing --users "$users" "${friends[@]}"
  on_each chat-rate1000 plain chat --pairs 200 --rate 1000 "${traffic[@]}"
}

run_http() {
  on_each upload plain upload
  on_each upload-1000 plain upload --files 1000 --concurrency 1000 --accounts 50 --size 102400
  on_each chat-websocket-w1 http chat --pairs 200 --window 1 "${traffic[@]}"
  on_each chat-websocket-2000 http chat --pairs 1000 --window 1 "${traffic[@]}"
}

# The run ----------------------------------------------------------------------------------------------------------------

projects=(bench/Xmpp.Bench)
for server in $servers; do
  case $server in
    xmppchat | xmppchat-archive)
      port[$server]=15422 version[$server]=XmppChat template[$server]=xmppchat.json
      projects+=(Xmpp.Server)
      ;;
    xmppchat-mongodb | xmppchat-mongodb-archive)
      port[$server]=15522 version[$server]='XmppChat, MongoDB' template[$server]=xmppchat.json
      projects+=(Xmpp.Server tests/mongo-engine/gateway)
      ;;
    prosody | prosody-archive)
      require_packages prosody
      port[$server]=15222 version[$server]="Prosody $(package_version prosody)" template[$server]=prosody.cfg.lua
      ;;
    ejabberd | ejabberd-archive)
      require_packages ejabberd
      port[$server]=15322 version[$server]="ejabberd $(package_version ejabberd)" template[$server]=ejabberd.yml
      ;;
    *) fail "unknown server $server" ;;
  esac
  [[ $server != *-archive ]] || { port[$server]=$((port[$server] + 400)) version[$server]+=', archive'; }
  tls_port[$server]=$((port[$server] + 1)) http_port[$server]=$((port[$server] + 2))
done
for project in "${projects[@]}"; do
  dotnet build "$project" -c Release -v q > "$dir/build" 2>&1 || { grep -E 'error' "$dir/build" >&2; fail "$project does not build"; }
done

certs=$dir/certs
mkdir "$certs"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost -keyout "$certs/localhost.key" -out "$certs/localhost.crt" 2> /dev/null
cat "$certs/localhost.key" "$certs/localhost.crt" > "$certs/localhost.pem"
chmod 600 "$certs/localhost.key" "$certs/localhost.pem"

results=${keep:-$dir/results}
: > "$results"
for server in $servers; do
  prepare "$server"
  start "$server"
  echo "$server: pid ${pid[$server]}, $accounts accounts ..." >&2
  measure "$server" register plain register --count $accounts
done

on_each_fresh idle plain idle --counts 500 2000
on_each_fresh idle-tls tls idle --counts 500 2000
on_each_fresh room-2000 plain room --timeout 60 --occupants 2000 --joins 40 "${traffic[@]}"
on_each_fresh rooms-10000 plain room --timeout 60 --rooms 10000 --occupants 5 --sessions 200 --joins 0 --windows 8 "${traffic[@]}"
for server in $servers; do restart "$server"; done
befriend
for run in $(seq "$runs"); do
  echo "run $run of $runs" >&2
  run_once
done

http=1
for server in $servers; do serve_http "$server"; done
on_each_fresh idle-websocket http idle --counts 500 2000
for run in $(seq "$runs"); do
  echo "with HTTP, run $run of $runs" >&2
  run_http
done

bench report "$results" "${write[@]}"
