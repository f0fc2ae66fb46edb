#!/usr/bin/env bash
# Builds everything and runs every test. What is needed for that is installed, or named with the command that does.
set -uo pipefail
cd "$(dirname "$0")"
. scripts/prerequisites.sh

usage() {
  cat <<'HELP'
./test.sh [--only unit|interop] [--no-build] [FILTER]
  --only unit      formatting and the .NET test projects; needs nothing but the .NET SDK, libsqlite3 and libssl
  --only interop   third-party clients and raw sockets against the built server
  --no-build       test what was built last
  FILTER           only tests whose name contains this
Ends with "N passed, N failed" over everything, and with exit code 0 only when tests ran and none failed.
Logs are in artifacts/.
HELP
}

only= build=1 filter=
while [ $# -gt 0 ]; do
  case $1 in
    --only)
      only=${2:-}
      case $only in unit | interop) shift ;; *) usage >&2; exit 2 ;; esac
      ;;
    --no-build) build= ;;
    -h | --help) usage; exit ;;
    -*) usage >&2; exit 2 ;;
    *) filter=$1 ;;
  esac
  shift
done

artifacts=$PWD/artifacts
mkdir -p "$artifacts"
passed=0 failed=0

# stage NAME: a line for what is being done; "result TEXT" ends it.
stage() { printf '%-24s' "$1"; started=$SECONDS; }
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

# number PATTERN LOG: the number before or behind a word in the last line that has it.
number() { sed -nE "s/.*$1.*/\1/p" "$2" | tail -n 1 | grep . || echo 0; }

run_unit() {
  local project name log total bad skipped errors status
  for project in tests/*/*.csproj; do
    grep -q 'Include="xunit.v3"' "$project" || continue
    name=$(basename "$project" .csproj)
    log=$artifacts/$name.log
    stage "$name"
    timeout --kill-after 10 300 "$(dirname "$project")/bin/Release/net10.0/$name" \
      -noLogo -noColor ${filter:+-method "*$filter*"} > "$log" 2>&1
    status=$?
    total=$(number 'Total: ([0-9]+)' "$log")
    bad=$(number 'Failed: ([0-9]+)' "$log")
    errors=$(number 'Errors: ([0-9]+)' "$log")
    skipped=$(number 'Skipped: ([0-9]+)' "$log")
    # It also fails by crashing, and by not ending.
    [ $status -eq 0 ] || [ $((bad + errors)) -gt 0 ] || bad=1
    grep -vE '^  (Discover|Start|Finish)(ing|ed)|^ *$' "$log" > "$log.short"
    count "$log.short" $((total > bad + skipped ? total - bad - skipped : 0)) $((bad + errors)) "$skipped"
    rm -f "$log.short"
  done
}

run_interop() {
  local log=$artifacts/interop.log
  stage 'npm packages'
  if ! tests/interop/install-node-modules.sh > "$artifacts/npm.log" 2>&1; then
    count "$artifacts/npm.log" 0 1 0
    return
  fi
  result 'present'
  stage interop
  timeout --kill-after 20 400 /usr/bin/python3 -B -m pytest tests/interop ${filter:+-k "$filter"} > "$log" 2>&1
  local status=$? good bad errors
  good=$(number '\b([0-9]+) passed' "$log")
  bad=$(number '\b([0-9]+) failed' "$log")
  errors=$(number '\b([0-9]+) errors?( |,)' "$log")
  # 5: the filter left nothing.
  [ $status -eq 0 ] || [ $status -eq 5 ] || [ $((bad + errors)) -gt 0 ] || bad=1
  count "$log" "$good" $((bad + errors)) "$(number '\b([0-9]+) skipped' "$log")"
  sed -n 's/^note:/ /p' "$log"
}

finish() {
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
  exit
}

require_packages '/usr/lib/*/libssl.so.3=libssl3' '/usr/lib/*/libsqlite3.so.0=libsqlite3-0'
[ "$only" = unit ] || require_packages /usr/bin/python3=python3 python3-slixmpp python3-pytest openssl=openssl \
  go-sendxmpp=go-sendxmpp node=nodejs npm=npm
require_dotnet

[ "$only" = interop ] || check_format
[ -z "$build" ] || build_all
[ "$only" = interop ] || run_unit
[ "$only" = unit ] || run_interop
finish
