#!/bin/sh
# Installs wheeltapper from this folder, without internet. Usage: ./install.sh [FOLDER], /opt/wheeltapper unless said.
# Each version gets a folder of its own and `current` points to one: going back is pointing to the one before.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=${1:-/opt/wheeltapper}
python=${PYTHON:-python3}
name=$(basename "$here")

# The wheels hold machine code for one minor version of Python: pip's own words for that are hard to read.
wanted=$(printf '%s' "$name" | sed 's/.*-py\([0-9]\)\([0-9]*\)$/\1.\2/')
found=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
if [ "$found" != "$wanted" ]; then
    echo "found Python $found; this bundle wants $wanted: PYTHON=/usr/bin/python$wanted $0" >&2
    exit 1
fi
"$python" "$here/verify.py"

venv="$root/$name/.venv"
if [ -e "$venv" ]; then
    echo "$venv is there already; remove $root/$name to install it again" >&2
    exit 1
fi
mkdir -p "$root/$name"
"$python" -m venv "$venv"
install="$venv/bin/python -m pip install --quiet --disable-pip-version-check --no-index --find-links $here/wheels"
$install --require-hashes -r "$here/requirements.txt"
$install --no-deps "$here"/wheels/wheeltapper-*.whl
cp -R "$here/docs" "$here/config" "$here/deploy" "$here/licences" "$here/LICENSE" "$here/NOTICE" "$root/$name/"
"$venv/bin/wheeltapper" --version
ln -sfn "$name" "$root/current"
echo "installed: $root/current/.venv/bin/wheeltapper"
echo "try it, with no microphone and no PLC:  $root/current/.venv/bin/wheeltapper demo --seconds 30"
