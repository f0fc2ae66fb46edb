#!/usr/bin/env bash
# MongoDB for the tests, from Debian's packages: DocumentDB, a PostgreSQL extension, in a folder of its own, and the gateway
# beside this script, which speaks MongoDB's protocol. README.md says more.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../../scripts/prerequisites.sh"

usage() {
  cat <<'HELP'
tests/mongo-engine/engine.sh build
tests/mongo-engine/engine.sh run [--fast] [OPTION OF THE GATEWAY ...]
  build   makes the engine in ~/.cache/xmppchat, for all clones, or in $TEST_MONGO_ENGINE, unless it is there. Needs root. Two minutes.
  run     builds what is missing and starts an engine with a database of its own, which is gone when this is ended. Prints two lines:
          the directory with the engine's socket and its data/postmaster.pid, and, once it can be used, the connection string.
          An engine that is killed is started again.
  --fast  for tests that kill nothing: doesn't wait for the disk, removes nothing that has expired, lets clients ask for the primary
HELP
}

# Raised when what is built changes.
recipe=1
folder=${TEST_MONGO_ENGINE:-${XDG_CACHE_HOME:-$HOME/.cache}/xmppchat/mongo-engine-$recipe}
binaries=/usr/lib/postgresql/18/bin
gateway=$here/gateway/bin/Release/net10.0/Xmpp.MongoGateway.dll

# Behind "chroot ROOT": as the user postgres, and not longer than the process that started it.
as_postgres=(setpriv --reuid=postgres --regid=postgres --init-groups --pdeathsig QUIT
  env HOME=/var/lib/postgresql LC_ALL=C.UTF-8)

is_built() { [ "$(cat "$folder/recipe" 2> /dev/null)" = "$recipe" ]; }

build() {
  is_built && return
  [ "$(id -u)" = 0 ] || fail "the engine can only be built by root: it lives in a root directory of its own"
  require_packages debootstrap=debootstrap flock=util-linux
  mkdir -p "$(dirname "$folder")"
  # One at a time, whoever else wants the same. What was killed half way is swept away by the next.
  exec 8> "$folder.lock"
  flock 8
  is_built && return
  rm -rf "$folder".new.*
  local new=$folder.new.$$
  mkdir "$new"
  echo "Building a MongoDB for the tests in $folder ..." >&2
  # In a mount namespace of its own, which ends with it, and so do its mounts.
  if ! unshare --mount "$0" build-root "$new/root" > "$new/log" 2>&1; then
    tail -n 20 "$new/log" >&2
    rm -rf "$new"
    fail "the engine could not be built"
  fi
  echo "$recipe" > "$new/recipe"
  rm -rf "$folder"
  mv "$new" "$folder"
  exec 8>&-
}

build_root() {
  local root=$1 mirror
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' | grep -m 1 '/debian/$')
  debootstrap --variant=minbase sid "$root" "${DEBIAN_MIRROR:-$mirror}"
  printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
  chmod +x "$root/usr/sbin/policy-rc.d"
  {
    echo force-unsafe-io
    printf 'path-exclude=%s\n' '/usr/share/doc/*' '/usr/share/man/*' '/usr/share/locale/*'
  } > "$root/etc/dpkg/dpkg.cfg.d/tests"
  mkdir -p "$root/etc/postgresql-common"
  echo 'create_main_cluster = false' > "$root/etc/postgresql-common/createcluster.conf"
  cp /etc/hosts /etc/resolv.conf "$root/etc/"
  mount -t proc proc "$root/proc"
  chroot "$root" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends postgresql-18 postgresql-18-documentdb
  rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*
  make_template "$root"
  # Instances come and go in here.
  mkdir "$root/instances"
}

