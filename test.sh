#!/usr/bin/env bash
# Builds everything and runs every test. What is needed for that is installed, or named with the command that does.
set -uo pipefail
cd "$(dirname "$0")"
. scripts/prerequisites.sh

usage() {
  cat <<'HELP'
./test.sh [--only unit|mongo|interop|desktop|chaos] [--no-build] [--without-mongodb] [--rounds N] [FILTER]
  --only unit      formatting and the .NET test projects; needs the .NET SDK, libsqlite3, libssl, libmongoc, libunbound, Node.js with
                   npm, and a MongoDB
  --only mongo     the MongoDB that the tests use is one: pymongo and the Node.js driver say so
  --only interop   third-party clients and raw sockets against the built server
  --only desktop   Gajim, Profanity, Dino and Converse.js as people use them; left out where they can't run, unless CI=true
  --only chaos     the server is killed under load, and nothing that it acknowledged may be missing
  --no-build       test what was built last
  --without-mongodb  leave out what needs a MongoDB. Otherwise it is the one in $XMPPCHAT_TEST_MONGODB (mongodb://...), or one is
                   built from Debian's packages, for which one has to be root: see tests/mongo-engine/README.md
  --rounds N       how often the server is killed (3); on MongoDB a third of that, and its database as often
  FILTER           only tests whose name contains this
Ends with "N passed, N failed" over everything, and with exit code 0 only when tests ran and none failed.
Logs are in artifacts/.
HELP
}

only= build=1 filter= rounds=3 mongodb=1
while [ $# -gt 0 ]; do
  case $1 in
    --only)
      only=${2:-}
      case $only in unit | mongo | interop | desktop | chaos) shift ;; *) usage >&2; exit 2 ;; esac
      ;;
    --no-build) build= ;;
    --without-mongodb) mongodb= ;;
    --rounds)
      rounds=${2:-}
      case $rounds in '' | *[!0-9]*) usage >&2; exit 2 ;; esac
      shift
      ;;
    -h | --help) usage; exit ;;
    -*) usage >&2; exit 2 ;;
    *) filter=$1 ;;
  esac
  shift
done

# A MongoDB of our own, unless somebody gives one.
own_mongodb=$mongodb
[ -n "$mongodb" ] || unset XMPPCHAT_TEST_MONGODB
[ -z "${XMPPCHAT_TEST_MONGODB:-}" ] || own_mongodb=

artifacts=$PWD/artifacts
mkdir -p "$artifacts"
passed=0 failed=0

# stage NAME: a line for what is being done; "result TEXT" ends it.
stage() { printf '%-28s ' "$1"; started=$SECONDS; }
result() { printf '%s  (%d s)\n' "$1" $((SECONDS - started)); }

# count LOG PASSED FAILED SKIPPED: ends the stage of a suite. A suite that ran nothing has failed, unless a filter says why.
count() {
  local log=$1 good=$2 bad=$3 skipped=$4
  [ $((good + bad)) -gt 0 ] || [ -n "$filter" ] || bad=1
  passed=$((passed + good)) failed=$((failed + bad))
  result "$good passed, $bad failed$([ "$skipped" -eq 0 ] || echo ", $skipped skipped")"
  [ "$bad" -eq 0 ] || sed 's/^/  /' "$log"
}

check_format() {
  stage format
  # Style and analyzers are errors of the build; white space is what the compiler doesn't see.
  if dotnet format whitespace . --folder --verify-no-changes > "$artifacts/format.log" 2>&1; then
    count "$artifacts/format.log" 1 0 0
  else
    count "$artifacts/format.log" 0 1 0
    echo "  Run: dotnet format whitespace . --folder"
  fi
}

build_all() {
  stage build
  if dotnet build XmppChat.sln -c Release -nologo -v q -nodeReuse:false > "$artifacts/build.log" 2>&1; then
    count "$artifacts/build.log" 1 0 0
  else
    grep -E ': (error|warning) ' "$artifacts/build.log" | sed 's/ \[[^]]*\]$//' | sort -u > "$artifacts/build.errors"
    count "$artifacts/build.errors" 0 1 0
    finish
  fi
}


