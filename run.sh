#!/usr/bin/env bash
# Builds XmppChat when its sources have changed, and starts the server. Arguments go to the server; --build only builds.
set -euo pipefail
root=$(dirname "$(readlink -f "$0")")
. "$root/scripts/prerequisites.sh"

server=$root/Xmpp.Server/bin/Release/net10.0/xmppchat.dll
stamp=$root/artifacts/built

is_built() {
  [ -f "$stamp" ] && [ -f "$server" ] && [ -z "$(find "$root"/Directory.* "$root/global.json" "$root"/Xmpp.* \
    \( -name bin -o -name obj \) -prune -o -type f -newer "$stamp" -print -quit)" ]
}

build() {
  local log=$root/artifacts/run.build.log
  require_dotnet
  require_packages /etc/ssl/certs/ca-certificates.crt=ca-certificates
  echo "Building; the first time takes a minute or two ..." >&2
  mkdir -p "$root/artifacts"
  # Dated before the build: what is changed meanwhile is built the next time.
  touch "$stamp.begun"
  # xmppctl references the server, so this builds both. Nothing stays running behind.
  (cd "$root" && dotnet build Xmpp.Ctl -c Release -v q -nologo -nodeReuse:false -p:UseSharedCompilation=false) > "$log" 2>&1 \
    || { cat "$log" >&2; fail "the build failed"; }
  mv "$stamp.begun" "$stamp"
}

require_packages '/usr/lib/*/libssl.so.3=libssl3' '/usr/lib/*/libsqlite3.so.0=libsqlite3-0' '/usr/lib/*/libstdc++.so.6=libstdc++6'
is_built || build
[ "${1:-}" != --build ] || exit 0
# Without it the rest runs all the same.
"$root/scripts/get-web-chat.sh" || true

# Where prerequisites.sh puts it, when the system has none.
command -v dotnet > /dev/null || PATH=$HOME/.dotnet:$PATH
export XMPPCHAT_CONFIG=${XMPPCHAT_CONFIG:-$root/config/xmppchat.json}
exec dotnet "$server" "$@"
