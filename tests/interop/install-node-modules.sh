#!/bin/sh
# Installs what the package-lock.json of a directory (this one) names, unless it is there already.
cd "${1:-$(dirname "$0")}" || exit
cmp -s package-lock.json node_modules/.installed-lock.json && exit
npm ci --ignore-scripts --no-audit --no-fund && cp package-lock.json node_modules/.installed-lock.json
