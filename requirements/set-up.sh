#!/bin/sh
# Makes .venv what requirements/ and pyproject.toml ask for: `make setup`, and so every other target. Where it is so already,
# that is seen at once.
#
# A finished environment says in .venv/.ready what it was made for. Without that, or for another folder, Python or hardware, it
# is made anew: console scripts hold absolute paths, and what an interrupt left half-way cannot be told from what is whole.
# If only the packages asked for have changed, it is brought up to date, and what is no longer listed goes.
set -eu
CDPATH='' cd -- "$(dirname -- "$0")/.."

ready=.venv/.ready
# The build of vLLM: as asked for, or as it is; for CPUs in a new .venv, since the quickstart is made for them.
[ -n "${HARDWARE:-}" ] || HARDWARE=$(sed -n '1s/.*, \([cg]pu\), Python .*/\1/p' $ready 2>/dev/null || true)
HARDWARE=${HARDWARE:-cpu}
closure=requirements/$HARDWARE.txt

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

accepted=$(sed -n 's/^requires-python = "\(.*\)"$/\1/p' pyproject.toml)
[ -f "$closure" ] || fail "HARDWARE=$HARDWARE is not known; it is cpu or gpu"

version_of() { "$1" -c 'import sys; print("Python %d.%d" % sys.version_info[:2])' 2>/dev/null || echo "no Python"; }

fits() {
  "$1" -c '
import re, sys
low, high = [tuple(map(int, found)) for found in re.findall(r"(\d+)\.(\d+)", sys.argv[1])]
sys.exit(not low <= sys.version_info[:2] < high)' "$accepted" 2>/dev/null
}

made_for() { echo "$(pwd -P), $HARDWARE, $(version_of .venv/bin/python)"; }
packages() { echo "packages $(cksum <"$closure")"; }
project() { echo "project $(cksum <pyproject.toml)"; }
says() { grep -qxF -e "$1" $ready 2>/dev/null; }

is_usable() {
  says "$(made_for)" && fits .venv/bin/python &&
    { [ -z "${PYTHON:-}" ] || [ "$(version_of "$PYTHON")" = "$(version_of .venv/bin/python)" ]; }
}

is_ready() { is_usable && says "$(packages)" && says "$(project)"; }

# The Python to make the environment from, by the path of the file itself: the one on PATH may be .venv's own.
base_python() {
  if [ -n "${PYTHON:-}" ]; then set -- "$PYTHON"; else set -- python3.11 python3.12 python3; fi
  for candidate; do
    if fits "$candidate"; then
      "$candidate" -c 'import os, sys; print(os.path.realpath(sys._base_executable))'
      return
    fi
  done
  [ -n "${PYTHON:-}" ] && fail "affectree needs Python $accepted; PYTHON=$PYTHON is $(version_of "$PYTHON")"
  fail "affectree needs Python $accepted; none of $* is that. Install one, or name it: make setup PYTHON=/path/to/python3.11"
}

# uv of this machine, if there is one outside of .venv.
machine_uv() {
  found=$(command -v uv) || return 1
  case $found in "$(pwd)"/.venv/* | "$(pwd -P)"/.venv/*) return 1 ;; esac
  uv --version >/dev/null 2>&1
}

make_anew() {
  python=$(base_python)
  machine_uv || "$python" -c 'import venv, ensurepip' 2>/dev/null ||
    fail "$python cannot make environments: install its venv module (Debian, Ubuntu: apt install $(basename "$python")-venv), or install uv"
  if [ -e .venv ]; then
    if [ -f $ready ]; then say "making .venv anew: it was made for $(head -n 1 $ready)"; else say "making .venv anew: it is not finished"; fi
    rm -f $ready
    find .venv/ -mindepth 1 -delete # not the folder itself, which may be a link to a larger disk
  fi
  if machine_uv; then
    uv venv -q --allow-existing --python "$python" .venv
  else
    "$python" -m venv .venv
    .venv/bin/python -m pip install -q --no-deps "$(grep '^uv==' "$closure")"
  fi
}

install_packages() {
  say "installing $(grep -c == "$closure") packages from $closure; the first time that takes minutes"
  if [ -t 2 ]; then quiet=; else quiet=-q; fi
  $uv pip sync $quiet --python .venv/bin/python --compile-bytecode "$closure"
}

is_ready && exit
if command -v flock >/dev/null; then # one at a time
  exec 9<requirements/set-up.sh
  flock -n 9 || { say "waiting for another set-up of this folder"; flock 9 || true; }
  is_ready && exit
fi

# uv does not read pip's settings; the one that decides whether anything is found at all is passed on
if [ -n "${PIP_INDEX_URL:-}" ] && [ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ]; then export UV_DEFAULT_INDEX="$PIP_INDEX_URL"; fi

is_usable || make_anew
says "$(packages)" && complete=yes || complete=no
rm -f $ready # until all is done
uv=.venv/bin/uv
[ -x $uv ] || uv=uv
[ $complete = yes ] || install_packages
$uv pip install -q --python .venv/bin/python --no-deps --no-build-isolation -e .
{ made_for; packages; project; } >$ready.new
mv $ready.new $ready
command -v "${CXX:-g++}" >/dev/null || say "warning: no C++ compiler (g++) found; what a run then does without: .venv/bin/affectree doctor"
