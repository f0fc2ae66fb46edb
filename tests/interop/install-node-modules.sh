#!/bin/sh
# Installs what package-lock.json names, unless it is there already.
cd "$(dirname "$0")" || exit
cmp -s package-lock.json node_modules/.installed-lock.json && exit
npm ci --ignore-scripts --no-audit --no-fund && cp package-lock.json node_modules/.installed-lock.json
