#!/usr/bin/env bash
# The engines that run exported rules, into a folder: tests/conformance/install.sh FOLDER, then export CALIBRATE_ENGINES=FOLDER.
# Debian's packages are installed where they are not there, which needs root. Nothing here is a part of the package.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "${1:?folder to install into}"
folder=$(cd "$1" && pwd)

packages=()
command -v soffice >/dev/null || packages+=(libreoffice-calc-nogui)
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || packages+=(postgresql)
command -v java >/dev/null || packages+=(default-jre-headless)
command -v node >/dev/null || packages+=(nodejs)
command -v npm >/dev/null || packages+=(npm)
if [ ${#packages[@]} -gt 0 ]; then
  apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${packages[@]}"
fi

for name in python spark; do
  python3 -m venv "$folder/$name"
  "$folder/$name/bin/pip" install --requirement "$here/environments/$name.txt"
done

mkdir -p "$folder/node"
cp "$here"/environments/node/package*.json "$folder/node/"
# Not `npm ci`: it wants the engines of other operating systems in the lock file.
(cd "$folder/node" && npm install --no-save --no-audit --no-fund)
