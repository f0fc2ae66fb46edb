#!/usr/bin/env bash
# Gets Converse.js by npm into web/converse, unless this version is there already. The server serves it at /chat.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

version=14.0.0
sha512=2c5520d37d230da955e3bbc8fefc953ea60f65f2585c56ee6eaf2fd1c1437b6cd735e786124dd4a74163fd64f34fab7ee9da3e700213a32ef77808fb44d0e3d9
files=$root/web/converse

missing() {
  echo "The web chat (/chat) is not there: $*" >&2
  exit 1
}

[ "$(cat "$files/VERSION" 2> /dev/null)" != "$version" ] || exit 0
command -v npm > /dev/null || missing "it is got by npm, which is not installed (apt-get install npm, then ./run.sh again)."

echo "Getting Converse.js $version for the web chat ..." >&2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Whoever is offline doesn't wait long for the server to start.
(cd "$work" && timeout 120 npm pack "converse.js@$version" --fetch-retries=1 --fetch-retry-mintimeout=1000 --loglevel=error) \
  > "$work/npm.log" 2>&1 || missing "npm could not get converse.js@$version: $(tail -n 1 "$work/npm.log")"
package=$work/converse.js-$version.tgz
echo "$sha512  $package" | sha512sum --check --status || missing "what npm got as converse.js@$version is something else."

# Of the package, what browsers need. Into its place at once: the server may be running.
mkdir "$work/files"
tar -xzf "$package" -C "$work/files" --strip-components=2 --exclude='*.map' package/dist
tar -xzf "$package" -C "$work/files" --strip-components=1 package/LICENSE
echo "$version" > "$work/files/VERSION"
mkdir -p "$root/web"
rm -rf "$files.new"
cp -r "$work/files" "$files.new"
rm -rf "$files"
mv "$files.new" "$files"