# A MongoDB for the tests, beside this script and ended with it.
start_mongodb() {
  local log=$artifacts/mongodb.log
  stage mongodb
  if wait "$building_mongodb"; then
    exec {mongodb_lines}< <(exec setpriv --pdeathsig TERM tests/mongo-engine/engine.sh run --fast 2>> "$log")
    running_mongodb=$!
    trap stop_mongodb EXIT
    if { read -r XMPPCHAT_TEST_MONGODB_ENGINE && read -r XMPPCHAT_TEST_MONGODB; } <&"$mongodb_lines"; then
      export XMPPCHAT_TEST_MONGODB_ENGINE XMPPCHAT_TEST_MONGODB
      result "DocumentDB, $XMPPCHAT_TEST_MONGODB"
      return
    fi
  fi
  count "$log" 0 1 0
  echo "  There is no MongoDB to test with. Give one by XMPPCHAT_TEST_MONGODB=mongodb://..., or leave it out: --without-mongodb"
}

stop_mongodb() {
  kill "$running_mongodb" 2> /dev/null
  wait "$running_mongodb" 2> /dev/null
  trap - EXIT
}

# number PATTERN LOG: the number before or behind a word in the last line that has it.
number() { sed -nE "s/.*$1.*/\1/p" "$2" | tail -n 1 | grep . || echo 0; }

