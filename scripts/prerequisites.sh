# What the scripts of this repository need on a Debian machine, got or named. To be sourced.
#
# As root, missing packages are installed. Without root the command that an administrator would run is printed, and the
# script fails. The .NET SDK goes to ~/.dotnet, which needs no root.

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
prerequisites_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

fail() {
  echo "$(basename "$0"): $*" >&2
  exit 1
}

# require_packages PACKAGE|COMMAND=PACKAGE|FILE=PACKAGE ...
# A package is missing when it isn't installed, or when the command or the file (a path, "*" allowed) that it is wanted
# for isn't there: who has Node.js from elsewhere doesn't need Debian's.
require_packages() {
  local item missing=()
  for item in "$@"; do
    case $item in
      /*=*) compgen -G "${item%%=*}" > /dev/null ;;
      *=*) command -v "${item%%=*}" > /dev/null ;;
      *) dpkg-query -W -f '${Status}' "$item" 2> /dev/null | grep -q 'install ok installed' ;;
    esac || missing+=("${item##*=}")
  done
  [ ${#missing[@]} -eq 0 ] && return

  local install="apt-get install -y --no-install-recommends ${missing[*]}"
  command -v apt-get > /dev/null || fail "please install: ${missing[*]}"
  [ "$(id -u)" = 0 ] || fail "packages are missing. Run: sudo $install"
  echo "Installing ${missing[*]} ..."
  local log lock
  log=$(mktemp)
  # Other scripts of these may be installing something at the same time.
  exec {lock}> "${TMPDIR:-/tmp}/xmppchat-packages.lock"
  flock "$lock"
  # The package lists of a fresh machine are empty or old.
  if ! { without_services $install || { apt-get update && without_services $install; }; } > "$log" 2>&1; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    fail "this failed: $install"
  fi
  exec {lock}>&-
  rm -f "$log"
}

# without_services COMMAND...: Debian would start the services that it installs; nobody has asked for them.
without_services() {
  local policy=/usr/sbin/policy-rc.d made_policy= status=0
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' > $policy
    chmod +x $policy
    made_policy=1
  fi
  DEBIAN_FRONTEND=noninteractive "$@" || status=$?
  [ -z "$made_policy" ] || rm -f $policy
  return $status
}

# Puts an SDK that satisfies global.json on the PATH.
require_dotnet() {
  has_dotnet && return
  export PATH=$HOME/.dotnet:$PATH DOTNET_ROOT=$HOME/.dotnet
  has_dotnet && return

  local version channel install script
  version=$(sed -n 's/.*"version": *"\([0-9.]*\)".*/\1/p' "$prerequisites_root/global.json")
  channel=${version%.*}
  install="curl -fsSL https://dot.net/v1/dotnet-install.sh | bash -s -- --channel $channel --install-dir ~/.dotnet"
  require_packages curl=curl /etc/ssl/certs/ca-certificates.crt=ca-certificates
  echo "Installing the .NET SDK $channel in ~/.dotnet ..."
  script=$(mktemp)
  curl -fsSL -o "$script" https://dot.net/v1/dotnet-install.sh \
    && bash "$script" --channel "$channel" --install-dir "$HOME/.dotnet" > "$script.log" 2>&1 \
    || { tail -n 5 "$script.log" >&2 2> /dev/null; rm -f "$script" "$script.log"; fail "the .NET SDK $version or newer is missing, and this failed: $install"; }
  rm -f "$script" "$script.log"
  has_dotnet || fail "the .NET SDK that was installed doesn't start: $(cd "$prerequisites_root" && dotnet --version 2>&1 | head -n 1)"
}

has_dotnet() {
  # Without libicu .NET only starts when told to do without.
  compgen -G '/usr/lib/*/libicuuc.so.*' > /dev/null || export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
  (cd "$prerequisites_root" && dotnet --version) > /dev/null 2>&1
}