# The database that every instance begins with a copy of.
make_template() {
  local root=$1 data=/var/lib/postgresql/template
  chroot "$root" "${as_postgres[@]}" $binaries/initdb -D $data -U postgres -A trust --locale=C.UTF-8 -E UTF8
  cat >> "$root$data/postgresql.conf" <<'CONF'
listen_addresses = ''
unix_socket_permissions = 0700
shared_preload_libraries = 'pg_cron, pg_documentdb_core, pg_documentdb'
# The gateway does what is to be done now and then, and builds indexes at once.
cron.database_name = 'postgres'
cron.launch_active_jobs = off
max_worker_processes = 12
max_connections = 300
shared_buffers = 128MB
autovacuum_naptime = 10s
log_min_messages = fatal
CONF
  chroot "$root" "${as_postgres[@]}" $binaries/pg_ctl -D $data -w -t 60 -l $data/log -o '-k /tmp' start
  chroot "$root" "${as_postgres[@]}" $binaries/psql -X -h /tmp -U postgres -v ON_ERROR_STOP=1 -c 'CREATE EXTENSION documentdb CASCADE'
  chroot "$root" "${as_postgres[@]}" $binaries/pg_ctl -D $data -w -m fast stop
}

run() {
  local fast=
  if [ "${1:-}" = --fast ]; then
    fast='-c fsync=off -c full_page_writes=off'
    shift
  fi
  build
  require_dotnet
  # In the tests thousands of clients are opened and closed, and the time isn't the world's.
  if [ -n "$fast" ]; then set -- --monitoring poll "$@"; else set -- --ttl-seconds 60 "$@"; fi
  [ -f "$gateway" ] || dotnet build "$here/gateway" -c Release -v q -nologo >&2

  make_instance
  trap clean_up EXIT
  trap 'exit 143' TERM INT HUP
  echo "$socket"
  start_engine "$fast"
  setpriv --pdeathsig TERM dotnet "$gateway" --engine "$socket" "$@" &
  serving=$!
  watch "$fast"
}

# A copy of the template in the root, which no other instance takes for one that was left behind.
make_instance() {
  local left
  (
    flock 8
    for left in "$folder"/root/instances/*/; do
      # Whoever runs holds this lock, and so do his processes.
      [ ! -e "$left/lock" ] || ! flock -n "$left/lock" true || rm -rf "$left"
    done
  ) 8> "$folder/root/instances.lock"
  exec 8> "$folder/root/instances.lock"
  flock 8
  instance=$(mktemp -d "$folder/root/instances/XXXXXX")
  exec 9> "$instance/lock"
  flock 9
  exec 8>&-
  chown --reference="$folder/root/var/lib/postgresql/template" "$instance"
  cp -a "$folder/root/var/lib/postgresql/template" "$instance/data"
  # Links that lead nowhere are left by those that were killed.
  for socket in /tmp/xmppchat-mongo.*; do
    [ -e "$socket" ] || rm -f "$socket"
  done
  # The path of a socket is limited to 107 octets, which those of clones aren't.
  socket=$(mktemp -u /tmp/xmppchat-mongo.XXXXXX)
  ln -s "$instance" "$socket"
}

start_engine() {
  local name=/instances/${instance##*/}
  started=$SECONDS
  # shellcheck disable=SC2086
  chroot "$folder/root" "${as_postgres[@]}" $binaries/postgres -D "$name/data" -k "$name" $1 \
    -c deadlock_timeout=100ms -c "documentdb.localhost_connection_string=host=$name" >> "$instance/log" 2>&1 &
  engine=$!
}

# Until the gateway ends. An engine that was killed starts again, as a service would.
watch() {
  local ended
  while :; do
    ended=
    wait -n -p ended "$engine" "$serving" || true
    [ "$ended" = "$engine" ] || fail "the gateway has ended"
    [ $((SECONDS - started)) -gt 0 ] || failures=$((${failures:-0} + 1))
    if [ "${failures:-0}" -gt 20 ]; then
      tail -n 20 "$instance/log" >&2
      fail "the engine doesn't start"
    fi
    # The processes of the one that was killed have to be gone first.
    sleep 0.2
    start_engine "$1"
  done
}

clean_up() {
  trap - EXIT
  [ -z "${serving:-}" ] || kill "$serving" 2> /dev/null || true
  [ -z "${engine:-}" ] || kill -QUIT "$engine" 2> /dev/null || true
  wait
  rm -rf "$socket" "$instance"
}

case ${1:-} in
  build) build ;;
  build-root) build_root "$2" ;;
  run) shift; run "$@" ;;
  -h | --help) usage ;;
  *) usage >&2; exit 2 ;;
esac