# Those of the stores wait a good deal for what they have broken, so they run beside the others.
run_unit() {
  local project name storing
  install_node_modules "$PWD/tests/s3"
  test_project Xmpp.Storage.Tests & storing=$!
  for project in tests/*/*.csproj; do
    name=$(basename "$project" .csproj)
    [ "$name" != Xmpp.Storage.Tests ] && grep -q 'Include="xunit.v3"' "$project" && run_project "$name"
  done
  stage Xmpp.Storage.Tests
  wait $storing
  report_project Xmpp.Storage.Tests $?
  # Once more, whole servers on the other store.
  [ -n "${XMPPCHAT_TEST_MONGODB:-}" ] || return
  run_project Xmpp.Modules.Tests mongodb
  run_project Xmpp.Server.Tests mongodb
}

# run_project NAME [STORE]: a .NET test project, with its servers' data in that store.
run_project() {
  stage "$1${2:+, $2}"
  test_project "$@"
  report_project "$1" $? "${2:-}"
}

log_of() { echo "$artifacts/$1${2:+.$2}.log"; }

# test_project NAME [STORE]: only runs it. This limit and others are for what hangs, whose name is in the log by then: a busy machine may take
# thrice as long as an idle one.
test_project() {
  XMPPCHAT_TEST_STORE=${2:-} timeout --kill-after 10 1200 "tests/$1/bin/Release/net10.0/$1" \
    -noLogo -noColor -longRunning 120 ${filter:+-method "*$filter*"} > "$(log_of "$@")" 2>&1
}

# report_project NAME STATUS [STORE]
report_project() {
  local log total bad skipped errors status=$2
  log=$(log_of "$1" "${3:-}")
  total=$(number 'Total: ([0-9]+)' "$log")
  bad=$(number 'Failed: ([0-9]+)' "$log")
  errors=$(number 'Errors: ([0-9]+)' "$log")
  skipped=$(number 'Skipped: ([0-9]+)' "$log")
  # It also fails by crashing, and by not ending.
  [ "$status" -eq 0 ] || [ $((bad + errors)) -gt 0 ] || bad=1
  grep -vE '^  (Discover|Start|Finish)(ing|ed)|^ *$' "$log" > "$log.short"
  count "$log.short" $((total > bad + skipped ? total - bad - skipped : 0)) $((bad + errors)) "$skipped"
  rm -f "$log.short"
}

run_mongo() {
  local log=$artifacts/mongo-node.log status bad
  run_pytest mongo 600 tests/mongo-engine
  install_node_modules "$PWD/tests/mongo-engine/node" || return
  stage 'mongo (Node.js)'
  timeout --kill-after 20 300 node --test --test-reporter=tap ${filter:+--test-name-pattern="$filter"} \
    tests/mongo-engine/node/driver.test.mjs > "$log" 2>&1
  status=$?
  bad=$(number '^# fail ([0-9]+)' "$log")
  [ $status -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
  count "$log" "$(number '^# pass ([0-9]+)' "$log")" "$bad" "$(number '^# skipped ([0-9]+)' "$log")"
}

# install_node_modules DIRECTORY: what its package-lock.json names.
install_node_modules() {
  stage 'npm packages'
  if ! tests/interop/install-node-modules.sh "$1" > "$artifacts/npm.log" 2>&1; then
    count "$artifacts/npm.log" 0 1 0
    return 1
  fi
  result 'present'
}

# The servers that ours federates with.
prepare_peers() {
  (require_packages prosody=prosody ejabberdctl=ejabberd biboumi=biboumi ngircd=ngircd /usr/sbin/nsd=nsd ldns-signzone=ldnsutils)
}

run_interop() {
  if ! wait "$preparing_peers"; then
    stage 'Prosody and ejabberd'
    count "$artifacts/peers.log" 0 1 0
    return
  fi
  install_node_modules "$PWD/tests/interop" || return
  run_pytest interop 1200 tests/interop -n 2 --dist loadfile
}

# What the desktop needs. It may fail, which is no reason to end.
prepare_desktop() {
  (require_packages gajim profanity tmux Xvfb=xvfb dbus-run-session=dbus-daemon unshare=util-linux \
    '/usr/share/fonts/*/*/*.ttf=fonts-dejavu-core' dino-im chromium node=nodejs npm=npm \
    '/usr/share/gajim/plugins/omemo/plugin.py=gajim-omemo' xdotool import=imagemagick)
}

run_desktop() {
  local lacks
  wait "$preparing_desktop"
  install_node_modules "$PWD/tests/interop" && install_node_modules "$PWD/tests/interop/desktop" || return
  stage 'web chat'
  if ! scripts/get-web-chat.sh > "$artifacts/web-chat.log" 2>&1; then
    count "$artifacts/web-chat.log" 0 1 0
    return
  fi
  result 'present'
  lacks=$(/usr/bin/python3 -B tests/interop/desktop/desktop.py 2>&1)
  if [ -z "$lacks" ]; then
    run_pytest desktop 600 tests/interop/desktop
    return
  fi
  stage desktop
  if [ "${CI:-}" = true ]; then
    echo "missing: $lacks" > "$artifacts/desktop.log"
    count "$artifacts/desktop.log" 0 1 0
  else
    result "left out, since this is missing: $lacks"
  fi
}

# run_pytest NAME SECONDS DIRECTORY [OPTION...]: a stage of Python tests that has to end in time.
run_pytest() {
  local log=$artifacts/$1.log status good bad errors
  stage "$1"
  timeout --kill-after 20 "$2" /usr/bin/python3 -B -m pytest "${@:3}" ${filter:+-k "$filter"} > "$log" 2>&1
  status=$?
  good=$(number '\b([0-9]+) passed' "$log")
  bad=$(number '\b([0-9]+) failed' "$log")
  errors=$(number '\b([0-9]+) errors?( |,)' "$log")
  # 5: the filter left nothing.
  [ $status -eq 0 ] || [ $status -eq 5 ] || [ $((bad + errors)) -gt 0 ] || bad=1
  count "$log" "$good" $((bad + errors)) "$(number '\b([0-9]+) skipped' "$log")"
  sed -n 's/^note:/ /p' "$log"
}

# Killing takes time rather than processors: both stores at once.
run_chaos() {
  local killing log=$artifacts/chaos.mongodb.log more_passed more_failed
  # Only what belongs to the tests is killed.
  if [ -n "$own_mongodb" ]; then
    wait "$building_mongodb"
    (passed=0 failed=0; kill_on mongodb $(((rounds + 2) / 3)); kill_often engine mongodb $(((rounds + 2) / 3))
      echo "$passed $failed" > "$log.counts") > "$log" &
    killing=$!
  fi
  kill_on sqlite "$rounds"
  kill_in_uploads_to_s3 "$rounds"
  [ -n "${killing:-}" ] || return
  wait "$killing"
  cat "$log"
  read -r more_passed more_failed < "$log.counts"
  passed=$((passed + more_passed)) failed=$((failed + more_failed))
}

# kill_on STORE ROUNDS: servers under all kinds of load.
kill_on() {
  kill_often server "$@"
  kill_under_talk "$@"
  kill_in_rooms "$@"
  kill_in_uploads "$@"
  kill_between_servers "$@"
  kill_under_publishing "$@"
}

# kill_often WHAT STORE ROUNDS
kill_often() {
  stage "kill -9 $1, $2"
  chaos "$1.$2" "$3" tests/interop/chaos --kill "$1" --store "$2"
}

# kill_under_talk STORE ROUNDS
kill_under_talk() {
  stage "kill -9 server, $1, under clients who resume"
  chaos "talk.$1" "$2" tests/interop/chaos/talk.py --store "$1"
}

# kill_in_rooms STORE ROUNDS
kill_in_rooms() {
  stage "kill -9 server, $1, under talk in rooms"
  chaos "rooms.$1" "$2" tests/interop/chaos/rooms.py --store "$1"
}

# kill_in_uploads STORE ROUNDS
kill_in_uploads() {
  stage "kill -9 server, $1, in uploads"
  chaos "uploads.$1" "$2" tests/interop/chaos/uploads.py --store "$1"
}

# kill_in_uploads_to_s3 ROUNDS
kill_in_uploads_to_s3() {
  install_node_modules "$PWD/tests/s3" || return
  stage 'kill -9 server, s3, in uploads'
  chaos uploads.s3 "$1" tests/interop/chaos/uploads.py --s3
}

# kill_between_servers STORE ROUNDS
kill_between_servers() {
  stage "kill -9 one of two servers that talk to each other, $1"
  chaos "links.$1" "$2" tests/interop/chaos/links.py --store "$1"
  stage "kill -9 one of two servers that talk to each other without stream management, $1"
  chaos "links-unmanaged.$1" "$2" tests/interop/chaos/links.py --store "$1" --unmanaged
}

# kill_under_publishing STORE ROUNDS
kill_under_publishing() {
  stage "kill -9 server, $1, under clients who publish"
  chaos "publishing.$1" "$2" tests/interop/chaos/publishing.py --store "$1"
}

# chaos NAME ROUNDS PROGRAM...
chaos() {
  local log=$artifacts/chaos.$1.log rounds=$2
  shift 2
  if timeout --kill-after 20 $((300 + 60 * rounds)) /usr/bin/python3 -B "$@" --rounds "$rounds" > "$log" 2>&1; then
    count "$log" 1 0 0
    grep 'acknowledged: ' "$log" | sed 's/^/  /'
  else
    count "$log" 0 1 0
  fi
}

finish() {
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
  exit
}

require_packages '/usr/lib/*/libssl.so.3=libssl3' '/usr/lib/*/libsqlite3.so.0=libsqlite3-0' \
  '/usr/lib/*/libmongoc*.so.[02]=libmongoc-1.0-0' '/usr/lib/*/libunbound.so.8=libunbound8'
[ "$only" = unit ] || require_packages /usr/bin/python3=python3 python3-slixmpp python3-pytest python3-pytest-xdist openssl=openssl
case $only in '' | interop) require_packages go-sendxmpp=go-sendxmpp turnserver=coturn espeak-ng ;; esac
case $only in '' | unit | interop | mongo | chaos) require_packages node=nodejs npm=npm ;; esac
case $only in '' | mongo | chaos) [ -z "$mongodb" ] || require_packages python3-pymongo python3-gridfs ;; esac
require_dotnet

# Meanwhile the rest is built.
case $only in '' | interop) prepare_peers > "$artifacts/peers.log" 2>&1 & preparing_peers=$! ;; esac
case $only in '' | desktop) prepare_desktop > "$artifacts/desktop-packages.log" 2>&1 & preparing_desktop=$! ;; esac
case $only in interop | desktop) own_mongodb= ;; esac
if [ -n "$own_mongodb" ]; then
  tests/mongo-engine/engine.sh build > "$artifacts/mongodb.log" 2>&1 &
  building_mongodb=$!
fi

case $only in '' | unit) check_format ;; esac
[ -z "$build" ] || build_all
case $only in '' | unit | mongo) [ -z "$own_mongodb" ] || start_mongodb ;; esac
case $only in '' | unit) run_unit ;; esac
case $only in '' | mongo) [ -z "$mongodb" ] || run_mongo ;; esac
[ -z "${running_mongodb:-}" ] || stop_mongodb
case $only in '' | interop) run_interop ;; esac
case $only in '' | desktop) run_desktop ;; esac
# It is one test: with a filter the others are meant.
case $only$filter in '' | chaos) run_chaos ;; esac
finish
